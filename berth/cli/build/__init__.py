"""The parts of ``berth build``: flags, contexts, displays, and what is done with the result."""
