"""``login`` and ``logout`` (A4.14), ``GET /distribution``, ``search`` (A3.9)."""

import base64
import json
from pathlib import Path

import pytest

from tests.conformance.registry.conftest import PASSWORD, USER, Registry
from tests.support.cli import Client, own_client
from tests.support.engines import Engine
from tests.support.http import Api


def stored(docker: Client) -> dict[str, object]:
    path = docker.home / ".docker" / "config.json"
    return dict(json.loads(path.read_text()).get("auths", {})) if path.exists() else {}


def test_a_password_on_standard_input(docker: Client, guarded: Registry) -> None:
    done = docker("login", "-u", USER, "--password-stdin", guarded.host, stdin=f"{PASSWORD}\n")
    assert (done.code, done.out) == (0, "Login Succeeded\n")
    assert "WARNING! Your credentials are stored unencrypted in" in done.err
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert stored(docker) == {guarded.host: {"auth": pair}}
    assert (docker.home / ".docker" / "config.json").stat().st_mode & 0o777 == 0o600
    done = docker("logout", guarded.host)
    assert done.out == f"Removing login credentials for {guarded.host}\n"
    assert stored(docker) == {}


def test_a_wrong_password(docker: Client, guarded: Registry) -> None:
    done = docker("login", "-u", USER, "--password-stdin", guarded.host, stdin="wrong")
    assert (done.code, done.err) == (
        1,
        f"Error response from daemon: login attempt to http://{guarded.host}/v2/ failed with status: "
        "401 Unauthorized\n",
    )
    assert stored(docker) == {}


def test_prompts_do_not_show_the_password(docker: Client, guarded: Registry) -> None:
    with docker.terminal("login", guarded.host) as session:
        session.expect("Username: ")
        session.send(f"{USER}\n")
        session.expect("Password: ")
        session.send(f"{PASSWORD}\n")
        session.expect("Login Succeeded")
        assert session.wait() == 0
        assert PASSWORD.encode() not in session.seen
    docker.ok("logout", guarded.host)


def test_without_a_terminal(docker: Client, guarded: Registry) -> None:
    done = docker("login", guarded.host)
    text = "Error: Cannot perform an interactive login from a non TTY device\n"
    assert (done.code, done.err) == (1, text)


def test_credentials_that_are_kept_are_tried_first(docker: Client, logged_in: Registry) -> None:
    done = docker("login", logged_in.host)
    assert (done.code, done.out) == (0, "Login Succeeded\n")
    assert done.err.startswith(f"Authenticating with existing credentials... [Username: {USER}]\n")


def test_the_api_of_login(api: Api, guarded: Registry, plain: Registry) -> None:
    given = {"username": USER, "password": PASSWORD}
    for server in (guarded.host, f"http://{guarded.host}/v2/", plain.host):
        reply = api.post("/auth", json_body={**given, "serveraddress": server})
        assert (reply.status, reply.json()) == (200, {"IdentityToken": "", "Status": "Login Succeeded"})
    reply = api.post("/auth", json_body={"serveraddress": guarded.host})
    assert reply.message == f'Get "http://{guarded.host}/v2/": no basic auth credentials'


def test_distribution_of_what_is_not_there(api: Api, plain: Registry, guarded: Registry) -> None:
    reply = api.get(f"/distribution/{plain.host}/none/x:v1/json")
    assert (reply.status, reply.message) == (404, "manifest unknown: manifest unknown")
    reply = api.get(f"/distribution/{guarded.host}/none/x:v1/json")
    text = f'Head "http://{guarded.host}/v2/none/x/manifests/v1": no basic auth credentials'
    assert (reply.status, reply.message) == (500, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"limit": 0}, "Limit 0 is outside the range of [1, 100]"),
        ({"limit": 101}, "Limit 101 is outside the range of [1, 100]"),
        ({"filters": {"bogus": ["1"]}}, "Invalid filter 'bogus'"),
        ({"filters": {"stars": ["x"]}}, "Invalid filter 'stars=x'"),
        ({"filters": {"is-official": ["x"]}}, "Invalid filter 'is-official=[x]'"),
    ],
)
def test_searches_that_make_no_sense(api: Api, query: dict[str, object], text: str) -> None:
    reply = api.get("/images/search", term="x", **query)
    assert (reply.status, reply.message) == (400, text)


def test_a_search_without_network(docker: Client) -> None:
    done = docker("search", "keras")
    assert done.code == 1
    assert done.err.startswith(
        'Error response from daemon: Get "https://index.docker.io/v1/search?q=keras&n=25": dial tcp: lookup'
    )


def test_the_catalogue_of_a_registry(docker: Client, engine_name: str, plain: Registry, publish) -> None:
    if engine_name == "dockerd":
        pytest.skip("dockerd asks for the first version of the protocol, which registries no longer have")
    publish("fixture-user:1", f"{plain.host}/search/needle:v1")
    assert (
        docker.ok("search", "--format", "{{.Name}}", f"{plain.host}/needle") == f"{plain.host}/search/needle"
    )


HELPER = """#!/bin/sh
# Keeps what it is given in a file beside itself, and the verbs that it was called with.
kept="$(dirname "$0")/kept"
echo "$1" >> "$kept.verbs"
case "$1" in
    store) cat > "$kept" ;;
    get) [ -e "$kept" ] && cat "$kept" || { echo "credentials not found in native keychain"; exit 1; } ;;
    erase) rm "$kept" ;;
esac
"""


@pytest.mark.parametrize("whose", ["docker", "berth"])
@pytest.mark.parametrize("setting", ["credsStore", "credHelpers"])
def test_a_helper_keeps_the_password(
    engine: Engine,
    client_command: str,
    docker: Client,
    guarded: Registry,
    logged_in: Registry,
    publish,
    tmp_path: Path,
    whose: str,
    setting: str,
) -> None:
    """A4.14: either client, with the helper that stands in the file which they share."""
    name = f"{guarded.host}/login/helped:v1"
    publish("fixture-user:1", name)
    if whose == "docker":
        made = Client(client_command, engine.host, tmp_path)
    else:
        made = own_client(engine.host, tmp_path)
    helper = tmp_path / "bin" / "docker-credential-kept"
    helper.write_text(HELPER)
    helper.chmod(0o755)
    (tmp_path / ".docker").mkdir()
    file = tmp_path / ".docker" / "config.json"
    file.write_text(json.dumps({setting: "kept" if setting == "credsStore" else {guarded.host: "kept"}}))
    done = made("login", "-u", USER, "--password-stdin", guarded.host, stdin=PASSWORD)
    assert (done.code, done.out, done.err) == (0, "Login Succeeded\n", "")
    assert json.loads(file.read_text())["auths"] == {guarded.host: {}}
    kept = json.loads((tmp_path / "bin" / "kept").read_text())
    assert kept == {"ServerURL": guarded.host, "Username": USER, "Secret": PASSWORD}
    made.ok("pull", "-q", name)
    made.ok("push", "-q", name)
    made.ok("logout", guarded.host)
    assert not (tmp_path / "bin" / "kept").exists()
    assert json.loads(file.read_text()).get("auths", {}) == {}
    refused = made("pull", name)
    assert refused.code == 1 and "no basic auth credentials" in refused.err
    verbs = (tmp_path / "bin" / "kept.verbs").read_text().split()
    assert {"store", "get", "erase"} <= set(verbs)
