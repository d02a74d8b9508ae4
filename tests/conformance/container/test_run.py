"""docker run: launching, exit codes, names, and what the process finds around it (A1)."""

import re
from pathlib import Path

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.http import Api
from tests.support.waiting import wait_until


def test_prints_output_and_keeps_the_container(docker: Client, name: str) -> None:
    """A1.17: output comes through, exit 0, the container stays as Exited."""
    result = docker("run", "--name", name, "busybox", "echo", "hello")
    assert result == (0, "hello\n", "")
    assert docker.ok("ps", "-a", "--filter", f"name={name}", "--format", "{{.Status}}").startswith(
        "Exited (0)"
    )


def test_hostname_is_the_short_id(docker: Client, name: str) -> None:
    """A1.17, A1.12: without --hostname it is the first 12 digits of the id."""
    out = docker.ok("run", "--name", name, "busybox", "hostname")
    assert re.fullmatch("[0-9a-f]{12}", out)
    assert docker.ok("inspect", "-f", "{{.Id}}", name).startswith(out)


@pytest.mark.parametrize("code", [0, 1, 7, 42, 255])
def test_exit_code_of_the_process_is_the_clients(docker: Client, code: int) -> None:
    """A1.24."""
    assert docker("run", "--rm", "busybox", "sh", "-c", f"exit {code}").code == code


