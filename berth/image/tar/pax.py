"""Extended headers of the pax format (POSIX.1-2008, "pax Header Block" and "pax Extended Header")."""

from berth.image.tar.entry import TarError

_XATTR = "SCHILY.xattr."
_NANOSECOND_DIGITS = 9


class PaxRecords:
    """The records of one extended header.

    ``values`` has the last value of each key (empty means "forget the ustar field"); ``sparse`` the
    offsets and lengths of the repeated keys of GNU's sparse format 0.0, in order.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.xattrs: dict[str, bytes] = {}
        self.sparse: list[int] = []

    def number(self, key: str, default: int) -> int:
        """The decimal value of ``key``; ``default`` when it is absent."""
        text = self.values.get(key)
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 20:
            raise TarError(f"invalid tar header: pax record {key} is not a number")
        return int(text)

    def time_ns(self, key: str, default: int) -> int:
        """A time in decimal seconds, as nanoseconds since the epoch."""
        text = self.values.get(key)
        if not text:
            return default
        sign = -1 if text.startswith("-") else 1
        whole, _, fraction = text.lstrip("-").partition(".")
        digits = (fraction + "0" * _NANOSECOND_DIGITS)[:_NANOSECOND_DIGITS]
        if not (whole + digits).isdigit() or not text.isascii() or len(whole) > 18:
            raise TarError(f"invalid tar header: pax record {key} is not a time")
        return sign * (int(whole or "0") * 10**9 + int(digits))


def parse_pax(data: bytes) -> PaxRecords:
    """Decode ``LENGTH KEY=VALUE\\n`` records; TarError when they do not add up."""
    records = PaxRecords()
    at = 0
    while at < len(data):
        if data[at] == 0:
            break  # padding that some writers count as content
        space = data.find(b" ", at, at + 20)
        digits = data[at:space] if space > 0 else b""
        if not digits.isdigit():
            raise TarError("invalid tar header: broken pax record")
        end = at + int(digits)
        equals = data.find(b"=", space, end)
        if end > len(data) or end <= space or equals < 0 or data[end - 1] != 0x0A:
            raise TarError("invalid tar header: broken pax record")
        key = data[space + 1 : equals].decode("utf-8", "surrogateescape")
        _store(records, key, data[equals + 1 : end - 1])
        at = end
    return records


def _store(records: PaxRecords, key: str, value: bytes) -> None:
    if key.startswith(_XATTR):
        records.xattrs[key[len(_XATTR) :]] = value
        return
    text = value.decode("utf-8", "surrogateescape")
    if key in ("path", "linkpath") and "\0" in text:
        raise TarError(f"invalid tar header: NUL in pax record {key}")
    if key in ("GNU.sparse.offset", "GNU.sparse.numbytes"):
        if not text.isdigit():
            raise TarError("invalid tar header: broken sparse map")
        records.sparse.append(int(text))
    records.values[key] = text
