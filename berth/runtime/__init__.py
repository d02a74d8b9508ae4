"""Turns a spec and a root file system into a process through an OCI runtime, and watches it."""
