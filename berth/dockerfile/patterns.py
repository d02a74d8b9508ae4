"""One path pattern: ``*``, ``?``, ``[...]`` within a component, ``**`` across components, ``\\`` protects.

As moby's pattern matcher reads them: ``**/`` is any number of directories (none, too), ``**`` at the end is
everything below, ``**name`` any path that ends so. A class never matches a slash.

Wildcards become a regular expression, built so that matching stays near linear: a star is atomic as soon as a
later one could take over what it gave up, and only one ``**`` that stands inside a name is allowed.
"""

from berth.dockerfile.errors import DockerfileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

_STAR, _ANY_DIRECTORIES, _REST = "[^/]*", "(?:.*/)?", ".*"
_LOOSE_LIMIT = 1  # of ``**`` that do not stand for whole components: each multiplies the work


def clean(path: str) -> str:
    """The shortest spelling, as Go's ``filepath.Clean``: ``.`` and needless slashes gone, ``..`` resolved."""
    rooted = path.startswith("/")
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part == ".." and rooted:
            continue
        elif part not in ("", "."):
            parts.append(part)
    return ("/" if rooted else "") + "/".join(parts) or "."


class Pattern:
    """A cleaned pattern. DockerfileError, with ``line``, when it is malformed."""

    def __init__(self, text: str, line: int = 0) -> None:
        self.text = text
        wild = min((text.find(char) for char in "*?[\\" if char in text), default=-1)
        self._exact = wild < 0
        self._below = text + "/"
        # Directories that every match has above it: the components before the first wildcard.
        self._fixed = text if wild < 0 else text[: text.rfind("/", 0, wild) + 1].rstrip("/")
        self._suffix = text[2:] if text.startswith("**") and not _wild(text[2:]) else None
        self._prefix = text[:-2] if text.endswith("/**") and not _wild(text[:-2]) else None
        self._source = "" if self._exact else _translate(text, line)
        self._compiled: re.Pattern[str] | None = None

    def matches(self, path: str) -> bool:
        """Whether ``path`` itself matches, whatever is above it."""
        if self._exact:
            return path == self.text
        if self._suffix is not None:
            if path.endswith(self._suffix):
                return True
            return self._suffix.startswith("/") and path == self._suffix[1:]
        if self._prefix is not None:
            return path.startswith(self._prefix)
        if self._compiled is None:
            import re

            self._compiled = re.compile(self._source, re.DOTALL)
        return self._compiled.fullmatch(path) is not None

    def may_match_below(self, directory: str) -> bool:
        """Whether it may match something below ``directory``: never wrong when it says no."""
        if self._exact:
            return self.text.startswith(directory + "/")
        fixed = self._fixed
        return (
            not fixed
            or (fixed + "/").startswith(directory + "/")
            or (directory + "/").startswith(fixed + "/")
        )


def _wild(text: str) -> bool:
    return any(char in text for char in "*?[\\")


def _translate(text: str, line: int) -> str:
    tokens = _tokens(text, line)
    blocks: list[list[str]] = [[]]
    for token in tokens:
        if token == _ANY_DIRECTORIES:
            blocks.append([])
        else:
            blocks[-1].append(token)
    loose = sum(1 for block in blocks[:-1] if block and block[-1] != "/")
    if loose > _LOOSE_LIMIT:
        raise DockerfileError(f"syntax error in pattern: too many ** inside names: {text}", line=line)
    out = [_block(blocks[0])]
    for index, block in enumerate(blocks[1:], start=1):
        inner = _block(block)
        if index < len(blocks) - 1 and (not block or block[-1] == "/"):
            # It ends with a component, so the next ``**`` reaches what a longer one here would.
            out.append(f"(?>(?:.*?/)??{inner})")
        else:
            out.append(_ANY_DIRECTORIES + inner)
    return "".join(out)


def _block(tokens: list[str]) -> str:
    """What stands between two ``**``: all stars but the last take the nearest match and keep it."""
    stars = [index for index, token in enumerate(tokens) if token == _STAR]
    if not stars:
        return "".join(tokens)
    out = tokens[: stars[0]]
    for star, following in zip(stars, [*stars[1:], None], strict=True):
        fixed = "".join(tokens[star + 1 : following])
        out.append(f"{_STAR}{fixed}" if following is None else f"(?>{_STAR}?{fixed})")
    return "".join(out)


def _tokens(text: str, line: int) -> list[str]:
    tokens: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "*":
            if text.startswith("*", at):
                at += 2 if text.startswith("/", at + 1) else 1
                tokens.append(_ANY_DIRECTORIES if at < len(text) else _REST)
            elif tokens[-1:] != [_STAR]:
                tokens.append(_STAR)
        elif char == "?":
            tokens.append("[^/]")
        elif char == "[":
            token, at = _character_class(text, at, line)
            tokens.append(token)
        elif char == "\\":
            if at >= len(text):
                raise _malformed(text, line)
            tokens.append(_literal(text[at]))
            at += 1
        else:
            tokens.append(_literal(char))
    return tokens


def _literal(char: str) -> str:
    return char if char.isalnum() or char in "/_-" or not char.isascii() else "\\" + char


def _character_class(text: str, at: int, line: int) -> tuple[str, int]:
    """``[a-z]`` or ``[^a-z]``, from behind the bracket; and the index behind it."""
    negated = text.startswith("^", at)
    at += negated
    ranges: list[str] = []
    while not ranges or not text.startswith("]", at):
        low, at = _class_char(text, at, line)
        high = low
        if text.startswith("-", at):
            high, at = _class_char(text, at + 1, line)
        if low > high:
            raise _malformed(text, line)
        ranges.append(f"{_in_class(low)}-{_in_class(high)}")
    return f"(?!/)[{'^' if negated else ''}{''.join(ranges)}]", at + 1


def _class_char(text: str, at: int, line: int) -> tuple[str, int]:
    char = text[at : at + 1]
    if char in ("", "-", "]"):
        raise _malformed(text, line)
    if char == "\\":
        at += 1
        char = text[at : at + 1]
        if not char:
            raise _malformed(text, line)
    return char, at + 1


def _in_class(char: str) -> str:
    return "\\" + char if char in "\\]^-[&~|" else char


def _malformed(text: str, line: int) -> DockerfileError:
    return DockerfileError(f"syntax error in pattern: {text}", line=line)
