"""A small blocking client of the engine's API."""
