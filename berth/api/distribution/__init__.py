"""``/distribution``."""
