"""Verbs of builds."""
