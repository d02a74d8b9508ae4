"""Writes, rotates and reads container output."""
