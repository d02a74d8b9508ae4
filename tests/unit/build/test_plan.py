"""Expansion, scopes, settings and the history of every step of a plan."""

import pytest

from berth.base.errors import InvalidArgument
from berth.build.outline import Origin
from berth.build.plan import planned
from berth.build.plan_step import Script
from berth.build.records import Planned, decode_record, encode_record
from berth.dockerfile.errors import DockerfileError
from berth.image.config import ImageHealth
from tests.unit.build.plans import image, last, plan, plan_with


def env(text: str, **given) -> dict[str, str]:
    """The variables after the last step, without PATH."""
    pairs = dict(item.split("=", 1) for item in last(text, **given).settings.env)
    pairs.pop("PATH")
    return pairs


def test_numbers_and_texts() -> None:
    made = plan(
        "ARG V=1\nFROM base AS one\nrun true\nFROM other AS unused\nRUN x\nRUN y\nFROM base:$V\n"
        "COPY --from=one /a /\nLABEL a=b\n",
        labels={"z": "1", "y": "2"},
    )
    assert made.preamble == ("ARG V=1",)
    assert made.total == 8
    assert [(s.number, s.display) for s in made.steps] == [
        (2, "FROM base AS one"),
        (3, "run true"),
        (4, "FROM base:$V"),
        (5, "COPY --from=one /a /"),
        (6, "LABEL a=b"),
        (7, "LABEL y=2"),
        (8, "LABEL z=1"),
    ]
    assert made.steps[-1].settings.labels == {"a": "b", "y": "2", "z": "1"}
    assert list(made.stages) == [0, 2]


def test_numbers_follow_the_file_where_stages_do_not() -> None:
    made = plan("FROM base\nCOPY --from=late /a /\nFROM base AS late\nRUN true\n", target="0")
    assert list(made.stages) == [1, 0]
    assert [(s.number, s.kind) for s in made.stages[0].steps] == [(1, "from"), (2, "copy")]
    assert [(s.number, s.kind) for s in made.stages[1].steps] == [(3, "from"), (4, "run")]
    assert [s.index for s in made.steps] == [0, 1, 2, 3]


def test_values_are_fixed_for_one_instruction() -> None:
    assert env("FROM base\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc") == {
        "abc": "bye",
        "def": "hello",
        "ghi": "bye",
    }


def test_order_of_variables() -> None:
    step = last("FROM base\nENV b=1 a=2\nENV c=3 b=4\n")
    assert step.settings.env == ("PATH=/bin", "b=4", "a=2", "c=3")


def test_a_path_is_always_there() -> None:
    step = last("FROM scratch\nLABEL a=b\n")
    assert step.settings.env == ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",)


