"""Image names as tables show them. On the start path: plain string work, no regular expressions."""

_HUB = "docker.io/"
_OFFICIAL = "library/"


def split_reference(text: str) -> tuple[str, str, str]:
    """Name, tag and digest of a reference, each empty when absent; the name in its familiar form."""
    name, _, digest = text.partition("@")
    tag = ""
    colon = name.rfind(":")
    if colon > name.rfind("/"):
        name, tag = name[:colon], name[colon + 1 :]
    return familiar(name), tag, digest


def familiar(name: str) -> str:
    """``ubuntu`` for ``docker.io/library/ubuntu``."""
    if name.startswith((_HUB, "index." + _HUB)):
        name = name.removeprefix("index.").removeprefix(_HUB)
    rest = name.removeprefix(_OFFICIAL)
    return rest if "/" not in rest else name