def test_death_by_signal_is_128_and_its_number(docker: Client, name: str) -> None:
    """A1.24, A2.6: SIGKILL is 137."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    docker.ok("kill", name)
    assert docker.ok("wait", name) == "137"


def test_missing_program_is_127(docker: Client, name: str) -> None:
    """A2.4 (rules of run): a program that is not there; the container stays in state Created."""
    result = docker("run", "--name", name, "busybox", "nope-no-such")
    assert result.code == 127
    assert result.out == ""
    assert 'exec: "nope-no-such": executable file not found in $PATH' in result.err
    assert docker.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name) == "created 127"


def test_missing_path_is_127(docker: Client) -> None:
    """A2.4 (rules of run): an absolute path that is not there."""
    result = docker("run", "--rm", "busybox", "/no/such/program")
    assert result.code == 127
    assert "no such file or directory" in result.err


def test_a_file_that_cannot_run_is_126(docker: Client) -> None:
    """A2.4 (rules of run): no permission to execute."""
    result = docker("run", "--rm", "busybox", "/etc/passwd")
    assert result.code == 126
    assert "permission denied" in result.err


def test_a_directory_is_126(docker: Client) -> None:
    """A2.4 (rules of run): a directory is no program."""
    assert docker("run", "--rm", "busybox", "/etc").code == 126


def test_rm_takes_the_container_and_its_anonymous_volumes(docker: Client, name: str) -> None:
    """A1.7: gone after exit, anonymous volumes too, named ones kept."""
    volume = f"{name}-kept"
    before = set(docker.ok("volume", "ls", "-q").split())
    docker.ok("run", "--rm", "--name", name, "-v", "/anonymous", "-v", f"{volume}:/named", "busybox", "true")
    wait_until(lambda: not docker.ok("ps", "-aq", "--filter", f"name={name}"), "the container is removed")
    assert set(docker.ok("volume", "ls", "-q").split()) - before == {volume}
    assert "No such container" in docker("commit", name).err


def test_detached_prints_the_full_id(docker: Client, name: str) -> None:
    """A1.8."""
    result = docker("run", "-d", "--name", name, "busybox", "sleep", "60")
    assert result.code == 0
    assert result.err == ""
    assert re.fullmatch("[0-9a-f]{64}\n", result.out)
    assert docker.ok("inspect", "-f", "{{.Id}} {{.State.Running}}", name) == result.out.strip() + " true"


def test_a_name_twice_is_a_conflict(docker: Client, name: str) -> None:
    """A1.9: the text names the holder and advises to remove or rename; exit 125."""
    holder = docker.ok("create", "--name", name, "busybox")
    result = docker("run", "--name", name, "busybox", "true")
    assert result.code == 125
    assert (
        f'Conflict. The container name "/{name}" is already in use by container "{holder}". '
        "You have to remove (or rename) that container to be able to reuse that name." in result.err
    )


@pytest.mark.parametrize("good", ["ab", "A.b_c-9", "0x"])
def test_names_that_are_allowed(docker: Client, name: str, good: str) -> None:
    """A1.9: letters, digits, ``_.-``, two or more characters."""
    docker.ok("create", "--name", good, "busybox")


@pytest.mark.parametrize("bad", ["a", "-ab", ".ab", "_ab", "a b", "a/b", "a:b", "ü9"])
def test_names_that_are_refused(docker: Client, bad: str) -> None:
    """A1.9."""
    result = docker("run", f"--name={bad}", "busybox", "true")
    assert result.code == 125
    assert f"Invalid container name ({bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed" in result.err


def test_random_name(docker: Client) -> None:
    """A1.10: adjective_surname."""
    first, second = (docker.ok("create", "busybox") for _ in range(2))
    names = [docker.ok("inspect", "-f", "{{.Name}}", one) for one in (first, second)]
    assert all(re.fullmatch("/[a-z]+_[a-z]+[0-9]?", one) for one in names)
    assert names[0] != names[1]


def test_working_directory_is_made(docker: Client) -> None:
    """A1.11: created when missing, owned by root."""
    out = docker.ok(
        "run", "--rm", "-u", "1000", "-w", "/nope/deep", "busybox", "sh", "-c", "pwd; stat -c %u:%g:%a ."
    )
    assert out == "/nope/deep\n0:0:755"


def test_working_directory_must_be_absolute(docker: Client) -> None:
    """A1.11."""
    result = docker("run", "--rm", "-w", "relative", "busybox", "pwd")
    assert result.code == 125
    assert "the working directory 'relative' is invalid, it needs to be an absolute path" in result.err


@pytest.mark.parametrize("hostname", ["USER_NAME", "plain", "with.dots"])
def test_hostname(docker: Client, hostname: str) -> None:
    """A1.12: upper case and underscore are accepted; the hosts file knows it."""
    out = docker.ok(
        "run",
        "--rm",
        "--hostname",
        hostname,
        "busybox",
        "sh",
        "-c",
        "hostname; cat /etc/hostname; cat /etc/hosts",
    )
    lines = out.splitlines()
    assert lines[:2] == [hostname, hostname]
    assert any(hostname in line.split()[1:] for line in lines[2:])


def test_words_after_the_image_replace_the_command(docker: Client) -> None:
    """A1.18: exec-form entry point gets them appended, shell-form ignores them (they become $0)."""
    assert docker.ok("run", "--rm", "fixture-entrypoint-exec:1") == "entry default"
    assert (
        docker.ok("run", "--rm", "fixture-entrypoint-exec:1", "--max_steps", "100") == "entry --max_steps 100"
    )
    assert docker.ok("run", "--rm", "fixture-entrypoint-shell:1", "--max_steps", "100") == "entry --max_steps"


def test_entrypoint_flag_drops_the_images_command(docker: Client) -> None:
    """A1.18: --entrypoint replaces ENTRYPOINT and resets CMD."""
    assert docker.ok("run", "--rm", "--entrypoint", "echo", "fixture-entrypoint-exec:1") == ""
    assert docker.ok("run", "--rm", "--entrypoint", "echo", "fixture-entrypoint-exec:1", "own") == "own"
    assert docker.ok("run", "--rm", "--entrypoint", "", "fixture-entrypoint-exec:1", "echo", "bare") == "bare"


def test_no_command_anywhere(docker: Client) -> None:
    """A1.18: neither the image nor the line says what to run."""
    result = docker("run", "--rm", "fixture-nocmd:1")
    assert result.code == 125
    assert "no command specified" in result.err.lower()


def test_image_by_id_and_by_prefix(docker: Client, name: str) -> None:
    """A1.19: any unique length or the full sha256 id; ps then shows the short id."""
    full = docker.ok("inspect", "-f", "{{.Id}}", "fixture-env:1")
    for number, reference in enumerate((full, full.removeprefix("sha256:"), full[7:19], full[7:13])):
        docker.ok("run", "--name", f"{name}-{number}", reference, "true")
        shown = docker.ok("ps", "-a", "--filter", f"name={name}-{number}", "--format", "{{.Image}}")
        assert shown == min(full[7:19], reference.removeprefix("sha256:"), key=len)


def test_container_by_prefix_of_its_id(docker: Client, name: str) -> None:
    """A1.19: containers too."""
    full = docker.ok("create", "--name", name, "busybox")
    for length in (64, 40, 12, 10):
        assert docker.ok("inspect", "-f", "{{.Name}}", full[:length]) == f"/{name}"


def test_without_an_image(docker: Client) -> None:
    """A1.20: the seed's slip."""
    result = docker("run", "-it", "-p", "8888:8888", "--name", "N")
    assert result.code == 1
    assert "'docker run' requires at least 1 argument" in result.err
    assert "Usage:" in result.err


