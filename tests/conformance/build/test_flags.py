"""Flags of Docker's own client that decide how steps run and what they see (A4.1, D6)."""

import http.server
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.build.conftest import Maker
from tests.support.cli import Client, own_client
from tests.support.engines import Engine, OwnEngine
from tests.support.expect import expect
from tests.support.images import standard_images

Look = Callable[[str, str], str]
FROM = "FROM busybox\n"
UUID = "/proc/sys/kernel/random/uuid"


@pytest.mark.parametrize(
    ("flags", "command", "printed"),
    [
        (["--network", "none"], "ip link | grep -c ': '", "1"),
        (["--network", "none"], "ls /sys/class/net", "lo"),
        (["--add-host", "db.example:10.1.2.3"], "grep -w db.example /etc/hosts", "10.1.2.3\tdb.example"),
        (["--ulimit", "nofile=77:88"], "ulimit -Sn; ulimit -Hn", "77\n88"),
        (["--shm-size", "5m"], "df -k /dev/shm | tail -1 | awk '{print $2}'", "5120"),
        (["--memory", "64m"], "cat /sys/fs/cgroup/memory/memory.limit_in_bytes", str(64 << 20)),
        (["--build-arg", "HTTP_PROXY=http://p:1"], "env | grep -i http_proxy", "HTTP_PROXY=http://p:1"),
    ],
)
def test_what_a_step_sees(docker: Client, flags: list[str], command: str, printed: str) -> None:
    if flags[0] == "--memory" and not Path("/sys/fs/cgroup/memory/memory.limit_in_bytes").exists():
        pytest.skip("the memory controller of this machine is on a v2 tree")
    shown = docker.ok("build", "--no-cache", *flags, "-", stdin=f"{FROM}RUN {command}\n")
    assert f"\n{printed}\n" in shown


def test_security_options(docker: Client, beyond: None) -> None:
    """dockerd's classic builder has them on Windows only."""
    text = f"{FROM}RUN grep NoNewPrivs /proc/self/status\n"
    shown = docker.ok("build", "--no-cache", "--security-opt", "no-new-privileges", "-", stdin=text)
    assert "\nNoNewPrivs:\t1\n" in shown


def test_limits_are_in_no_key(docker: Client, name: str) -> None:
    text = f"{FROM}ENV WHO={name}\nRUN cat {UUID} >/now\n"
    docker.ok("build", "-t", name, "--shm-size", "5m", "-", stdin=text)
    assert (
        docker.ok("build", "--shm-size", "6m", "--ulimit", "nofile=99", "-", stdin=text).count("Using cache")
        == 2
    )


def test_cache_from_a_name_that_is_here(docker: Client, name: str) -> None:
    text = f"{FROM}ENV WHO={name}\nRUN cat {UUID} >/now\n"
    docker.ok("build", "-t", name, "-", stdin=text)
    again = docker.ok("build", "--cache-from", name, "-", stdin=text)
    assert again.count("Using cache") == 2


def test_cache_from_nothing_that_is_known(docker: Client, name: str) -> None:
    """It is no reason not to build."""
    text = f"{FROM}ENV WHO={name}\nRUN true\n"
    assert "Successfully built" in docker.ok("build", "--cache-from", "localhost:1/none", "-", stdin=text)


def test_labels_and_target_of_the_whole(docker: Client, name: str) -> None:
    text = "FROM busybox AS one\nRUN echo 1 >/one\nFROM busybox\nRUN false\n"
    docker.ok("build", "-t", name, "--target", "one", "--label", "a=b", "-", stdin=text)
    assert json.loads(docker.ok("inspect", "-f", "{{json .Config.Labels}}", name)) == {"a": "b"}


@pytest.mark.parametrize("form", ["RUN []", 'RUN [""]', "RUN", "RUN   \\\n"])
def test_a_run_of_nothing(engine: Engine, make: Maker, form: str) -> None:
    """Bad input: refused. To dockerd 20.10 ``RUN []`` is the command of the image."""
    done = make(f"{FROM}{form}\n", nocache=True)
    if form == "RUN []" and engine.is_dockerd:
        assert done.image
    elif form == 'RUN [""]':
        assert done.error
    else:
        said = "The command '/bin/sh -c' returned a non-zero code: 2"
        assert done.error == expect(
            engine, dockerd=said, berthd="RUN requires at least one argument (Dockerfile:2)"
        )


def test_a_stage_that_copies_from_itself(make: Maker, beyond: None) -> None:
    """D3: stages cannot need one another. The classic builder copies from what the stage begins with."""
    done = make("FROM busybox AS a\nCOPY --from=a /bin /b\n")
    assert "circular dependency detected on stage: a" in done.error
    assert done.messages == []


def test_a_stage_that_copies_from_a_later_one(make: Maker) -> None:
    done = make("FROM busybox AS a\nCOPY --from=1 /bin /b\nFROM a\n")
    assert done.error
    assert "Successfully" not in done.text


def test_the_place_of_a_missing_file(make: Maker, beyond: None) -> None:
    """The line, the file, and the rule that left it out, behind Docker's words."""
    files = {".dockerignore": "# logs\n*.log\n", "a": "A"}
    done = make(f"{FROM}COPY a /\nCOPY x.log /\n", files)
    assert done.error == (
        "COPY failed: file not found in build context or excluded by .dockerignore: stat x.log: file does "
        "not exist (Dockerfile:3; x.log is excluded by line 2 of .dockerignore: *.log)"
    )
    plain = make(f"{FROM}COPY y /\n", files, dockerfile="sub/D").error
    assert plain.endswith("stat y: file does not exist (sub/D:2)")


