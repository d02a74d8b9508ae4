"""Handlers of /volumes."""
