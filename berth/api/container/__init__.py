"""Handlers of /containers."""
