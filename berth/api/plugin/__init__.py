"""Handlers of /plugins."""
