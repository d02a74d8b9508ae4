"""The messages of ``POST /build`` as the classic builder sends them (A4.2, A4.7)."""

import re
from collections.abc import Callable

from tests.conformance.build.conftest import Maker
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.http import Api

Look = Callable[[str, str], str]
PLAIN = 'FROM busybox\nRUN echo hi\nCOPY a /x/\nENV A=b C="d e"\nENTRYPOINT ["echo","hello"]\n'


def test_whole(make: Maker, name: str) -> None:
    """A4.2: each step with its text, its container and its image; then the result and its name."""
    done = make(PLAIN, {"a": "1"}, t=f"{name}:1", nocache=True)
    assert done.shown == (
        "Step 1/5 : FROM busybox\n ---> ID\n"
        "Step 2/5 : RUN echo hi\n ---> Running in ID\nhi\nRemoving intermediate container ID\n ---> ID\n"
        "Step 3/5 : COPY a /x/\n ---> ID\n"
        'Step 4/5 : ENV A=b C="d e"\n ---> ID\n'
        'Step 5/5 : ENTRYPOINT ["echo","hello"]\n ---> ID\n'
        f"Successfully built ID\nSuccessfully tagged {name}:1\n"
    )


def test_messages(make: Maker, name: str) -> None:
    """A4.2: which of it is one message, and the id of the result for programs."""
    done = make("FROM busybox\nRUN echo hi\n", t=f"{name}:1", nocache=True)
    streams = [message["stream"] for message in done.messages if "stream" in message]
    assert streams[:2] == ["Step 1/2 : FROM busybox", "\n"]
    assert re.fullmatch(r" ---> [0-9a-f]{12}\n", streams[2])
    assert streams[3:5] == ["Step 2/2 : RUN echo hi", "\n"]
    assert re.fullmatch(r" ---> Running in [0-9a-f]{12}\n", streams[5])
    assert streams[6] == "hi\n"
    assert re.fullmatch(r"Removing intermediate container [0-9a-f]{12}\n", streams[7])
    assert re.fullmatch(r" ---> [0-9a-f]{12}\n", streams[8])
    assert streams[9:] == [f"Successfully built {done.image[7:19]}\n", f"Successfully tagged {name}:1\n"]
    assert [m for m in done.messages if "aux" in m] == [{"aux": {"ID": done.image}}]
    assert done.messages[-3] == {"aux": {"ID": done.image}}
    assert done.reply.headers["content-type"] == "application/json"
    assert done.reply.body.count(b"\r\n") == len(done.messages)


def test_intermediate_ids_are_images(make: Maker, docker: Client) -> None:
    """A4.2: what stands behind each arrow can be run."""
    done = make("FROM busybox\nRUN echo one >/f\nRUN echo two >>/f\n", nocache=True)
    arrows = re.findall(r" ---> ([0-9a-f]{12})\n", done.text)
    assert len(arrows) == 3
    assert docker.ok("run", "--rm", arrows[1], "cat", "/f") == "one"
    assert docker.ok("run", "--rm", arrows[2], "cat", "/f") == "one\ntwo"
    assert docker.ok("inspect", "-f", "{{.Parent}}", arrows[2]).startswith(f"sha256:{arrows[1]}")


def test_stderr_is_red(make: Maker) -> None:
    """A4.2: standard error of a step is wrapped in red."""
    done = make("FROM busybox\nRUN echo err >&2\n", nocache=True)
    assert {"stream": "\x1b[91merr\n\x1b[0m"} in done.messages


def test_output_without_end_of_line(make: Maker) -> None:
    """A4.2: nothing is added to what a step prints."""
    done = make("FROM busybox\nRUN printf abc\n", nocache=True)
    assert "\nabcRemoving intermediate container" in done.text


def test_output_that_is_not_text(make: Maker) -> None:
    """Bad input: bytes that are no UTF-8 do not break the stream."""
    done = make(
        "FROM busybox\nRUN printf 'a\\377b\\303'; echo; printf '\\303'; printf '\\244'\n", nocache=True
    )
    assert "a\ufffdb\ufffd\n" in done.text
    assert done.image


def test_using_cache(make: Maker) -> None:
    """A4.7: the second build says so for each step, and ends with the same image."""
    first = make(PLAIN, {"a": "1"}, labels={"t": "using-cache"})
    again = make(PLAIN, {"a": "1"}, labels={"t": "using-cache"})
    assert again.image == first.image
    assert again.text.count(" ---> Using cache\n") == 5
    assert "Running in" not in again.text


