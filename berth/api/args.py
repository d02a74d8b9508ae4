"""Arguments that several endpoints share."""

from berth.base.errors import InvalidArgument
from berth.base.reference import ImageRef, parse_reference

_SECOND_NS = 1_000_000_000
_NANO_DIGITS = 9


def unix_time(text: str, name: str) -> int | None:
    """``1700000000`` or ``1700000000.123`` as nanoseconds; None when empty, InvalidArgument when it is
    neither. ``name`` is the argument's."""
    if not text:
        return None
    whole, _, fraction = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    digits = whole.removeprefix("-")
    if not _is_number(digits) or (fraction and not _is_number(fraction)):
        raise InvalidArgument(
            f'invalid value for "{name}": failed to parse value as time or duration: "{text}"'
        )
    nanoseconds = int((fraction[:_NANO_DIGITS] or "0").ljust(_NANO_DIGITS, "0"))
    return sign * (int(digits) * _SECOND_NS + nanoseconds)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def repo_tag(repo: str, tag: str) -> ImageRef | None:
    """The reference that ``repo`` and ``tag`` make; None without a repo. ``latest`` when no tag is given."""
    if not repo:
        return None
    ref = parse_reference(repo)
    if ref.digest:
        raise InvalidArgument("cannot import digest reference")
    if tag:
        return parse_reference(f"{ref.repository}:{tag}")
    return ref.with_default_tag()
