"""Handlers of /images."""