def test_cache_prefix(make: Maker) -> None:
    """A4.7: after the first step that differs nothing is taken from the cache."""
    text = "FROM busybox\nENV T=cache-prefix\nRUN echo one\nRUN echo {}\nRUN echo three\n"
    make(text.format("two"))
    again = make(text.format("changed"))
    steps = again.text.split("Step ")[2:]
    assert ["Using cache" in step for step in steps] == [True, True, False, False]


def test_cache_content(make: Maker) -> None:
    """A4.7: content counts, the time of a file does not."""
    text = "FROM busybox\nENV T=cache-content\nCOPY f /f\nRUN cat /f\n"
    first = make(text, {"f": "one"})
    changed = make(text, {"f": "two"})
    assert changed.image != first.image
    assert "two" in changed.text
    assert make(text, {"f": "one", "other": "not copied"}).image == first.image


def test_nocache(make: Maker) -> None:
    """A4.7: ``nocache`` runs everything again."""
    text = "FROM busybox\nENV T=nocache\nRUN date +%s%N >/now\n"
    first = make(text)
    again = make(text, nocache=True)
    assert "Using cache" not in again.text
    assert again.image != first.image


def test_quiet(make: Maker) -> None:
    """A4.2: ``q`` tells the id only."""
    done = make("FROM busybox\nRUN echo quiet\n", q=True)
    assert len(done.messages) == 1
    assert re.fullmatch("sha256:[0-9a-f]{64}\n", done.text)


def test_quiet_failure(make: Maker) -> None:
    """A4.2: a build that fails tells everything after all."""
    done = make("FROM busybox\nRUN echo hmm; false\n", q=True)
    assert done.shown.startswith(
        "Step 1/2 : FROM busybox\n ---> ID\nStep 2/2 : RUN echo hmm; false\n ---> Running in ID\nhmm\n"
    )
    assert done.error.endswith("returned a non-zero code: 1")


def test_rm_off(make: Maker, api: Api) -> None:
    """A4.2: without ``rm`` the containers of steps stay."""
    done = make("FROM busybox\nRUN echo kept\n", rm=False, nocache=True)
    assert "Removing" not in done.text
    ran = re.findall(r"Running in ([0-9a-f]{12})", done.text)
    assert len(ran) == 1
    found = api.get(f"/containers/{ran[0]}/json").json()
    assert found["State"]["Status"] == "exited"
    assert found["Config"]["Cmd"] == ["/bin/sh", "-c", "echo kept"]


def test_rm_on(make: Maker, api: Api) -> None:
    """A4.2: with it no container is left."""
    before = len(api.get("/containers/json", all=True).json())
    make("FROM busybox\nRUN echo gone\nENV A=b\n", nocache=True)
    assert len(api.get("/containers/json", all=True).json()) == before


def test_several_names(engine: Engine, make: Maker, name: str, docker: Client) -> None:
    """A4.1: every ``t`` names the result."""
    done = make("FROM busybox\nENV A=names\n", t=f"{name}:1")
    assert make("FROM busybox\nENV A=names\n", t=f"{name}-b").image == done.image
    assert docker.ok("images", "-q", "--no-trunc", f"{name}-b:latest") == done.image


def test_name_moves(make: Maker, name: str, docker: Client) -> None:
    """A4.9 for builds: the image that had the name before has none, and stays."""
    first = make("FROM busybox\nENV A=1\n", t=f"{name}:1").image
    second = make("FROM busybox\nENV A=2\n", t=f"{name}:1").image
    assert docker.ok("inspect", "-f", "{{.Id}}", f"{name}:1") == second
    assert docker.ok("inspect", "-f", "{{.RepoTags}}", first) == "[]"


def test_result_without_a_name_is_listed(make: Maker, docker: Client) -> None:
    """A4.1: as an unnamed image; what it was built on is only listed with -a."""
    done = make("FROM busybox\nRUN echo a >/a\nRUN echo b >/b\n", nocache=True)
    arrows = re.findall(r" ---> ([0-9a-f]{12})\n", done.text)
    listed = docker.ok("images", "-q").split()
    assert arrows[2] in listed
    assert arrows[1] not in listed
    assert arrows[1] in docker.ok("images", "-aq").split()


