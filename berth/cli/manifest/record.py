"""One manifest of a list in the making: as it is kept on disk, and as ``inspect`` shows it.

The form is Docker's, whose client can go on with what this one began, and the other way round.
"""

import base64

from berth.base.errors import BerthError
from berth.cli.format.gojson import compact_raw, encode_text, indent_raw
from berth.wire.json import loads

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from berth.cli.container.spec.image import ImageName

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_FIELDS = ("architecture", "os", "os.version", "os.features", "variant")
_ALWAYS = ("architecture", "os")


class Record:
    """``ref`` is the manifest's full name, ``descriptor`` OCI's, ``raw`` the registry's document."""

    __slots__ = ("descriptor", "raw", "ref")

    def __init__(self, ref: str, descriptor: "dict[str, Any]", raw: bytes) -> None:
        self.ref = ref
        self.descriptor = descriptor
        self.raw = raw

    @property
    def platform(self) -> "dict[str, Any]":
        """The platform; empty when none is known."""
        return self.descriptor.get("platform") or {}

    @property
    def is_oci(self) -> bool:
        """Whether the document is one of OCI's, not one of Docker's."""
        return self.descriptor.get("mediaType") == OCI_MANIFEST

    def document(self) -> str:
        """The manifest as text."""
        if not self.raw:
            raise BerthError(f"{self.ref} has no payload")
        return self.raw.decode("utf-8", "replace")

    def text(self) -> str:
        """The record as compact JSON."""
        described = [
            ("mediaType", encode_text(str(self.descriptor.get("mediaType", "")))),
            ("digest", encode_text(str(self.descriptor.get("digest", "")))),
            ("size", str(int(self.descriptor.get("size", 0)))),
            ("platform", platform_text(self.platform)),
        ]
        return _object(
            (
                ("Ref", encode_text(self.ref)),
                ("Descriptor", _object(described)),
                ("Raw", f'"{base64.b64encode(self.raw).decode()}"'),
                ("OCIManifest" if self.is_oci else "SchemaV2Manifest", compact_raw(self.document())),
            )
        )


def read(data: bytes, path: str) -> Record:
    """A record from disk. BerthError when it is none."""
    try:
        values = loads(data)
        raw = base64.b64decode(values.get("Raw") or "")
        return Record(str(values["Ref"]), dict(values["Descriptor"]), raw)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BerthError(f"invalid manifest file {path}") from None


def received(ref: str, answer: "dict[str, Any]") -> Record:
    """A record of what the daemon tells of a manifest in a registry."""
    descriptor = {
        "mediaType": answer["MediaType"],
        "digest": answer["Digest"],
        "size": answer["Size"],
        "platform": answer["Platform"],
    }
    return Record(ref, descriptor, base64.b64decode(answer["Raw"]))


def list_text(target: "ImageName", records: "Sequence[Record]") -> str:
    """The list that names ``records``: the bytes that are pushed. BerthError when one is of another registry.

    A list is OCI's when its first manifest is, as in Docker.
    """
    from berth.cli.manifest.names import normalise

    rows = []
    for record in records:
        domain = normalise(record.ref).domain
        if domain != target.domain:
            raise BerthError(
                "cannot use source images from a different registry than the target image: "
                f"{domain} != {target.domain}"
            )
        rows.append(
            _object(
                (
                    ("mediaType", encode_text(str(record.descriptor.get("mediaType", "")))),
                    ("size", str(int(record.descriptor.get("size", 0)))),
                    ("digest", encode_text(str(record.descriptor.get("digest", "")))),
                    ("platform", platform_text(record.platform)),
                )
            )
        )
    kind = OCI_INDEX if records and records[0].is_oci else DOCKER_LIST
    text = _object(
        (
            ("schemaVersion", "2"),
            ("mediaType", encode_text(kind)),
            ("manifests", f"[{','.join(rows)}]"),
        )
    )
    return indent_raw(text, "   ")


def platform_text(platform: "dict[str, Any]") -> str:
    """A platform in the order of the specification's fields; absent ones but the first two are left out."""
    pairs = []
    for name in _FIELDS:
        value = platform.get(name)
        if isinstance(value, list | tuple):
            if value:
                pairs.append((name, "[" + ",".join(encode_text(str(item)) for item in value) + "]"))
        elif value or name in _ALWAYS:
            pairs.append((name, encode_text(str(value or ""))))
    return _object(pairs)


def _object(pairs: "Iterable[tuple[str, str]]") -> str:
    return "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"
