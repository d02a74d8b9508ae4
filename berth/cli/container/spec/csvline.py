"""One record of comma-separated values, as ``--mount``, ``--network`` and ``--gpus`` take them.

RFC 4180 with the words of Go's encoding/csv for what is malformed.
"""

from berth.base.errors import InvalidArgument


def split_record(text: str) -> list[str]:
    """The fields of the first record in ``text``."""
    if not text:
        raise InvalidArgument("EOF")
    fields: list[str] = []
    at = 0
    while True:
        if text[at : at + 1] == '"':
            field, at = _quoted(text, at)
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            field = text[at:end]
            if '"' in field:
                column = at + field.index('"') + 1
                raise InvalidArgument(f'parse error on line 1, column {column}: bare " in non-quoted-field')
            at = end
        fields.append(field)
        if at >= len(text):
            return fields
        at += 1


def _quoted(text: str, at: int) -> tuple[str, int]:
    """The quoted field at ``at`` and the position behind it."""
    out = ""
    start = at + 1
    while True:
        end = text.find('"', start)
        if end < 0:
            raise _malformed(len(text) + 1)
        out += text[start:end]
        follower = text[end + 1 : end + 2]
        if follower == '"':
            out += '"'
            start = end + 2
        elif follower in (",", ""):
            return out, end + 1
        else:
            raise _malformed(end + 1)


def _malformed(column: int) -> InvalidArgument:
    text = f'parse error on line 1, column {column}: extraneous or missing " in quoted-field'
    return InvalidArgument(text)
