"""The image's name as the client must understand it: to refuse what is none, and to pull what is missing.

``berth.base.reference`` has the whole grammar; it stands on ``re``, which takes longer to import than a
container takes to start. The rules here are the same ones, written out.
"""

from berth.base.errors import InvalidArgument

_HEX = frozenset("0123456789abcdef")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_TAG = _WORD | frozenset("_.-")
_HUB = "docker.io"


class ImageName:
    """A name split into registry, path, tag and digest; ``tag`` and ``digest`` may be empty."""

    __slots__ = ("digest", "domain", "path", "tag")

    def __init__(self, domain: str, path: str, tag: str, digest: str) -> None:
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest

    @property
    def familiar_name(self) -> str:
        """The repository as people write it."""
        if self.domain != _HUB:
            return f"{self.domain}/{self.path}"
        short = self.path.removeprefix("library/")
        return short if "/" not in short else self.path

    @property
    def full(self) -> str:
        """The whole name with the registry, and what is given of tag and digest."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.domain}/{self.path}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def familiar(self) -> str:
        """The familiar name with its tag (``latest`` when there is neither tag nor digest) and digest."""
        tag = self.tag or ("" if self.digest else "latest")
        return self.familiar_name + (f":{tag}" if tag else "") + (f"@{self.digest}" if self.digest else "")


def parse_image(text: str) -> ImageName | None:
    """The name, or None for an image's full id. InvalidArgument in Docker's words for anything else."""
    if _is_hex(text, 64) or _is_digest(text):
        return None
    domain, remainder = _split_domain(text)
    name, at, digest = remainder.partition("@")
    colon = name.find(":")
    path, tag = (name, "") if colon < 0 else (name[:colon], name[colon + 1 :])
    if path.lower() != path:
        raise InvalidArgument(f"invalid reference format: repository name ({path}) must be lowercase")
    good_tag = colon < 0 or (0 < len(tag) <= 128 and tag[0] not in ".-" and _TAG.issuperset(tag))
    good_path = all(_is_component(part) for part in path.split("/"))
    if not (good_tag and good_path and _is_domain(domain) and (not at or _is_digest(digest))):
        raise InvalidArgument("invalid reference format")
    if len(path) > 255:
        raise InvalidArgument("repository name must not be more than 255 characters")
    return ImageName(domain, path, tag, digest)


def _split_domain(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    named = "." in first or ":" in first or first == "localhost" or first.lower() != first
    domain, remainder = (first, rest) if slash and named else (_HUB, text)
    if domain == "index.docker.io":
        domain = _HUB
    if domain == _HUB and "/" not in remainder:
        remainder = f"library/{remainder}"
    return domain, remainder


def _is_component(text: str) -> bool:
    """Runs of lower-case letters and digits, joined by one dot, one or two underscores, or any dashes."""
    if not text or text[0] not in _LOWER or text[-1] not in _LOWER:
        return False
    separator = ""
    for char in text:
        if char in _LOWER:
            if separator not in ("", ".", "_", "__") and separator.strip("-"):
                return False
            separator = ""
        elif char in "._-":
            separator += char
        else:
            return False
    return True


def _is_domain(text: str) -> bool:
    host, colon, port = text.rpartition(":") if text[-1:].isdigit() and ":" in text else (text, "", "")
    if colon and not (port.isascii() and port.isdigit()):
        return False
    if host.startswith("["):
        return host.endswith("]") and len(host) > 2 and not host[1:-1].strip("0123456789abcdefABCDEF:")
    return all(
        part and _WORD.issuperset(part.replace("-", "")) and part[0] != "-" and part[-1] != "-"
        for part in host.split(".")
    )


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and _HEX.issuperset(text)


def _is_digest(text: str) -> bool:
    algorithm, _, value = text.partition(":")
    lengths = {"sha256": 64, "sha384": 96, "sha512": 128}
    return algorithm in lengths and _is_hex(value, lengths[algorithm])