def test_an_ignore_file_of_the_dockerfile(make: Maker, engine: Engine) -> None:
    """Clients without BuildKit send everything; it is applied here. dockerd's classic builder knows none."""
    files = {
        "D.dockerignore": "*\n!keep\n!d/keep\n",
        "keep": "1", "drop": "2", "d/keep": "3", "d/drop": "4", ".dockerignore": "keep\n",
    }  # fmt: skip
    done = make(f"{FROM}COPY . /c\nRUN cd /c; find . -type f | sort\n", files, dockerfile="D", nocache=True)
    every = "./.dockerignore\n./D\n./D.dockerignore\n./d/drop\n./d/keep\n./drop\n./keep\n"
    assert expect(engine, dockerd=every, berthd="\n./d/keep\n./keep\n") in done.text


def test_squash_wants_an_experimental_daemon(docker: Client, engine: Engine) -> None:
    """Docker's client sends the flag only to a daemon that says it is experimental."""
    refused = docker("build", "--squash", "-", stdin=FROM)
    assert refused.code != 0
    assert "experimental" in refused.err


class _Experimental(OwnEngine):
    def argv(self) -> list[str]:
        return [*super().argv(), "--experimental"]


def test_squash(engine: Engine, client_command: str, tmp_path: Path) -> None:
    """The steps' layers become one on top of the base's."""
    own = _Experimental(engine.kind)
    try:
        own.start()
        own.load(standard_images()[0])
        docker = Client(client_command, own.host, tmp_path)
        text = f"{FROM}RUN echo a >/a\nRUN rm /a; echo b >/b\n"
        docker.ok("build", "--squash", "-t", "flat", "-", stdin=text)
        assert docker.ok("inspect", "-f", "{{len .RootFS.Layers}}", "flat") == "2"
        assert docker.ok("run", "--rm", "flat", "sh", "-c", "ls /a /b 2>/dev/null; cat /b") == "/b\nb"
    finally:
        own.close()


def test_prune_filters(own_engine: OwnEngine, client_command: str, tmp_path: Path) -> None:
    """A4.16: what is younger or of another kind stays."""
    if own_engine.is_dockerd:
        pytest.skip("the cache of dockerd's classic builder are images")
    docker = Client(client_command, own_engine.host, tmp_path)
    docker.ok(
        "build", "-", stdin=f"{FROM}RUN --mount=type=cache,target=/c echo x >/c/x; echo y >/y\nENV A=1\n"
    )

    def kept() -> list[str]:
        return sorted(row["Type"] for row in own_engine.api.get("/system/df").json()["BuildCache"])

    everything = kept()
    assert everything.count("regular") == 2 and "exec.cachemount" in everything
    docker.ok("builder", "prune", "-af", "--filter", "until=24h")
    docker.ok("builder", "prune", "-af", "--filter", "type=source.git.checkout")
    assert kept() == everything
    assert own_engine.api.post("/build/prune", filters={"colour": ["red"]}).status == 400
    docker.ok("builder", "prune", "-af", "--keep-storage", "1g")
    assert kept() == everything
    docker.ok("builder", "prune", "-af", "--filter", "type=exec.cachemount")
    assert "exec.cachemount" not in kept() and kept().count("regular") == 2
    docker.ok("builder", "prune", "-af")
    assert "regular" not in kept()


class _Odd(http.server.BaseHTTPRequestHandler):
    """Answers every request with a file whose name is a pattern."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Disposition", 'attachment; filename="[a-c]*.txt"')
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"odd")

    def log_message(self, *_: object) -> None:
        pass


def test_a_download_whose_name_is_a_pattern(engine: Engine, make: Maker, look: Look, beyond: None) -> None:
    """A5 ADD: the name that a server gives is a name. dockerd 20.10 takes the one of the URL."""
    server = engine.on_its_host(lambda: http.server.HTTPServer(("127.0.0.1", 0), _Odd))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        done = make(f"{FROM}ADD http://127.0.0.1:{server.server_port}/x /d/\n", nocache=True)
        assert look(done.image, "ls /d; cat /d/*") == "[a-c]*.txt\nodd"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_one_stage_without_the_cache(engine: Engine, tmp_path: Path, name: str, beyond: None) -> None:
    """D6 --no-cache-filter: the steps of the stages that are named run again."""
    berth = own_client(engine.host, tmp_path / "home")
    text = (
        f"FROM busybox AS one\nENV WHO={name}\nRUN cat {UUID} >/one\n"
        f"FROM busybox AS two\nENV WHO={name}\nRUN cat {UUID} >/two\nCOPY --from=one /one /one\n"
    )

    def build(*flags: str) -> list[str]:
        berth.ok("build", *flags, "-t", name, "-", stdin=text)
        return berth.ok("run", "--rm", name, "cat", "/one", "/two").splitlines()

    first = build()
    assert build() == first
    again = build("--no-cache-filter", "one")
    assert again[0] != first[0] and again[1] == first[1]
    assert build() == again


def test_a_copy_without_a_context(engine: Engine, docker: Client, tmp_path: Path) -> None:
    """A Dockerfile on standard input has no files: told, with the line."""
    text = f"{FROM}COPY a /\n"
    stock = docker("build", "-", stdin=text)
    assert stock.code == 1 and "COPY failed: " in stock.err
    own = own_client(engine.host, tmp_path / "home")("build", "-", stdin=text)
    assert own.code == 1
    assert "COPY failed: " in own.err
