"""The version of this client."""

from berth import __version__


def version_line(program: str) -> str:
    """What ``--version`` prints."""
    name = "Docker" if program == "docker" else "Berth"
    return f"{name} version {__version__}, build berth"
