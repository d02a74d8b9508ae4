"""Images: ``inspect``, the rows of ``images``, ``history``, ``rmi``."""

from typing import Any

import msgspec

from berth.api.shape.container import STORAGE_DRIVER
from berth.api.shape.times import ZERO, rfc3339
from berth.api.shape.wire import Json
from berth.api.versions import Version
from berth.engine.image.inspect import InspectedImage
from berth.engine.image.list import ImageRow
from berth.engine.image.rm import Removed
from berth.image.config import ImageSettings, format_time
from berth.image.model import HistoryRow

_SECOND_NS = 1_000_000_000

_CONFIG_BEFORE_1_50: Json = {
    "Hostname": "", "Domainname": "", "AttachStdin": False, "AttachStdout": False, "AttachStderr": False,
    "Tty": False, "OpenStdin": False, "StdinOnce": False, "Image": "",
}  # fmt: skip
_CONFIG_BEFORE_1_52: Json = {
    "User": "", "Env": None, "Cmd": None, "Volumes": None, "WorkingDir": "", "Entrypoint": None,
    "OnBuild": None, "Labels": None,
}  # fmt: skip


def inspect(found: InspectedImage, version: Version) -> Json:
    """The answer of ``GET /images/{name}/json``."""
    image = found.image
    config = image.config
    shaped: Json = {
        "Id": image.id,
        "RepoTags": [ref.familiar for ref in found.names.tags],
        "RepoDigests": [ref.familiar for ref in found.names.digests],
    }
    comment = config.comment or (config.history[-1].comment if config.history else "")
    said = {"Comment": comment, "Author": config.author, "DockerVersion": config.docker_version}
    if version < (1, 52):
        shaped |= {"Parent": image.parent or "", **said}
    else:
        shaped |= {name: value for name, value in said.items() if value}
        if image.parent:
            shaped["Parent"] = image.parent
    shaped["Created"] = format_time(image.created_ns) if image.created_ns else ZERO
    if version < (1, 45):
        shaped["ContainerConfig"] = {**_CONFIG_BEFORE_1_50, **_CONFIG_BEFORE_1_52}
    shaped["Architecture"] = config.architecture
    if config.variant:
        shaped["Variant"] = config.variant
    shaped["Os"] = config.os
    if config.os_version:
        shaped["OsVersion"] = config.os_version
    shaped["Size"] = image.size
    if version < (1, 44):
        shaped["VirtualSize"] = image.size
    shaped["GraphDriver"] = {"Data": None, "Name": STORAGE_DRIVER}
    shaped["RootFS"] = {"Type": "layers", **({"Layers": list(config.diff_ids)} if config.diff_ids else {})}
    shaped["Metadata"] = {"LastTagTime": rfc3339(image.tagged_ns)}
    shaped["Config"] = settings(config.config, version)
    if image.owner.uid >= 0:
        shaped["Owner"] = {"Uid": image.owner.uid, "Gid": image.owner.gid}
    return shaped


def settings(config: ImageSettings, version: Version) -> Json:
    """``Config`` of an image: what is empty was shown up to API 1.51, container fields up to 1.49."""
    given: Json = msgspec.to_builtins(config)
    base: Json = {}
    if version < (1, 52):
        base |= _CONFIG_BEFORE_1_52
    if version < (1, 50):
        base |= _CONFIG_BEFORE_1_50
    return {**base, **given}


def row(found: ImageRow, version: Version, *, counted: bool = False) -> Json:
    """A row of ``GET /images/json``. Its containers are ``counted`` by ``system df``, and since API 1.51."""
    image = found.image
    tags: list[str] | None = [ref.familiar for ref in found.tags]
    digests: list[str] | None = [ref.familiar for ref in found.digests]
    if version < (1, 43):
        if not tags and not digests:
            tags, digests = ["<none>:<none>"], ["<none>@<none>"]
        tags, digests = tags or None, digests or None
    shaped: Json = {
        "Containers": found.containers if counted or version >= (1, 51) else -1,
        "Created": image.created_ns // _SECOND_NS,
        "Id": image.id,
        "Labels": image.config.config.labels,
        "ParentId": image.parent or "",
        "RepoDigests": digests,
        "RepoTags": tags,
        "SharedSize": -1 if found.shared_size is None else found.shared_size,
        "Size": image.size,
    }
    if version < (1, 44):
        shaped["VirtualSize"] = image.size
    return shaped


def step(found: HistoryRow) -> Json:
    """A row of ``GET /images/{name}/history``."""
    return {
        "Comment": found.comment,
        "Created": found.created_ns // _SECOND_NS,
        "CreatedBy": found.created_by,
        "Id": found.id or "<missing>",
        "Size": found.size,
        "Tags": [ref.familiar for ref in found.tags] or None,
    }


def removed(gone: Removed) -> dict[str, Any]:
    """A row of ``DELETE /images/{name}``."""
    return {"Untagged": gone.untagged} if gone.untagged else {"Deleted": gone.deleted}
