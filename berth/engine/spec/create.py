"""The body of ``POST /containers/create``: a flat config with two objects beside it."""

import msgspec

from berth.base.errors import InvalidArgument
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.decode import parse_json, read
from berth.engine.spec.host import HostConfig
from berth.engine.spec.network import NetworkingConfig

_ROOT = "CreateRequest"
_CONFIG_NAMES = frozenset(field.encode_name.lower() for field in msgspec.structs.fields(ContainerConfig))


class CreateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The three parts of a create call."""

    config: ContainerConfig
    host_config: HostConfig
    networking_config: NetworkingConfig


def decode_create(body: bytes) -> CreateRequest:
    """Decode a create call; InvalidArgument in Docker's words when it is not one.

    The config's fields lie flat in the body, so a body without any of them has no config at all, which
    Docker refuses.
    """
    raw = parse_json(body)
    config = read(raw, ContainerConfig, _ROOT)
    parts = {key.lower(): value for key, value in raw.items()} if isinstance(raw, dict) else {}
    if _CONFIG_NAMES.isdisjoint(parts):
        raise InvalidArgument("config cannot be empty in order to create a container")
    return CreateRequest(
        config=config,
        host_config=read(parts.get("hostconfig"), HostConfig, f"{_ROOT}.HostConfig"),
        networking_config=read(parts.get("networkingconfig"), NetworkingConfig, f"{_ROOT}.NetworkingConfig"),
    )