def test_stages(make: Maker, look: Look) -> None:
    """A5 FROM: several stages; COPY --from by name, by number, and from an image."""
    done = make(
        "FROM busybox AS one\nRUN echo 1 >/f\n"
        "FROM busybox\nCOPY --from=one /f /g\n"
        "FROM busybox\nCOPY --from=one /f /g\nCOPY --from=1 /g /h\nCOPY --from=busybox /etc/passwd /p\n"
    )
    assert "Step 7/8 : COPY --from=1 /g /h\n" in done.text
    assert look(done.image, "cat /g /h; wc -l </p") == "1\n1\n3"


def test_target(make: Maker, look: Look) -> None:
    """A5: ``target`` ends the build there."""
    done = make(
        "FROM busybox AS one\nRUN echo 1 >/f\nFROM busybox\nRUN false\n", target="one", t="target-test:1"
    )
    assert look(done.image, "cat /f") == "1"
    assert "false" not in done.text


def test_triggers(make: Maker, name: str, look: Look) -> None:
    """A5 ONBUILD: run right after FROM of the child, told so, and not inherited any further."""
    make("FROM busybox\nONBUILD COPY a /x\nONBUILD RUN cat /x\n", t=f"{name}:base")
    done = make(f"FROM {name}:base\nENV q=1\n", {"a": "hello\n"}, t=f"{name}:child")
    assert done.shown.startswith(
        f"Step 1/2 : FROM {name}:base\n# Executing 2 build triggers\n ---> Running in"
    )
    assert "\nhello\n" in done.text
    assert look(done.image, "cat /x") == "hello"
    assert "Executing" not in make(f"FROM {name}:child\n").text


def test_one_trigger(make: Maker) -> None:
    """A5 ONBUILD: the singular."""
    assert "# Executing 1 build trigger\n" in make("FROM fixture-onbuild:1\n").text


def test_labels_are_steps(make: Maker, docker: Client) -> None:
    """A4.2: labels of the request are steps at the end, by name."""
    done = make("FROM busybox\nLABEL a=b\n", labels={"z": "1", "y": "2"})
    assert "Step 3/4 : LABEL y=2\n" in done.text
    assert "Step 4/4 : LABEL z=1\n" in done.text
    assert docker.ok("inspect", "-f", "{{json .Config.Labels}}", done.image) == '{"a":"b","y":"2","z":"1"}'


def test_unused_arguments(make: Maker) -> None:
    """A5 ARG: a warning names them."""
    done = make("FROM busybox\nARG A\n", buildargs={"X": "1", "A": "2", "B": "3"})
    assert {"stream": "[Warning] One or more build-args [B X] were not consumed\n"} in done.messages


def test_only_scratch(make: Maker) -> None:
    """A5 FROM: scratch alone is no image."""
    done = make("FROM scratch\n")
    assert done.error == "No image was generated. Is your Dockerfile empty?"


def test_scratch(make: Maker, docker: Client) -> None:
    """A5 FROM: scratch has no id and no layers."""
    done = make("FROM scratch\nCOPY a /\n", {"a": "1"})
    assert done.shown.startswith("Step 1/2 : FROM scratch\n ---> \nStep 2/2 : COPY a /\n ---> ID\n")
    assert docker.ok("inspect", "-f", "{{len .RootFS.Layers}}", done.image) == "1"


def test_continuation_with_an_empty_line(make: Maker) -> None:
    """D3: it is a warning."""
    done = make("FROM busybox\nRUN echo a \\\n\n  && echo b\n")
    assert done.text.startswith(
        "\x1b[91m[WARNING]: Empty continuation line found in:\n    RUN echo a   && echo b\n"
    )
    assert done.image


def test_much_output(make: Maker) -> None:
    """A4.2: all of it arrives, however much there is."""
    done = make("FROM busybox\nRUN yes | head -c 20000000\n", nocache=True)
    assert done.text.count("y\n") >= 10_000_000
    assert done.image


def test_left_container_can_be_started(make: Maker, docker: Client) -> None:
    """A4.5: what a failed step left is a container like any other."""
    done = make("FROM busybox\nRUN echo kept >/kept; false\n")
    left = re.findall(r"Running in ([0-9a-f]{12})", done.text)[0]
    assert docker("start", "-a", left).code == 1
    assert docker.ok("diff", left) == "A /kept"
