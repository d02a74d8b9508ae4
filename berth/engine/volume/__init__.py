"""Verbs of volumes."""
