"""Which names a volume may have, in Docker's words (RestrictedNamePattern, at least two characters)."""

import re

from berth.base.errors import InvalidArgument

_CHARS = "[a-zA-Z0-9][a-zA-Z0-9_.-]"
_NAME = re.compile(_CHARS + "+")
_ANONYMOUS = re.compile("[0-9a-f]{64}")


def check_volume_name(name: str) -> None:
    """Raise InvalidArgument unless ``name`` may be given to a volume of the local driver."""
    if _NAME.fullmatch(name):
        return
    if len(name) == 1:
        raise InvalidArgument(
            f"create {name}: volume name is too short, names should be at least two alphanumeric characters"
        )
    raise InvalidArgument(
        f'create {name}: "{name}" includes invalid characters for a local volume name, only "{_CHARS}" are '
        "allowed. If you intended to pass a host directory, use absolute path"
    )


def looks_anonymous(name: str) -> bool:
    """Whether ``name`` has the form that volumes get when nobody names them."""
    return _ANONYMOUS.fullmatch(name) is not None
