"""Where the client keeps passwords of registries: config.json, or a helper program (A4.14)."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from berth.base.errors import BerthError
from berth.cli.auth import registry_auth
from berth.cli.config import ConfigFile, load_config
from berth.cli.credentials import HUB, erase, find, server_key, store

HOST = "host:5000"
ALICE = {"serveraddress": HOST, "username": "alice", "password": "s3:cret"}
HELPER = """#!/bin/sh
# Keeps what it is given in a file beside itself.
kept="$(dirname "$0")/kept"
case "$1" in
    store) cat > "$kept" ;;
    get) [ -e "$kept" ] && cat "$kept" || { echo "credentials not found in native keychain"; exit 1; } ;;
    erase) rm "$kept" ;;
esac
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH has the helper ``file``."""
    program = tmp_path / "bin" / "docker-credential-file"
    program.parent.mkdir()
    program.write_text(HELPER)
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def config(tmp_path: Path, values: dict[str, object] | None = None) -> ConfigFile:
    if values is not None:
        (tmp_path / "config.json").write_text(json.dumps(values))
    return load_config(str(tmp_path), lambda text: pytest.fail(text))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", HUB),
        ("docker.io", HUB),
        (HUB, HUB),
        ("https://index.docker.io/v1/", HUB),
        ("host:5000", "host:5000"),
        ("http://host:5000", "host:5000"),
        ("https://host:5000/v2/", "host:5000"),
    ],
)
def test_how_a_registry_is_called(text: str, key: str) -> None:
    assert server_key(text) == key


def test_kept_in_the_file_and_forgotten(tmp_path: Path, env: dict[str, str]) -> None:
    before = {"HttpHeaders": {"X": "y"}, "made-by": "somebody else"}
    chosen = config(tmp_path, before)
    assert store(chosen, ALICE, env)
    assert not store(chosen, ALICE, env), "nothing new, nothing to warn of"
    written = json.loads((tmp_path / "config.json").read_text())
    auth = base64.b64encode(b"alice:s3:cret").decode()
    assert written == {**before, "auths": {HOST: {"auth": auth}}}
    assert (tmp_path / "config.json").stat().st_mode & 0o777 == 0o600
    assert find(config(tmp_path), HOST, env) == ALICE
    erase(chosen, HOST, env)
    assert json.loads((tmp_path / "config.json").read_text()) == {**before, "auths": {}}
    assert find(config(tmp_path), HOST, env) == {}


def test_a_token_in_place_of_the_password(tmp_path: Path, env: dict[str, str]) -> None:
    chosen = config(tmp_path)
    assert not store(chosen, {**ALICE, "password": "", "identitytoken": "t0k"}, env)
    assert find(config(tmp_path), HOST, env)["identitytoken"] == "t0k"


def test_a_link_to_the_file_stays_a_link(tmp_path: Path, env: dict[str, str]) -> None:
    real = tmp_path / "real.json"
    real.write_text("{}")
    (tmp_path / "config.json").symlink_to(real)
    store(config(tmp_path), ALICE, env)
    assert (tmp_path / "config.json").is_symlink() and HOST in real.read_text()


@pytest.mark.parametrize("values", [{"credsStore": "file"}, {"credHelpers": {HOST: "file"}}])
def test_kept_by_a_helper(tmp_path: Path, env: dict[str, str], values: dict[str, object]) -> None:
    chosen = config(tmp_path, values)
    assert not store(chosen, ALICE, env)
    assert "s3:cret" not in (tmp_path / "config.json").read_text()
    assert find(chosen, HOST, env) == ALICE
    header = json.loads(base64.urlsafe_b64decode(registry_auth(chosen, HOST, env)))
    assert header == ALICE
    erase(chosen, HOST, env)
    assert find(chosen, HOST, env) == {}


def test_a_helper_for_one_registry_only(tmp_path: Path, env: dict[str, str]) -> None:
    chosen = config(tmp_path, {"credHelpers": {HOST: "file"}})
    store(chosen, {**ALICE, "serveraddress": "other"}, env)
    assert find(chosen, "other", env)["username"] == "alice" and find(chosen, HOST, env) == {}


def test_a_helper_that_is_not_there(tmp_path: Path, env: dict[str, str]) -> None:
    chosen = config(tmp_path, {"credsStore": "missing"})
    assert find(chosen, HOST, env) == {}
    with pytest.raises(BerthError) as failure:
        store(chosen, ALICE, env)
    assert failure.value.message == (
        'error storing credentials - err: exec: "docker-credential-missing": executable file not found '
        "in $PATH, out: ``"
    )
    assert "s3:cret" not in failure.value.message


def test_nobody_is_known(tmp_path: Path, env: dict[str, str]) -> None:
    assert registry_auth(config(tmp_path), HOST, env) == "e30="
    assert registry_auth(config(tmp_path, {"auths": {HOST: {"auth": "!"}}}), HOST, env) == "e30="


def test_a_helper_that_does_not_read_what_it_is_told(tmp_path: Path, env: dict[str, str]) -> None:
    """The client ends by SIGPIPE when its own output is gone, but not by this."""
    helper = tmp_path / "bin" / "docker-credential-deaf"
    helper.write_text("#!/bin/sh\nexec <&-\necho no\nexit 1\n")
    helper.chmod(0o755)
    large = "x" * (1 << 20)  # more than a pipe holds: the write meets the closed end
    code = (
        "import signal, sys; signal.signal(signal.SIGPIPE, signal.SIG_DFL);"
        "from berth.cli.config import ConfigFile; from berth.cli.credentials import store;"
        "import os; os.environ['PATH'] = sys.argv[1];"
        "store(ConfigFile(sys.argv[2], {'credsStore': 'deaf'}),"
        f"{{'serveraddress': 'h', 'username': 'u', 'password': 'x' * {len(large)}}}, os.environ)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, env["PATH"], str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "error storing credentials - err: exit status 1, out: `no`" in done.stderr
