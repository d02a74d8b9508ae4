"""The configuration of an image (OCI image-spec, config.md; Docker image spec v1.2 and its extensions).

Only what the engine acts on is typed. The identity of an image is the digest of the configuration's bytes,
so those bytes are kept as they came and unknown fields live on in them.
"""

import datetime
import functools
from typing import Any

import msgspec

from berth.base.digest import Digest, parse_digest
from berth.base.errors import InvalidArgument

Words = tuple[str, ...]


def _pascal(attribute: str) -> str:
    return "".join(part.capitalize() for part in attribute.split("_"))


class ImageHealth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=_pascal):
    """A probe that the image brings along. Durations are nanoseconds, 0 means Docker's default."""

    test: Words = ()
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class ImageSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=_pascal):
    """What a container of the image gets unless its creator says otherwise.

    None is Go's nil. ``exposed_ports`` has keys like ``80/tcp`` and ``volumes`` container paths, both
    with empty objects as values.
    """

    user: str | None = None
    exposed_ports: dict[str, Any] | None = None
    env: Words | None = None
    entrypoint: Words | None = None
    cmd: Words | None = None
    volumes: dict[str, Any] | None = None
    working_dir: str | None = None
    labels: dict[str, str] | None = None
    stop_signal: str | None = None
    healthcheck: ImageHealth | None = None
    shell: Words | None = None
    on_build: Words | None = None
    args_escaped: bool = False


class RootFs(msgspec.Struct, frozen=True, kw_only=True):
    """Digests of the uncompressed layer archives, the base first."""

    type: str = "layers"
    diff_ids: tuple[str, ...] | None = None


class HistoryItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one layer, or one step without a layer (``empty_layer``), came about."""

    created: str | None = None
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


class ImageConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole configuration. ``created`` is RFC 3339."""

    architecture: str = ""
    variant: str = ""
    os: str = ""
    os_version: str = msgspec.field(default="", name="os.version")
    created: str | None = None
    author: str = ""
    comment: str = ""
    docker_version: str = ""
    config: ImageSettings = msgspec.field(default_factory=ImageSettings)
    rootfs: RootFs = msgspec.field(default_factory=RootFs)
    history: tuple[HistoryItem, ...] | None = None

    @property
    def diff_ids(self) -> tuple[Digest, ...]:
        """The layers, the base first."""
        return tuple(Digest(text) for text in self.rootfs.diff_ids or ())

    @property
    def created_ns(self) -> int:
        """Nanoseconds since the epoch; 0 when it is not said."""
        return parse_time(self.created or "")


class _Nullable(msgspec.Struct):
    """For a configuration whose ``config`` is null, which Go reads as empty."""

    config: Any = None


@functools.lru_cache(maxsize=4096)  # lists sort by it, again and again
def parse_time(text: str) -> int:
    """RFC 3339 with up to nine digits of fraction to nanoseconds; 0 for anything else, Go's zero time too."""
    head, dot, tail = text.partition(".")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))] if dot else ""
    try:
        moment = datetime.datetime.fromisoformat(head + tail[len(digits) :] if dot else text)
    except ValueError:
        return 0
    if moment.tzinfo is None or moment.year < 1970:
        return 0
    whole = int((moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)).total_seconds())
    return whole * 10**9 + int((digits + "0" * 9)[:9])


def format_time(time_ns: int) -> str:
    """RFC 3339 with nanoseconds, as Go prints it (no trailing zeros in the fraction)."""
    seconds, fraction = divmod(time_ns, 10**9)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{moment}{digits}Z"


def decode_config(data: bytes) -> ImageConfig:
    """Read a configuration; InvalidArgument when it is none."""
    try:
        if msgspec.json.decode(data, type=_Nullable).config is None:
            document = msgspec.json.decode(data)
            document.pop("config", None)
            config = msgspec.convert(document, ImageConfig)
        else:
            config = msgspec.json.decode(data, type=ImageConfig)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"invalid image configuration: {error}") from None
    for diff_id in config.diff_ids:
        parse_digest(diff_id)
    return config


def encode_config(config: ImageConfig) -> bytes:
    """The bytes of a configuration made here; their digest is the new image's id."""
    return msgspec.json.encode(config, order="deterministic")
