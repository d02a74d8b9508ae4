"""Detach keys: the sequence that lets a client go without ending the process (default Ctrl-p, Ctrl-q)."""

from berth.base.errors import InvalidArgument

DEFAULT = "ctrl-p,ctrl-q"
_CONTROL = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


def parse_detach_keys(text: str) -> bytes:
    """``ctrl-a``, ``ctrl-@``, ``a`` ... joined by commas, as the bytes that they send."""
    keys = bytearray()
    for part in (text or DEFAULT).split(","):
        if len(part) == 1 and part.isascii():
            keys += part.encode()
            continue
        name = part.lower().removeprefix("ctrl-")
        if part.lower() == name or len(name) != 1:
            raise InvalidArgument(f"Invalid detach keys ({text}) provided")
        if "a" <= name <= "z":
            keys.append(ord(name) - ord("a") + 1)
        elif name in _CONTROL:
            keys.append(_CONTROL[name])
        else:
            raise InvalidArgument(f"Invalid detach keys ({text}) provided")
    return bytes(keys)


class DetachFilter:
    """Watches what a client types. The beginning of the sequence is held back until the next key tells."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._matched = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """What may go to the process, and whether the whole sequence was typed."""
        passed = bytearray()
        for value in data:
            if value == self._keys[self._matched]:
                self._matched += 1
                if self._matched == len(self._keys):
                    self._matched = 0
                    return bytes(passed), True
                continue
            passed += self._keys[: self._matched]
            self._matched = 0
            if value == self._keys[0]:
                self._matched = 1
            else:
                passed.append(value)
        return bytes(passed), False
