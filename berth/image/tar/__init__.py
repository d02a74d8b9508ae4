"""Reading tar streams that nobody vouches for, and writing ones that every tool reads."""
