"""Durable frozen records and the event log, in one SQLite file."""
