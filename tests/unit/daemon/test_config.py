"""Configuration of the daemon: daemon.json and flags, and every way in which they can be wrong."""

import json
from pathlib import Path

import pytest

from berth.base.errors import BerthError, InvalidArgument
from berth.daemon.config import Config, load_config, parse_flags
from berth.daemon.listeners import split_address
from berth.daemon.settings import make_network_config, make_registry_settings, make_settings

ROOTS = (Path("/data"), Path("/exec"))


def _load(tmp_path: Path, document: object, *flags: str) -> Config:
    path = tmp_path / "daemon.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return load_config(parse_flags(["--config-file", str(path), *flags]))


def test_the_file_of_the_seeds(tmp_path: Path) -> None:
    """Seed 003: default-runtime nvidia with its path."""
    config = _load(
        tmp_path,
        {
            "default-runtime": "nvidia",
            "runtimes": {"nvidia": {"path": "nvidia-container-runtime", "runtimeArgs": ["--x"]}},
        },
    )
    settings = make_settings(config, *ROOTS)
    assert settings.default_runtime == "nvidia"
    assert settings.runtimes["nvidia"].path == "nvidia-container-runtime"
    assert settings.runtimes["nvidia"].args == ("--x",)


def test_unknown_keys_are_named_and_do_no_harm(tmp_path: Path) -> None:
    config = _load(tmp_path, {"debug": True, "colour": "red", "zeal": 1})
    assert config["debug"] is True
    assert "colour, zeal" in config.warnings[0]
    assert str(tmp_path) in config.warnings[0]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "Expecting property name"),
        ("[]", "expected a JSON object"),
        ({"debug": "yes"}, "debug has the wrong type: expected true or false"),
        ({"mtu": True}, "mtu has the wrong type: expected a number"),
        ({"hosts": "unix:///x"}, "hosts has the wrong type: expected a list"),
        ({"runtimes": {"x": {}}}, "runtime x: either a runtimeType or a path must be configured"),
        (
            {"runtimes": {"x": {"path": "/x", "runtimeType": "y"}}},
            "runtime x: cannot configure both path and runtimeType for the same runtime",
        ),
        ({"default-shm-size": "8q"}, "invalid suffix: 'q'"),
    ],
)
def test_wrong_files_name_the_key(tmp_path: Path, document: object, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        _load(tmp_path, document)
    assert words in caught.value.message


def test_a_setting_in_both_places_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument) as caught:
        _load(tmp_path, {"data-root": "/a"}, "--data-root", "/b")
    assert "specified both as a flag and in the configuration file: data-root" in caught.value.message


def test_lists_and_maps_of_both_places_add_up(tmp_path: Path) -> None:
    config = _load(
        tmp_path,
        {"hosts": ["unix:///a"], "runtimes": {"x": {"path": "/x"}}},
        "-H",
        "unix:///b",
        "--add-runtime",
        "y=/y",
    )
    assert config["hosts"] == ("unix:///a", "unix:///b")
    assert sorted(config["runtimes"]) == ["x", "y"]


def test_a_missing_file_is_an_error_only_when_it_was_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="no such file or directory"):
        load_config(parse_flags(["--config-file", str(tmp_path / "nope.json")]))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--mtu", "big"], 'invalid argument "big" for --mtu'),
        (["--default-ulimit", "nofile"], "invalid ulimit argument: nofile"),
        (["--layer-form", "zip"], "invalid layer-form 'zip'"),
        (["--default-ipc-mode", "host"], "invalid default-ipc-mode"),
        (["--seccomp-profile", "/no/such"], "opening seccomp profile (/no/such) failed"),
        (["--default-address-pool", "base=10.0.0.0/8"], "invalid default-address-pools entry"),
    ],
)
def test_wrong_flags(tmp_path: Path, flags: list[str], words: str) -> None:
    with pytest.raises(BerthError) as caught:
        config = _load(tmp_path, {}, *flags)
        make_settings(config, *ROOTS)
        make_network_config(config, ROOTS[0])
    assert words in caught.value.message


def test_containers_outlive_the_daemon_unless_told_otherwise(tmp_path: Path) -> None:
    assert not make_settings(_load(tmp_path, {}), *ROOTS).stop_containers_on_exit
    assert make_settings(_load(tmp_path, {"live-restore": False}), *ROOTS).stop_containers_on_exit


def test_two_data_roots_get_two_bridges(tmp_path: Path) -> None:
    config = _load(tmp_path, {})
    default = make_network_config(config, Path("/var/lib/berth"))
    one, two = (make_network_config(config, Path(root)) for root in ("/one", "/two"))
    assert default.default_bridge_name == "berth0"
    assert len({c.default_bridge_name for c in (default, one, two)}) == 3
    assert all(len(c.default_bridge_name) <= 15 for c in (default, one, two))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("127.0.0.1:2375", ("127.0.0.1", 2375)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),
        (":99", ("127.0.0.1", 99)),
        ("host", ("host", 7)),
        ("[::1]:5", ("::1", 5)),
        ("[::1]", ("::1", 7)),
    ],
)
def test_addresses(text: str, parts: tuple[str, int]) -> None:
    assert split_address(text, 7) == parts


@pytest.mark.parametrize("text", ["h:x", "h:99999", "[::1]:x"])
def test_bad_addresses(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid bind address"):
        split_address(text, 7)


def test_where_proxies_come_from(tmp_path: Path) -> None:
    """As with dockerd: flags, else the file, else the environment in either spelling."""
    environment = {"HTTPS_PROXY": "http://env:1", "http_proxy": "http://small:1", "NO_PROXY": "near"}
    found = make_registry_settings(_load(tmp_path, {}), environment).proxies
    assert (found.https, found.http, found.exceptions) == ("http://env:1", "http://small:1", "near")
    file = {"proxies": {"https-proxy": "http://file:1", "no-proxy": "far"}}
    found = make_registry_settings(_load(tmp_path, file), environment).proxies
    assert (found.https, found.http, found.exceptions) == ("http://file:1", "http://small:1", "far")
    flags = ("--https-proxy", "http://flag:1")
    assert make_registry_settings(_load(tmp_path, file, *flags), environment).proxies.https == "http://flag:1"
    with pytest.raises(InvalidArgument, match="https-proxy must be a text"):
        make_registry_settings(_load(tmp_path, {"proxies": {"https-proxy": ["x"]}}), {})


def test_mirrors_and_insecure_registries(tmp_path: Path) -> None:
    file = {"registry-mirrors": ["https://mirror"], "insecure-registries": ["reg:5000", "10.0.0.0/8"]}
    found = make_registry_settings(_load(tmp_path, file), {})
    assert (found.mirrors, found.insecure) == (("https://mirror",), ("reg:5000", "10.0.0.0/8"))
