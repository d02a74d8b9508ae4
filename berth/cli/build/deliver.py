"""What a build needs, brought to the daemon, and the request: berth's way, or Docker's with one tar."""

from berth.base.errors import BerthError
from berth.cli.build.collect import all_rows, needed_rows
from berth.cli.build.request import build_args, own_body, query, registry_config, source_date_epoch
from berth.client.contexts import Counted, Unsupported, send, whole
from berth.client.tarstream import END, text_member

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from berth.cli.build.place import Place
    from berth.cli.cli import Cli
    from berth.cli.flags import Options
    from berth.client.context import Row
    from berth.client.response import Response

    Progress = Callable[[int], None]

# What only berth's daemon can do: the field of the options, and the flag.
_OWN = (
    ("secret", "--secret"), ("ssh", "--ssh"), ("build_context", "--build-context"), ("dry_run", "--dry-run"),
    ("no_cache_filter", "--no-cache-filter"), ("device", "--device"), ("gpus", "--gpus"),
    ("allow", "--allow"),
)  # fmt: skip
_IMAGE_PREFIXES = ("docker-image://", "image:")


class Delivery:
    """One build, asked for in the form that its display needs.

    Afterwards ``own`` tells whether the daemon is berth's, ``files`` how many files of ``entries`` had to be
    sent, and ``sent`` their bytes.
    """

    def __init__(
        self,
        cli: "Cli",
        options: "Options",
        place: "Place",
        *,
        secrets: "Mapping[str, bytes]",
        agents: "Mapping[str, str]",
        form: str,
    ) -> None:
        self._cli = cli
        self._options = options
        self._place = place
        self._secrets = secrets
        self._agents = agents
        self._quiet = form == "quiet"
        self._events = form in ("tty", "rawjson") or options.dry_run
        self.own = False
        self.sent = 0
        self.files = 0
        self.entries = 0

    def start(self, progress: "Progress", sent: "Progress") -> "Response":
        """Send everything and ask; ``progress`` is told the bytes so far, ``sent`` once all of them."""
        place = self._place
        if place.archive or place.url:
            return self._stock(progress, sent)
        try:
            context = self._send_context(progress)
            named = self._named(progress)
        except Unsupported:
            return self._stock(progress, sent)
        self.own = True
        sent(context.sent if place.root else len(place.dockerfile or b""))
        body = own_body(self._options, secrets=self._secrets, agents=self._agents, named=named)
        body["dockerfile"] = place.text()
        if place.root:
            body["source"] = place.root
        if place.ignore:
            body["ignore"] = place.ignore.decode("utf-8", "replace")
            body["ignore_name"] = place.ignore_name
        epoch = source_date_epoch(self._options, self._cli.env)
        if epoch is not None:
            body["source_date_epoch"] = epoch
        found = {**query(self._cli, self._options, place.name), "context": context.id}
        found["events"] = True if self._events else None
        found["q"] = True if self._quiet else None
        return self._cli.client.request("POST", "/build", found, body=body, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"X-Registry-Config": registry_config(self._cli)}

    def _send_context(self, progress: "Progress") -> "Any":
        place = self._place
        rows: list[Row] = []
        part = ""
        if place.root:
            arguments = build_args(self._cli, self._options)
            rows, part = needed_rows(self._cli.client, place, arguments)
        self.entries = sum(row[1] == "f" for row in rows)
        context = send(self._cli.client, place.root, rows, progress, part)
        self.sent, self.files = context.sent, context.files
        return context

    def _named(self, progress: "Progress") -> dict[str, str]:
        """``--build-context NAME=...``: directories are sent as contexts of their own."""
        from os.path import isdir, realpath

        found = {}
        for text in self._options.build_context:
            name, equals, value = text.partition("=")
            if not equals or not name:
                raise BerthError(f"invalid context value: {text}, expected key=value")
            if value.startswith(_IMAGE_PREFIXES):
                found[name] = "image:" + value.partition(":")[2].removeprefix("//")
            elif "://" in value or value.startswith("git@"):
                found[name] = value
            elif isdir(value):
                root = realpath(value)
                rows = all_rows(root, _read(f"{root}/.dockerignore"))
                found[name] = "context:" + send(self._cli.client, root, rows, progress).id
            else:
                raise BerthError(
                    f"failed to get build context {name}: stat {value}: no such file or directory"
                )
        return found

    def _stock(self, progress: "Progress", sent: "Progress") -> "Response":
        """``POST /build`` as any daemon knows it: the whole context as one tar."""
        berths = bool(self._place.archive and self._secrets and self._is_berth())
        for dest, flag in _OWN:
            if getattr(self._options, dest) and not (berths and dest == "secret"):
                raise BerthError(
                    f"{flag} needs berth's daemon and a context that is a directory or a Dockerfile",
                    hint="this daemon knows Docker's classic builder only"
                    if not self._place.archive
                    else None,
                )
        place = self._place
        found = query(self._cli, self._options, place.name)
        found["q"] = True if self._quiet else None
        found["events"] = True if self._events else None
        headers = {**self._headers(), "Content-Type": "application/x-tar"}
        if berths:
            headers["X-Berth-Build-Secrets"] = _secrets_header(self._secrets)
        if place.url:
            found["remote"] = place.url
            return self._checked(self._cli.client.request("POST", "/build", found, headers=headers))
        archive = self._archive(found)
        packed = self._options.compress and not place.archive
        stream = Counted(_compressed(archive) if packed else archive, progress)

        def told() -> None:
            self.sent = stream.count
            sent(stream.count)

        notice = _told(stream, told)
        answer = self._cli.client.request("POST", "/build", found, stream=notice, headers=headers)
        return self._checked(answer)

    def _is_berth(self) -> bool:
        client = self._cli.client
        client.request("HEAD", "/_ping", versioned=False).close()
        return client.server_headers.get("server", "").startswith("Berth/")

    def _checked(self, answer: "Response") -> "Response":
        """Docker's daemon passes over the wish for records."""
        self._events = self._events and "ndjson" in answer.headers.get("content-type", "")
        return answer

    @property
    def events(self) -> bool:
        """Whether the answer has records."""
        return self._events

    def _archive(self, found: "dict[str, Any]") -> "Iterator[bytes]":
        place = self._place
        if place.archive:
            return _rest(place.start, self._cli.stdin)
        text = place.dockerfile or b""
        if not place.root:
            found["dockerfile"] = "Dockerfile"
            return iter((text_member("Dockerfile", text), END))
        rows = all_rows(place.root, place.ignore)
        more = []
        have = {row[0] for row in rows}
        if place.ignore_name == ".dockerignore" and ".dockerignore" not in have:
            more.append(text_member(".dockerignore", place.ignore))
        if not place.inside:
            from os import urandom

            found["dockerfile"] = name = f".dockerfile.{urandom(10).hex()}"
            more.append(text_member(name, text, 0o600))
        elif place.name not in have:
            more.append(text_member(place.name, text))
        if place.ignore_name != ".dockerignore":
            # This daemon would apply the other ignore file once more.
            rows = [row for row in rows if row[0] != ".dockerignore"]
        return whole(place.root, rows, more)


def _secrets_header(secrets: "Mapping[str, bytes]") -> str:
    """The secrets of a build whose body is its context."""
    import base64

    from berth.wire.json import dumps

    text = dumps({name: base64.b64encode(value).decode() for name, value in secrets.items()})
    return base64.urlsafe_b64encode(text.encode()).decode()


def _rest(start: bytes, fd: int) -> "Iterator[bytes]":
    import posix

    yield start
    while piece := posix.read(fd, 64 * 1024):
        yield piece


def _compressed(pieces: "Iterator[bytes]") -> "Iterator[bytes]":
    import zlib

    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def _told(pieces: "Counted", end: "Callable[[], None]") -> "Iterator[bytes]":
    yield from pieces
    end()


def _read(path: str) -> bytes:
    from berth.cli.config import read_file

    return read_file(path) or b""