def test_blank_after_a_backslash(docker: Client) -> None:
    """A1.21: the escaped blank becomes the image name."""
    result = docker.shell("docker run --shm-size=16g \\ \n true")
    assert result.err.startswith("docker: invalid reference format")
    assert docker("run", "--shm-size=16g", " ").code == 125


def test_image_that_is_not_there(docker: Client) -> None:
    """A4.12 by run: exit 125 after a pull that cannot work without a network."""
    result = docker("run", "--rm", "no-such-image-here", "true")
    assert result.code == 125
    assert "Unable to find image 'no-such-image-here:latest' locally" in result.err
    assert docker("run", "--rm", "--pull=never", "no-such-image-here", "true").code == 125


@pytest.mark.parametrize(
    ("image", "complaint"),
    [
        ("Upper", "invalid reference format: repository name (library/Upper) must be lowercase"),
        ("a:b:c", "invalid reference format"),
        ("busybox:", "invalid reference format"),
        ("busybox@sha256:abc", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("-x-", "unknown shorthand flag"),
    ],
)
def test_bad_references(docker: Client, image: str, complaint: str) -> None:
    """A4.10, bad input: malformed image names."""
    result = docker("run", "--rm", image, "true")
    assert result.code == 125
    assert complaint in result.err


def test_environment_of_the_process(docker: Client, name: str) -> None:
    """A1.25: root, HOSTNAME, HOME from passwd, the image's PATH, cwd from the image or /."""
    out = docker.ok("run", "--name", name, "busybox", "sh", "-c", "id -un; pwd; env")
    user, cwd, *env = out.splitlines()
    short = docker.ok("inspect", "-f", "{{.Id}}", name)[:12]
    assert (user, cwd) == ("root", "/")
    assert f"HOSTNAME={short}" in env
    assert "HOME=/root" in env
    assert "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" in env
    assert not [line for line in env if line.startswith("TERM=")]


def test_environment_flags(docker: Client, tmp_path: Path) -> None:
    """A1.25: -e sets, takes from the client's environment, overrides the image's; --env-file; removal by
    bare name."""
    file = tmp_path / "env"
    file.write_text("# comment\nFROM_FILE=a b c\nTAKEN\n")
    result = docker(
        "run",
        "--rm",
        "-e",
        "OWN=1",
        "-e",
        "COLOUR=red",
        "-e",
        "ABSENT",
        "-e",
        "SHAPE=",
        "--env-file",
        str(file),
        "fixture-env:1",
        "env",
        env={"TAKEN": "from client"},
    )
    env = result.out.splitlines()
    assert {"OWN=1", "COLOUR=red", "SHAPE=", "FROM_FILE=a b c", "TAKEN=from client"} <= set(env)
    assert "COLOUR=green" not in env
    assert not [line for line in env if line.startswith("ABSENT")]


def test_working_directory_and_user_of_the_image(docker: Client) -> None:
    """A1.25: WORKDIR is made when missing, USER is looked up in the image."""
    assert docker.ok("run", "--rm", "fixture-env:1", "pwd") == "/srv/work"
    assert docker.ok("run", "--rm", "fixture-user:1", "sh", "-c", "id; pwd; echo $HOME") == (
        "uid=1000(demo) gid=1000(demo) groups=29(audio),44(video),1000(demo)\n/home/demo\n/home/demo"
    )


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        ("demo", "1000 1000 29 44 1000 /home/demo"),
        ("1000", "1000 1000 29 44 1000 /home/demo"),
        ("daemon", "1 1 1 /usr/sbin"),
        ("demo:video", "1000 44 44 /home/demo"),
        ("1000:5", "1000 5 5 /home/demo"),
        ("4242", "4242 0 0 /"),
        ("4242:4343", "4242 4343 4343 /"),
    ],
)
def test_user_flag(docker: Client, user: str, shown: str) -> None:
    """A1.25: users and groups by name or number, known or not, with their groups and home."""
    out = docker.ok("run", "--rm", "-u", user, "busybox", "sh", "-c", "id -u; id -g; id -G; echo $HOME")
    uid, gid, groups, home = out.splitlines()
    words = shown.split()
    assert [uid, gid, home] == [words[0], words[1], words[-1]]
    assert set(groups.split()) == set(words[2:-1])


