"""Image names (distribution/reference): parsing, normalising to Docker Hub, and the familiar form.

``ubuntu`` means ``docker.io/library/ubuntu:latest``. The texts of the errors are Docker's.
"""

import re
from typing import NamedTuple, Self

from berth.base.digest import Digest, parse_digest
from berth.base.errors import InvalidArgument

DEFAULT_DOMAIN = "docker.io"
_OFFICIAL = "library/"
_LEGACY_DOMAIN = "index.docker.io"
_NAME_LIMIT = 255

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_DOMAIN_RE = re.compile(_DOMAIN)
_TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_ID = re.compile(r"[a-f0-9]{64}")


class ImageRef(NamedTuple):
    """A normalised name: ``domain`` and ``path`` always, ``tag`` and ``digest`` when given."""

    domain: str
    path: str
    tag: str | None = None
    digest: Digest | None = None

    @property
    def repository(self) -> str:
        """The full name without tag or digest: ``docker.io/library/ubuntu``."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The name as people type it: ``ubuntu``, ``user/app``, ``host:5000/app``."""
        if self.domain != DEFAULT_DOMAIN:
            return self.repository
        path = self.path
        return path[len(_OFFICIAL) :] if path.startswith(_OFFICIAL) and path.count("/") == 1 else path

    @property
    def familiar(self) -> str:
        """The familiar name with tag and digest, where given."""
        return self.familiar_name + self.suffix

    @property
    def suffix(self) -> str:
        """``:tag`` and ``@digest``, where given."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{tag}@{self.digest}" if self.digest else tag

    def with_default_tag(self) -> Self:
        """This name with ``latest`` when it has neither tag nor digest."""
        return self if self.tag or self.digest else self._replace(tag="latest")

    def __str__(self) -> str:
        return self.repository + self.suffix


def parse_reference(text: str) -> ImageRef:
    """Parse and normalise what a person typed; InvalidArgument with Docker's text when it is no name."""
    if _ID.fullmatch(text):
        raise InvalidArgument(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    name, at, digest_text = text.partition("@")
    domain, remainder = _split_domain(name)
    tag: str | None = None
    slash, colon = remainder.rfind("/"), remainder.rfind(":")
    if colon > slash:
        remainder, tag = remainder[:colon], remainder[colon + 1 :]
    if remainder.lower() != remainder:
        raise InvalidArgument(
            f"invalid reference format: repository name ({remainder}) must be lowercase",
            hint=f"try {text.lower()}",
        )
    if not _PATH.fullmatch(remainder) or not _DOMAIN_RE.fullmatch(domain):
        raise InvalidArgument("invalid reference format")
    if tag is not None and not _TAG.fullmatch(tag):
        raise InvalidArgument("invalid reference format")
    if len(remainder) > _NAME_LIMIT:
        raise InvalidArgument("repository name must not be more than 255 characters")
    digest: Digest | None = None
    if at:
        try:
            digest = parse_digest(digest_text)
        except InvalidArgument:
            raise InvalidArgument("invalid reference format") from None
    return ImageRef(domain, remainder, tag, digest)


def _split_domain(name: str) -> tuple[str, str]:
    """Decide whether the first component is a registry: it has a dot or a port, or is ``localhost``."""
    first, slash, rest = name.partition("/")
    is_domain = "." in first or ":" in first or first == "localhost"
    if not slash or not is_domain:
        domain, remainder = DEFAULT_DOMAIN, name
    else:
        domain, remainder = first, rest
    if domain == _LEGACY_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in remainder:
        remainder = _OFFICIAL + remainder
    return domain, remainder
