"""Handlers of /networks."""
