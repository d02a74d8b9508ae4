"""Where this machine gets its packages from, so that a base image is made from the same mirror."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_UBUNTU = frozenset(
    [
        "trusty",
        "xenial",
        "bionic",
        "focal",
        "jammy",
        "mantic",
        "noble",
        "oracular",
        "plucky",
        "questing",
        "resolute",
        "devel",
    ]
)
_DEFAULT_MIRRORS = {"debian": "http://deb.debian.org/debian", "ubuntu": "http://archive.ubuntu.com/ubuntu"}
_COMPONENTS = {"debian": "main", "ubuntu": "main universe"}


class Source(NamedTuple):
    """One line of sources.list(5)."""

    uri: str
    suite: str
    components: str

    def line(self) -> str:
        """In one-line style."""
        return f"deb {self.uri} {self.suite} {self.components}"


def distribution_of(suite: str) -> str:
    """``ubuntu`` or ``debian``."""
    return "ubuntu" if suite in _UBUNTU else "debian"


def os_release(text: str) -> dict[str, str]:
    """The pairs of os-release(5)."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}


def parse_one_line(text: str) -> Iterator[Source]:
    """``deb [options] uri suite component...`` lines."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words or words[0] != "deb":
            continue
        if words[1].startswith("["):
            end = next((i for i, word in enumerate(words) if word.endswith("]")), len(words))
            words = ["deb", *words[end + 1 :]]
        if len(words) >= 4:
            yield Source(words[1].rstrip("/"), words[2], " ".join(words[3:]))


def parse_deb822(text: str) -> Iterator[Source]:
    """Stanzas of ``Types``, ``URIs``, ``Suites``, ``Components``."""
    for stanza in text.split("\n\n"):
        lines = (line for line in stanza.splitlines() if not line.startswith("#"))
        pairs = (line.partition(":") for line in lines if ":" in line and not line[0].isspace())
        fields = {key.lower(): value.split() for key, _, value in pairs}
        if "deb" not in fields.get("types", ()) or fields.get("enabled") == ["no"]:
            continue
        for uri in fields.get("uris", ()):
            for suite in fields.get("suites", ()):
                if fields.get("components"):
                    yield Source(uri.rstrip("/"), suite, " ".join(fields["components"]))


def read_sources(directory: Path) -> list[Source]:
    """What is configured below ``/etc/apt``."""
    found: list[Source] = []
    for path in (directory / "sources.list", *sorted((directory / "sources.list.d").glob("*"))):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        found += parse_deb822(text) if path.suffix == ".sources" else parse_one_line(text)
    return found


def sources_for(suite: str, host: Mapping[str, str], configured: list[Source]) -> list[Source]:
    """Which sources a new image of ``suite`` is made from.

    For this machine's own release: its configured ones, updates and security included. For another
    release of the same distribution: its mirror. Else the distribution's public mirror.
    """
    distribution = distribution_of(suite)
    wanted = (suite, f"{suite}-updates", f"{suite}-security", f"{suite}/updates")
    components = _COMPONENTS[distribution]
    own = [s for s in configured if s.suite in wanted and "main" in s.components.split()]
    if any(source.suite == suite for source in own):
        return [source._replace(components=components) for source in dict.fromkeys(own)]
    mirror = _DEFAULT_MIRRORS[distribution]
    if host.get("ID") == distribution:
        codename = host.get("VERSION_CODENAME", "")
        mirror = next((s.uri for s in configured if s.suite == codename), mirror)
    return [Source(mirror, suite, components)]