@pytest.mark.parametrize(
    ("text", "args", "value"),
    [
        ("FROM base\nARG a=1\nENV x=$a", {}, "1"),
        ("FROM base\nARG a=1\nENV x=$a", {"a": "2"}, "2"),
        ("FROM base\nARG a=1\nENV x=$a", {"a": ""}, ""),
        ("FROM base\nARG a=1\nENV x=$a", {"a": None}, "1"),
        ("FROM base\nENV x=${a-none}\nARG a=1", {"a": "2"}, "none"),
        ("FROM base\nARG a\nENV x=${a-none}", {}, "none"),
        ("ARG a=1\nFROM base\nENV x=${a-none}", {"a": "2"}, "none"),
        ("ARG a=1\nFROM base\nARG a\nENV x=$a", {}, "1"),
        ("ARG a=1\nFROM base\nARG a\nENV x=$a", {"a": "2"}, "2"),
        ("ARG a=1\nFROM base\nARG a=3\nENV x=$a", {}, "3"),
        ("FROM base\nARG a=1\nARG a\nENV x=$a", {}, "1"),
        ("FROM base\nENV a=0\nARG a=1\nENV x=$a", {"a": "2"}, "0"),
        ("FROM base\nARG a=1\nENV a=0\nENV x=$a", {"a": "2"}, "0"),
        ("FROM base AS s\nARG a=1\nFROM s\nENV x=$a", {}, "1"),
        ("FROM base AS s\nARG a\nFROM s\nENV x=$a", {"a": "2"}, "2"),
        ("FROM base AS s\nARG a=1\nFROM base\nCOPY --from=s / /\nENV x=${a-none}", {}, "none"),
        ("FROM base\nARG a=1 b=$a\nENV x=${b:-none}", {}, "none"),
        ("FROM base\nARG a=1\nARG b=$a\nENV x=$b", {"a": "2"}, "2"),
        ("FROM base\nENV x=${HTTP_PROXY-none}", {"HTTP_PROXY": "p"}, "none"),
        ("FROM base\nARG HTTP_PROXY\nENV x=$HTTP_PROXY", {"HTTP_PROXY": "p"}, "p"),
        ("FROM base\nENV x=${TARGETOS-none}", {}, "none"),
        ("FROM base\nARG TARGETOS\nENV x=$TARGETOS", {}, "linux"),
        ("FROM base\nARG TARGETOS\nENV x=$TARGETOS", {"TARGETOS": "mine"}, "mine"),
        ("# escape=`\nFROM base\nARG a=`$b\nENV x=$a", {}, "$b"),
    ],
)
def test_where_arguments_are_in_force(text: str, args: dict[str, str | None], value: str) -> None:
    assert env(text, build_args=args)["x"] == value


