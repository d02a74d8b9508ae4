"""What is known of a build from its text: stages, target, references, and what is refused."""

import pytest

from berth.base.errors import InvalidArgument
from berth.build.outline import Origin, outline, with_triggers
from berth.build.request import BuildRequest
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.parser import parse
from tests.unit.build.plans import image


def outlined(text: str, **request):
    asked = BuildRequest(dockerfile=text.encode(), **request)
    return outline(parse(asked.dockerfile), asked)


THREE = "FROM a AS one\nRUN true\nFROM b AS Two\nRUN true\nFROM c\nCOPY --from=one /x /\n"


@pytest.mark.parametrize(
    ("target", "order", "names"),
    [
        ("", (0, 2), ["a", "c"]),
        ("two", (1,), ["b"]),
        ("TWO", (1,), ["b"]),
        ("0", (0,), ["a"]),
        ("2", (0, 2), ["a", "c"]),
    ],
)
def test_only_what_the_target_needs(target: str, order: tuple[int, ...], names: list[str]) -> None:
    whole = outlined(THREE, target=target)
    assert whole.order == order
    assert [reference.name for reference in whole.references] == names


@pytest.mark.parametrize("target", ["nope", "3", "-1", "١"])
def test_an_unknown_target(target: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        outlined(THREE, target=target)
    assert caught.value.message == f"failed to reach build target {target} in Dockerfile"
    assert caught.value.hint == "its stages are: one, two"


def test_global_arguments() -> None:
    text = "ARG TAG=1\nARG NAME=img$TAG\nARG BARE\nFROM ${NAME}:${TAG}-${BARE:-none}\n"
    assert outlined(text).references[0].name == "img1:1-none"
    assert outlined(text, build_args={"TAG": "2"}).references[0].name == "img2:2-none"
    assert outlined(text, build_args={"BARE": "b", "TAG": None}).references[0].name == "img1:1-b"


def test_platforms() -> None:
    whole = outlined(
        "FROM --platform=$BUILDPLATFORM tool AS t\nFROM x\nCOPY --from=t / /\nCOPY --from=y / /\n",
        platform="linux/arm64/v8",
    )
    assert [(r.name, r.platform) for r in whole.references] == [
        ("tool", ""),
        ("x", "linux/arm64"),
        ("y", "linux/arm64"),
    ]
    assert (whole.globals["TARGETPLATFORM"], whole.globals["TARGETARCH"]) == ("linux/arm64", "arm64")
    assert outlined("FROM a-$TARGETARCH", platform="linux/arm/7").references[0].name == "a-arm"
    assert outlined("FROM a-$TARGETSTAGE AS z\n", target="z").references[0].name == "a-z"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("FROM ${none}\n", "base name (${none}) should not be blank", 1),
        ("FROM a\nFROM --platform=$none b\n", "empty platform value from expression $none", 2),
        ("FROM a\nCOPY --from=7 a /\n", "invalid from flag value 7: index out of bounds", 2),
        ("FROM a AS x\nCOPY --from=x /a /b\n", "circular dependency detected on stage: x", 1),
        (
            "FROM a AS x\nCOPY --from=y /a /b\nFROM a AS y\nRUN --mount=from=x,target=/m true\n",
            "circular dependency detected on stage: y",
            3,
        ),
        ("FROM a:${b:?needed}\n", 'failed to process "a:${b:?needed}": b: needed', 1),
    ],
)
def test_what_is_refused(text: str, message: str, line: int) -> None:
    with pytest.raises(DockerfileError) as caught:
        outlined(text)
    assert (caught.value.message, caught.value.line) == (message, line)


def test_a_variable_in_from_of_copy() -> None:
    with pytest.raises(DockerfileError, match="variable expansion is not supported for --from"):
        outlined("FROM a\nARG S\nCOPY --from=$S /a /b\n")


def test_stages_may_be_named_before_they_come() -> None:
    whole = outlined("FROM a\nCOPY --from=later /x /y\nFROM b AS later\nRUN true\nFROM 0\n", target="0")
    assert whole.order == (1, 0)
    assert outlined("FROM b AS b\nRUN true\nFROM b\n").stages[1].base == Origin("stage", stage=0)


def test_contexts_by_name() -> None:
    text = "FROM alpine AS base\nRUN true\nFROM base\nCOPY --from=files a /\nCOPY --from=img b /\n"
    named = {"files": "context:1", "img": "docker-image://real:2"}
    whole = outlined(text, named=named)
    assert whole.contexts == ("files",)
    assert [r.name for r in whole.references] == ["alpine", "real:2"]
    assert not whole.uses_context
    replaced = outlined(text, named={**named, "docker.io/library/alpine:latest": "image:mine"})
    assert replaced.references[0].name == "mine"
    whole_stage = outlined(text, named={**named, "base": "context:2"})
    assert whole_stage.contexts == ("base", "files")
    assert whole_stage.stages[0].instructions == ()


def test_whether_the_context_is_needed() -> None:
    assert outlined("FROM a\nCOPY x /\n").uses_context
    assert outlined("FROM a\nRUN --mount=target=/src true\n").uses_context
    assert not outlined("FROM a\nCOPY <<EOF /x\nhi\nEOF\n").uses_context
    assert not outlined("FROM a AS unused\nCOPY x /\nFROM scratch\nLABEL a=b\n").uses_context


def test_triggers_bring_their_own_needs() -> None:
    text = "FROM tools AS tools\nRUN true\nFROM base\n"
    asked = BuildRequest(dockerfile=text.encode())
    whole = outline(parse(asked.dockerfile), asked)
    assert whole.order == (1,)
    base = image(on_build=("COPY --from=tools /x /x", "COPY --from=far:1 /y /y", "RUN true"))
    complete = with_triggers(whole, asked, {"base": base})
    assert complete.order == (0, 1)
    assert [r.name for r in complete.references] == ["tools", "base", "far:1"]
    assert with_triggers(complete, asked, {"base": base}) is complete


@pytest.mark.parametrize("trigger", ["FROM x", "ONBUILD RUN true", "NOPE", ""])
def test_triggers_that_cannot_be(trigger: str) -> None:
    asked = BuildRequest(dockerfile=b"FROM base\n")
    whole = outline(parse(asked.dockerfile), asked)
    with pytest.raises(DockerfileError) as caught:
        with_triggers(whole, asked, {"base": image(on_build=(trigger,))})
    assert caught.value.line == 1
