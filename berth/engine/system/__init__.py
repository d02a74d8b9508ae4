"""Verbs of the engine as a whole."""