def test_arguments_that_nobody_declared() -> None:
    given = {"a": "1", "zz": "2", "HTTP_PROXY": "p", "SOURCE_DATE_EPOCH": "9", "TARGETARCH": "x", "u": "3"}
    made = plan("ARG a\nFROM base\nFROM base AS other\nARG u\nFROM base\nLABEL b=c", build_args=given)
    assert made.unused_args == ("u", "zz")
    assert made.epoch == 9


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 30])
def test_an_epoch_that_is_none(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid SOURCE_DATE_EPOCH"):
        plan("FROM base", build_args={"SOURCE_DATE_EPOCH": text})


def test_what_a_run_gets() -> None:
    step = last(
        "FROM base\nARG b=2 a=1 none\nENV b=9 c=3\nWORKDIR /w\nUSER u\nWORKDIR d\nRUN --network=none x $a\n",
        build_args={"http_proxy": "p", "a": "one"},
    )
    run = step.run
    assert run.argv == ("/bin/sh", "-c", "x $a")
    assert run.env == ("PATH=/bin", "b=9", "c=3", "a=one")
    assert run.proxies == ("http_proxy=p",)
    assert (run.workdir, run.user, run.network) == ("/w/d", "u", "none")
    assert step.created_by == "|1 a=one /bin/sh -c x $a"


def test_a_declared_proxy_is_an_argument() -> None:
    step = last("FROM base\nARG http_proxy\nRUN x\n", build_args={"http_proxy": "p"})
    assert step.run.proxies == ()
    assert step.created_by == "|1 http_proxy=p /bin/sh -c x"


def test_exec_forms_and_other_shells() -> None:
    made = plan('FROM base\nSHELL ["/bin/bash", "-ec"]\nRUN x\nRUN ["y", "a b"]\nCMD z\n')
    assert made.steps[2].run.argv == ("/bin/bash", "-ec", "x")
    assert (made.steps[3].run.argv, made.steps[3].created_by) == (("y", "a b"), "y a b")
    assert made.steps[4].settings.cmd == ("/bin/bash", "-ec", "z")


def test_heredocs_of_run() -> None:
    made = plan(
        "FROM base\nARG a=1\nRUN <<EOF\necho $a\nEOF\nRUN cat <<X > f\nx\nX\n"
        "RUN <<-P\n\t#!/usr/bin/python3\n\tprint()\nP\n"
    )
    whole, mixed, script = (step.run for step in made.steps[2:])
    assert whole.argv == ("/bin/sh", "-c", "echo $a\n")
    assert mixed.argv == ("/bin/sh", "-c", "cat <<X > f\nx\nX")
    assert script.argv == ("/bin/sh", "-c", "/dev/pipes/P")
    assert script.script == Script("/dev/pipes/P", "#!/usr/bin/python3\nprint()\n")
    assert made.steps[4].created_by.endswith("/bin/sh -c <<P\n#!/usr/bin/python3\nprint()\nP")


def test_mounts() -> None:
    step = last(
        "FROM base AS tool\nRUN t\nFROM base\nARG d=lib\nWORKDIR /w\n"
        "RUN --mount=type=cache,target=$d,id=x-$d --mount=from=tool,target=/t,source=/bin "
        "--mount=target=/c,source=sub "
        "--mount=type=bind,from=img,target=/i --mount=type=secret,id=s make\n"
    )
    assert [(m.mount.type, m.target, m.origin) for m in step.run.mounts] == [
        ("cache", "/w/lib", None),
        ("bind", "/t", Origin("stage", stage=0)),
        ("bind", "/c", Origin("context")),
        ("bind", "/i", Origin("image", "img")),
        ("secret", "", None),
    ]
    assert ("id", "x-lib") in step.run.mounts[0].mount.options
    assert step.needs == (0,)


def test_copies() -> None:
    step = last("FROM base\nARG d=sub\nWORKDIR /w\nCOPY --chown=$d --exclude=*.c $d app.py ./\n")
    assert step.instruction.sources == ("sub", "app.py")
    assert step.instruction.chown == "sub"
    assert (step.selection.sources, step.selection.excludes) == (("sub", "app.py"), ("*.c",))
    assert (step.workdir, step.instruction.destination, step.origin) == ("/w", "./", Origin("context"))
    assert step.created_by.startswith("/bin/sh -c #(nop) COPY --chown=sub multi:")
    assert step.created_by.endswith(" in ./ ")


@pytest.mark.parametrize(
    ("source", "kind"), [("a.txt", "file"), ("sub", "dir"), ("*.py", "multi"), (".", "dir")]
)
def test_how_the_history_names_a_copy(source: str, kind: str) -> None:
    assert f" COPY {kind}:" in last(f"FROM base\nCOPY {source} /d/\n").created_by


def test_adds() -> None:
    step = last("FROM base\nADD --checksum=sha256:12 https://h/x a.txt git@h:r.git#b /d/\n")
    assert step.urls == ("https://h/x", "git@h:r.git#b")
    assert step.selection.sources == ("a.txt",)
    assert step.by_content
    assert last("FROM base\nADD https://h/x /d/\n").origin is None


def test_heredocs_of_copy() -> None:
    made = plan("FROM base\nARG a=1\nCOPY <<X <<'Y' /d/\n$a '\"\nX\n$a\nY\n")
    assert [doc.body for doc in made.steps[-1].instruction.heredocs] == ["1 '\"\n", "$a\n"]
    assert made.steps[-1].origin is None


def test_entrypoint_and_the_command_of_the_base() -> None:
    base = image(cmd=("serve",), entrypoint=("old",))
    assert last("FROM base\nLABEL a=b", base=base).settings.cmd == ("serve",)
    assert last('FROM base\nENTRYPOINT ["x"]', base=base).settings.cmd is None
    assert last('FROM base\nCMD ["mine"]\nENTRYPOINT ["x"]', base=base).settings.cmd == ("mine",)
    assert last('FROM base AS s\nCMD ["mine"]\nFROM s\nENTRYPOINT ["x"]', base=base).settings.cmd is None
    cleared = last("FROM base\nENTRYPOINT []\nCMD []", base=base).settings
    assert (cleared.entrypoint, cleared.cmd) == (None, ())


def test_workdirs_chain() -> None:
    made = plan("FROM base\nWORKDIR a\nWORKDIR $X/b\nWORKDIR ../c/./d\nWORKDIR /e//f/\nWORKDIR ../../../..\n")
    found = [step.settings.working_dir for step in made.steps[1:]]
    assert found == ["/a", "/b", "/c/d", "/e/f", "/"]
    assert last("FROM base\nWORKDIR sub\n", base=image(working_dir="/app")).settings.working_dir == "/app/sub"


def test_health() -> None:
    text = (
        "FROM base\nHEALTHCHECK --interval=5s --timeout=3s --start-period=1m30s --retries=4 CMD x || exit 1"
    )
    step = last(text)
    assert step.settings.healthcheck == ImageHealth(
        test=("CMD-SHELL", "x || exit 1"),
        interval=5_000_000_000,
        timeout=3_000_000_000,
        start_period=90_000_000_000,
        retries=4,
    )
    assert last("FROM base\nHEALTHCHECK NONE").settings.healthcheck == ImageHealth(test=("NONE",))


# What dockerd 20.10 writes for the same lines.
@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('MAINTAINER "Me <me@x>"', ' MAINTAINER "Me <me@x>"'),
        ('ARG two=2 three="a b" four', " ARG two=2 three=a b four"),
        ('ENV a=1 b="x y" c=\'q"q\'', ' ENV a=1 b=x y c=q"q'),
        ("ENV leg hello   world", " ENV leg=hello   world"),
        (r'LABEL k=v "k 2"="v\"2" k3=a\ b', ' LABEL k=v k 2=v"2 k3=a b'),
        ("EXPOSE 80 81/udp 9000-9002/TCP", " EXPOSE 80 81/udp 9000-9002/TCP"),
        ("USER root", " USER root"),
        ("WORKDIR ../y/./z", "WORKDIR /y/z"),
        ("VOLUME /v1 /v2", " VOLUME [/v1 /v2]"),
        ('VOLUME ["/v3", "/v 4"]', " VOLUME [/v3 /v 4]"),
        ("CMD echo cmd", ' CMD ["/bin/sh" "-c" "echo cmd"]'),
        ('CMD ["echo", "x<>&y"]', ' CMD ["echo" "x<>&y"]'),
        ("CMD []", " CMD []"),
        ("ENTRYPOINT []", " ENTRYPOINT []"),
        ("ENTRYPOINT echo ep", ' ENTRYPOINT ["/bin/sh" "-c" "echo ep"]'),
        ("STOPSIGNAL SIGUSR1", " STOPSIGNAL SIGUSR1"),
        (
            "HEALTHCHECK --interval=5s --timeout=3s --start-period=1s --retries=4 CMD echo ok || exit 1",
            """ HEALTHCHECK &{["CMD-SHELL" "echo ok || exit 1"] "5s" "3s" "1s" '\\x04'}""",
        ),
        ('HEALTHCHECK CMD ["echo", "ok"]', """ HEALTHCHECK &{["CMD" "echo" "ok"] "0s" "0s" "0s" '\\x00'}"""),
        ("HEALTHCHECK NONE", """ HEALTHCHECK &{["NONE"] "0s" "0s" "0s" '\\x00'}"""),
        ("ONBUILD RUN echo trig", " ONBUILD RUN echo trig"),
    ],
)
def test_the_history_of_what_does_not_run(line: str, text: str) -> None:
    assert last(f"FROM base\n{line}\n").created_by == f"/bin/sh -c #(nop) {text}"


