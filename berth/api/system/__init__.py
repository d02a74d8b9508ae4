"""Handlers of the engine as a whole."""
