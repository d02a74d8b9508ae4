"""The Docker Engine API: parse, call one verb, shape JSON."""
