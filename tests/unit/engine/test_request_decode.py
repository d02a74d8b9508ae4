"""Requests decoded as Go's encoding/json does it, with its texts (checked against dockerd 28.5)."""

import msgspec
import pytest

from berth.base.errors import InvalidArgument
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.create import decode_create
from berth.engine.spec.host import HostConfig
from berth.engine.spec.naming import Empty
from berth.engine.spec.network import EndpointSettings, PortBinding


def test_names_match_without_regard_to_case_and_null_is_zero():
    request = decode_create(
        b'{"image":"x","CMD":"a b","Entrypoint":null,"ExposedPorts":{"80/tcp":null},"Env":[null,"A=b"],'
        b'"HostConfig":{"memory":5,"PortBindings":{"80/tcp":[{"HostPort":"8080"}],"1/tcp":null},'
        b'"ConsoleSize":[1],"Init":true,"Unknown":{}},"NetworkingConfig":{"EndpointsConfig":{"a":null}}}'
    )
    assert request.config.image == "x"
    assert request.config.cmd == ("a b",)
    assert request.config.entrypoint is None
    assert request.config.exposed_ports == {"80/tcp": Empty()}
    assert request.config.env == ("", "A=b")
    assert request.host_config.memory == 5
    assert request.host_config.port_bindings == {"80/tcp": (PortBinding(host_port="8080"),), "1/tcp": ()}
    assert request.host_config.console_size == (1, 0)
    assert request.host_config.init is True
    assert request.networking_config.endpoints_config == {"a": EndpointSettings()}


def test_empty_entrypoint_is_not_no_entrypoint():
    assert decode_create(b'{"Entrypoint":[]}').config.entrypoint == ()
    assert decode_create(b'{"Entrypoint":""}').config.entrypoint == ("",)
    assert decode_create(b'{"HostConfig":{"MaskedPaths":[]},"Image":"x"}').host_config.masked_paths == ()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "invalid JSON: got EOF while reading request body"),
        (b"  \n", "invalid JSON: got EOF while reading request body"),
        (b"{}", "config cannot be empty in order to create a container"),
        (b"null", "config cannot be empty in order to create a container"),
        (b'{"HostConfig":{}}', "config cannot be empty in order to create a container"),
        (
            b'{"Image":5}',
            "invalid JSON: json: cannot unmarshal number into Go struct field "
            "CreateRequest.Image of type string",
        ),
        (
            b'{"Image":"x","HostConfig":{"Memory":"1"}}',
            "invalid JSON: json: cannot unmarshal string into Go struct field "
            "CreateRequest.HostConfig.Memory of type int64",
        ),
        (
            b'{"Image":"x","HostConfig":{"BlkioWeight":70000}}',
            "invalid JSON: json: cannot unmarshal number 70000 into Go struct field "
            "CreateRequest.HostConfig.BlkioWeight of type uint16",
        ),
        (
            b'{"Image":"x","HostConfig":{"Memory":1.5}}',
            "invalid JSON: json: cannot unmarshal number 1.5 into Go struct field "
            "CreateRequest.HostConfig.Memory of type int64",
        ),
        (
            b'{"Image":"x","HostConfig":{"Memory":9223372036854775808}}',
            "invalid JSON: json: cannot unmarshal number 9223372036854775808 into Go struct field "
            "CreateRequest.HostConfig.Memory of type int64",
        ),
        (
            b'{"Image":"x","Tty":1}',
            "invalid JSON: json: cannot unmarshal number into Go struct field CreateRequest.Tty of type bool",
        ),
        (
            b'{"Image":"x","Env":{}}',
            "invalid JSON: json: cannot unmarshal object into Go struct field "
            "CreateRequest.Env of type []string",
        ),
        (
            b'{"Image":"x","HostConfig":5}',
            "invalid JSON: json: cannot unmarshal number into Go struct field "
            "CreateRequest.HostConfig of type container.HostConfig",
        ),
    ],
)  # fmt: skip
def test_wrong_requests_name_the_field(body, text):
    with pytest.raises(InvalidArgument) as caught:
        decode_create(body)
    # Go prefixes the path of a nested object with the root; the field itself is what a person looks for.
    assert caught.value.message == text


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"Image":"x"} x', b"[" * 100_000, b'{"Image":"\xff"}'])
def test_what_is_no_json_is_refused_in_one_line(body):
    with pytest.raises(InvalidArgument) as caught:
        decode_create(body)
    assert caught.value.message.startswith("invalid JSON: ")
    assert "\n" not in caught.value.message


def test_records_survive_their_storage():
    """The same records are what the state file holds; zero values take no room there."""
    host = decode_create(
        b'{"Image":"x","HostConfig":{"UTSMode":"host","BlkioDeviceReadIOps":[{"Path":"/dev/a","Rate":1}],'
        b'"DeviceRequests":[{"Count":-1,"Capabilities":[["gpu"]]}],"Ulimits":[{"Name":"nofile","Hard":5}],'
        b'"Mounts":[{"Type":"bind","BindOptions":{"Propagation":"rslave"}}],"OomKillDisable":false}}'
    ).host_config
    stored = msgspec.json.encode(host)
    assert msgspec.json.decode(stored, type=HostConfig) == host
    assert host.device_requests[0].capabilities == (("gpu",),)
    assert msgspec.json.encode(HostConfig()) == b"{}"
    assert msgspec.json.encode(ContainerConfig()) == b"{}"


def test_wire_names_are_dockers():
    names = {field.encode_name for field in msgspec.structs.fields(HostConfig)}
    assert {"UTSMode", "ContainerIDFile", "CpuShares", "IOMaximumIOps", "BlkioDeviceReadIOps", "Dns"} <= names
    assert len(names) == 71  # Docker's 69, and two that only old clients send
