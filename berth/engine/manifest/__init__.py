"""Manifests and lists of them in registries, as ``manifest`` reads and writes them without any image here."""