def test_the_history_has_the_shell_of_its_time() -> None:
    made = plan('FROM base\nSHELL ["/bin/sh", "-e", "-c"]\nCMD ls\nLABEL a=b\n')
    assert [step.created_by for step in made.steps[1:]] == [
        "/bin/sh -e -c #(nop)  SHELL [/bin/sh -e -c]",
        '/bin/sh -e -c #(nop)  CMD ["/bin/sh" "-e" "-c" "ls"]',
        "/bin/sh -e -c #(nop)  LABEL a=b",
    ]


def test_ports_and_volumes_add_up() -> None:
    made = plan(
        "FROM base\nARG p='80 443/udp'\nEXPOSE $p 9000-9001\nEXPOSE 80/tcp 127.0.0.1:1:53/UDP\n"
        "VOLUME /a\nVOLUME /b\n"
    )
    found = made.steps[-1].settings
    assert list(found.exposed_ports) == ["80/tcp", "443/udp", "9000/tcp", "9001/tcp", "53/udp"]
    assert list(found.volumes) == ["/a", "/b"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ENV $x=1", "invalid environment variable: =1"),
        ("ENV x=${y:?bad}", 'failed to process "${y:?bad}": y: bad'),
        ("STOPSIGNAL foo", "Invalid signal: foo"),
        ("VOLUME $x", "VOLUME specified can not be an empty string"),
        (
            "COPY nope /",
            "COPY failed: file not found in build context or excluded by .dockerignore: "
            "stat nope: file does not exist",
        ),
        ("RUN --mount=type=cache,target=/c,mode=${x:-9} true", "invalid value 9 for mode"),
    ],
)
def test_what_is_refused(line: str, message: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        plan(f"FROM base\nRUN first\n{line}\n")
    assert (caught.value.message, caught.value.line) == (message, 3)


def test_a_mount_of_what_the_context_lacks() -> None:
    with pytest.raises(DockerfileError, match="stat nope: file does not exist"):
        plan("FROM base\nRUN --mount=target=/x,source=nope true\n")


def test_triggers_run_first_and_are_not_inherited() -> None:
    base = image(on_build=("ENV a=1", "RUN echo $a", "COPY a.txt /t"))
    made = plan("FROM base AS child\nRUN mine\nFROM child\nRUN other\n", base=base)
    child, grandchild = made.stages[0].steps, made.stages[1].steps
    assert [(s.number, s.trigger, s.display) for s in child] == [
        (1, False, "FROM base AS child"),
        (0, True, "ENV a=1"),
        (0, True, "RUN echo $a"),
        (0, True, "COPY a.txt /t"),
        (2, False, "RUN mine"),
    ]
    assert child[2].run.env == ("PATH=/bin", "a=1")
    assert [s.trigger for s in grandchild] == [False, False]
    assert made.steps[-1].settings.on_build is None


def test_triggers_of_a_stage() -> None:
    made = plan("FROM base AS a\nONBUILD RUN t\nFROM a\nRUN x\nFROM a AS c\nONBUILD RUN u\n", target="1")
    assert [s.display for s in made.stages[1].steps] == ["FROM a", "RUN t", "RUN x"]
    assert made.steps[-1].settings.on_build is None
    assert made.stages[0].steps[-1].settings.on_build == ("RUN t",)


def test_labels_belong_to_the_target() -> None:
    made = plan("FROM base AS a\nRUN x\nFROM a\nRUN y\n", target="a", labels={"k": "$v"})
    assert made.steps[-1].settings.labels == {"k": "$v"}
    assert (made.total, made.steps[-1].stage) == (3, 0)


def test_the_author_stays() -> None:
    made = plan("FROM base AS a\nMAINTAINER me\nRUN x\nFROM a\nLABEL b=c\n")
    assert [step.author for step in made.steps] == ["", "me", "me", "me", "me"]


def test_a_directory_in_the_place_of_an_image() -> None:
    made = plan("FROM files AS a\nRUN x\n", named={"files": "context:1"})
    copied = made.steps[1]
    assert (copied.kind, copied.origin, copied.selection.sources) == (
        "copy",
        Origin("named", "files"),
        ("/",),
    )
    replaced = plan("FROM base AS a\nRUN x\nFROM a\nRUN y\n", named={"a": "context:1"})
    assert [s.kind for s in replaced.steps] == ["from", "copy", "from", "run"]


def test_the_plan_as_a_record() -> None:
    base = image(on_build=("RUN t",))
    made, _ = plan_with("FROM up AS a\nRUN x\nFROM base AS b\nCOPY --from=a /x /\n", {"up": base})
    record = planned(made, {3: (False, "why")})
    assert decode_record(encode_record(record)) == record
    assert isinstance(record, Planned)
    assert [step.needs for step in record.steps] == [(), (0,), (1,), (), (3, 2)]
    assert (record.steps[3].cached, record.steps[3].reason) == (False, "why")
    assert record.steps[1].trigger
