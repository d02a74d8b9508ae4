"""Containers: one file per verb, and the state that they share (record, lifecycle, cell, registry)."""
