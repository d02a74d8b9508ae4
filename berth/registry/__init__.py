"""Registries of images: names to endpoints, who may, and the distribution protocol over HTTP."""
