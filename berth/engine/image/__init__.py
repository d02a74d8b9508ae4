"""Verbs of images."""
