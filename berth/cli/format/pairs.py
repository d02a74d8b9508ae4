"""``key=value`` words of flags."""


def as_map(pairs: "list[str]") -> dict[str, str]:
    """The pairs as a mapping; a word without ``=`` has an empty value, a later one wins."""
    found: dict[str, str] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        found[key] = value
    return found
