"""berth: a container engine that speaks Docker's API and commands.

The rooms, and the one-way imports between them, are described in ARCHITECTURE.md.
"""

__version__ = "0.1.0"
