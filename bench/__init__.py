"""How fast and how big: berth beside the engines found on this machine, in one interleaved run.

Nothing here asserts anything; it prints a table and writes the samples as JSON: ``python -m bench --help``.
"""
