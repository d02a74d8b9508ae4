"""What create requests of older versions mean."""

import pytest

from berth.api.container.legacy import adapt
from berth.base.errors import InvalidArgument
from berth.engine.spec.create import decode_create


def adapted(version, text):
    return adapt(decode_create(text.encode()), version)


def test_network_mode_has_a_default_and_its_endpoint_moves_with_it():
    request, _ = adapted(
        (1, 51),
        '{"Image":"x","HostConfig":{"NetworkMode":"default"},'
        '"NetworkingConfig":{"EndpointsConfig":{"default":{"Aliases":["a"]}}}}',
    )
    assert request.host_config.network_mode == "bridge"
    assert request.networking_config.endpoints_config["bridge"].aliases == ("a",)


@pytest.mark.parametrize(("version", "mode"), [((1, 39), "shareable"), ((1, 40), "")])
def test_ipc_was_shareable_before_1_40(version, mode):
    assert adapted(version, '{"Image":"x"}')[0].host_config.ipc_mode == mode


@pytest.mark.parametrize(("version", "size"), [((1, 41), (0, 0)), ((1, 42), (24, 80))])
def test_console_size_counts_since_1_42(version, size):
    request, _ = adapted(version, '{"Image":"x","HostConfig":{"ConsoleSize":[24,80]}}')
    assert request.host_config.console_size == size


@pytest.mark.parametrize(("version", "kept"), [((1, 42), {}), ((1, 43), {"a": "b"})])
def test_annotations_count_since_1_43(version, kept):
    request, _ = adapted(version, '{"Image":"x","HostConfig":{"Annotations":{"a":"b"}}}')
    assert request.host_config.annotations == kept


@pytest.mark.parametrize(("version", "kept"), [((1, 43), 0), ((1, 44), 5)])
def test_start_interval_counts_since_1_44(version, kept):
    request, _ = adapted(version, '{"Image":"x","Healthcheck":{"StartInterval":5}}')
    assert request.config.healthcheck is not None
    assert request.config.healthcheck.start_interval == kept


@pytest.mark.parametrize("limit", [0, -1, -7])
def test_pids_limits_without_meaning_are_no_limit(limit):
    request, _ = adapted((1, 51), f'{{"Image":"x","HostConfig":{{"PidsLimit":{limit}}}}}')
    assert request.host_config.pids_limit is None


def test_empty_port_bindings_publish_anywhere():
    text = '{"Image":"x","HostConfig":{"PortBindings":{"80/tcp":[],"81/tcp":null}}}'
    request, warnings = adapted((1, 51), text)
    assert [len(given) for given in request.host_config.port_bindings.values()] == [1, 1]
    assert warnings == []
    assert len(adapted((1, 52), text)[1]) == 1


MOUNT = '{"Image":"x","HostConfig":{"Mounts":[%s]}}'


@pytest.mark.parametrize(
    ("mount", "text"),
    [
        ('{"Type":"bind","VolumeOptions":{}}', 'VolumeOptions must not be specified on mount type "bind"'),
        ('{"Type":"volume","BindOptions":{}}', 'BindOptions must not be specified on mount type "volume"'),
        ('{"Type":"bind","TmpfsOptions":{}}', 'TmpfsOptions must not be specified on mount type "bind"'),
    ],
)
def test_options_of_another_kind_of_mount(mount, text):
    with pytest.raises(InvalidArgument) as caught:
        adapted((1, 42), MOUNT % mount)
    assert caught.value.message == text
    (kept,) = adapted((1, 41), MOUNT % mount)[0].host_config.mounts
    assert kept.volume_options is None
    assert kept.tmpfs_options is None


@pytest.mark.parametrize(
    ("version", "mount", "text"),
    [
        (
            (1, 43),
            '{"Type":"bind","BindOptions":{"ReadOnlyForceRecursive":true}}',
            "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer",
        ),
        (
            (1, 44),
            '{"Type":"volume","VolumeOptions":{"Subpath":"a"}}',
            "VolumeOptions.Subpath needs API v1.45 or newer",
        ),
        ((1, 47), '{"Type":"image"}', 'Mount type "Image" needs API v1.48 or newer'),
    ],
)
def test_mounts_that_are_too_new(version, mount, text):
    with pytest.raises(InvalidArgument) as caught:
        adapted(version, MOUNT % mount)
    assert caught.value.message == text
    adapted((1, 48), MOUNT % mount)


TWO = '{"Image":"x","NetworkingConfig":{"EndpointsConfig":{"a":{"GwPriority":3},"b":{}}}}'


def test_two_networks_at_create_since_1_44():
    with pytest.raises(InvalidArgument, match="multiple network endpoints: a, b"):
        adapted((1, 43), TWO)
    assert adapted((1, 47), TWO)[0].networking_config.endpoints_config["a"].gw_priority == 0
    assert adapted((1, 48), TWO)[0].networking_config.endpoints_config["a"].gw_priority == 3


MAC = '{"Image":"x","MacAddress":"02:00:00:00:00:01","HostConfig":{"NetworkMode":"%s"}%s}'


@pytest.mark.parametrize("version", [(1, 40), (1, 44), (1, 55)])
def test_mac_address_moves_to_the_network(version):
    request, warnings = adapted(version, MAC % ("bridge", ""))
    assert request.networking_config.endpoints_config["bridge"].mac_address == "02:00:00:00:00:01"
    assert bool(warnings) == (version >= (1, 44))


def test_mac_address_of_a_network_was_unknown_before_1_44():
    text = '{"Image":"x","NetworkingConfig":{"EndpointsConfig":{"n":{"MacAddress":"02:00:00:00:00:09"}}}}'
    assert adapted((1, 43), text)[0].networking_config.endpoints_config["n"].mac_address == ""
    assert adapted((1, 44), text)[0].networking_config.endpoints_config["n"].mac_address != ""


def test_mac_address_without_a_network_of_its_own():
    with pytest.raises(InvalidArgument, match="conflicting options: mac-address and the network mode"):
        adapted((1, 43), MAC % ("host", ""))
    adapted((1, 44), MAC % ("host", ""))


def test_two_mac_addresses_must_agree():
    other = ',"NetworkingConfig":{"EndpointsConfig":{"n":{"MacAddress":"02:00:00:00:00:02"}}}'
    with pytest.raises(InvalidArgument, match="must match the endpoint-specific MAC address"):
        adapted((1, 44), MAC % ("n", other))


def test_volume_driver_beside_mounts_warns():
    text = '{"Image":"x","HostConfig":{"VolumeDriver":"d","Mounts":[{"Type":"volume"}]}}'
    assert len(adapted((1, 48), text)[1]) == 1
    assert adapted((1, 47), text)[1] == []