@pytest.mark.parametrize(
    ("user", "complaint"),
    [
        ("nobody-here", "unable to find user nobody-here: no matching entries in passwd file"),
        ("demo:nogroup-here", "unable to find group nogroup-here: no matching entries in group file"),
    ],
)
def test_unknown_user(docker: Client, user: str, complaint: str) -> None:
    """Bad input: a user that the image does not have."""
    result = docker("run", "--rm", "-u", user, "busybox", "true")
    assert result.code == 125
    assert complaint in result.err


def test_group_add(docker: Client) -> None:
    """B4: by name and number."""
    out = docker.ok("run", "--rm", "--group-add", "audio", "--group-add", "777", "busybox", "id", "-G")
    assert {"0", "29", "777"} <= set(out.split())


def test_labels_and_cidfile(docker: Client, name: str, tmp_path: Path) -> None:
    """B4: --label, --label-file, --cidfile; the image's labels stay."""
    (tmp_path / "labels").write_text("team=vision\n")
    cid = tmp_path / "cid"
    docker.ok(
        "run",
        "--name",
        name,
        "--label",
        "a=b",
        "--label-file",
        str(tmp_path / "labels"),
        "--cidfile",
        str(cid),
        "fixture-expose:1",
        "true",
    )
    assert cid.read_text() == docker.ok("inspect", "-f", "{{.Id}}", name)
    labels = docker.ok("inspect", "-f", "{{json .Config.Labels}}", name)
    for pair in ('"a":"b"', '"team":"vision"', '"made":"here"'):
        assert pair in labels


def test_stdin_comes_through(docker: Client) -> None:
    """A2.1 without a terminal: -i gives standard input and its end; without -i there is none."""
    assert docker("run", "--rm", "-i", "busybox", "cat", stdin="one\ntwo\n") == (0, "one\ntwo\n", "")
    assert docker("run", "--rm", "busybox", "cat", stdin="one\n") == (0, "", "")


def test_streams_stay_apart(docker: Client) -> None:
    """A3.4, C2: standard output and error of the container are those of the client."""
    assert docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2") == (0, "out\n", "err\n")


def test_large_input_and_output_keep_every_byte(docker: Client) -> None:
    """C2: 8 MB of binary data through the container and back."""
    data = bytes(range(256)) * 32768
    done = docker.binary("run", "--rm", "-i", "busybox", "cat", stdin=data)
    assert done.returncode == 0
    assert done.stdout == data


def test_attach_one_stream_only(docker: Client) -> None:
    """B4: -a stdout leaves standard error in the log."""
    assert docker("run", "--rm", "-a", "stdout", "busybox", "sh", "-c", "echo out; echo err >&2") == (
        0,
        "out\n",
        "",
    )


def test_other_processes_die_with_the_first(docker: Client, name: str) -> None:
    """A1.24."""
    assert docker("run", "--name", name, "busybox", "sh", "-c", "sleep 300 & exit 7").code == 7
    assert docker.ok("inspect", "-f", "{{.State.Running}} {{.State.Pid}}", name) == "false 0"


def test_init_is_process_one(docker: Client) -> None:
    """A1.22: --init puts a small init in front."""
    out = docker.ok("run", "--rm", "--init", "busybox", "sh", "-c", "echo $$; cat /proc/1/comm")
    pid, comm = out.splitlines()
    assert int(pid) > 1
    assert "init" in comm or "tini" in comm


def test_unknown_flag(docker: Client) -> None:
    """Bad input: the client names the flag; exit 125."""
    result = docker("run", "--no-such-flag", "busybox")
    assert result.code == 125
    assert "unknown flag: --no-such-flag" in result.err


def test_unknown_runtime(docker: Client, engine: Engine) -> None:
    """A1.3: the text of 23 and later for an unknown name."""
    result = docker("run", "--rm", "--runtime", "no-such-runtime", "busybox", "true")
    assert result.code == 125
    text = expect(
        engine,
        dockerd="Unknown runtime specified no-such-runtime",
        berthd="unknown or invalid runtime name: no-such-runtime",
    )
    assert text in result.err


def test_a_failed_start_leaves_the_container_created(docker: Client, api: Api, name: str) -> None:
    """A1.14: the container of a start that failed can be inspected and removed."""
    docker("run", "-d", "--name", name, "busybox", "nope-no-such")
    state = api.get(f"/containers/{name}/json").json()["State"]
    assert state["Status"] == "created"
    assert "executable file not found" in state["Error"]
    assert docker.ok("rm", name) == name
