"""Changes of a configuration, as dockerd 20.10 made them of the same lines."""

import pytest

from berth.base.errors import InvalidArgument
from berth.image.config import ImageHealth, ImageSettings
from berth.image.instructions import apply_changes


def test_every_instruction_as_dockerd_understands_it() -> None:
    changes = [
        "HEALTHCHECK --interval=5s CMD echo hi",
        'CMD ["a"]',
        'ENV a=b c="d e" f=$a',
        "EXPOSE 80 81/udp 90-92",
        "ENTRYPOINT foo",
        "WORKDIR a",
        "WORKDIR b",
        "VOLUME /x /y",
        "ONBUILD RUN x",
        'LABEL a="b c" d=e',
        "USER 3",
    ]
    assert apply_changes(ImageSettings(), changes) == ImageSettings(
        user="3",
        exposed_ports={"80/tcp": {}, "81/udp": {}, "90/tcp": {}, "91/tcp": {}, "92/tcp": {}},
        env=("a=b", "c=d e", "f="),
        entrypoint=("/bin/sh", "-c", "foo"),
        cmd=("a",),
        volumes={"/x": {}, "/y": {}},
        working_dir="/a/b",
        labels={"a": "b c", "d": "e"},
        healthcheck=ImageHealth(test=("CMD-SHELL", "echo hi"), interval=5_000_000_000),
        on_build=("RUN x",),
    )


def test_old_forms_and_lower_case() -> None:
    settings = apply_changes(
        ImageSettings(), ["env PATH /bin:/usr/bin", "ENV MORE=$PATH:/x", "cmd echo $PATH"]
    )
    assert settings.env == ("PATH=/bin:/usr/bin", "MORE=/bin:/usr/bin:/x")
    assert settings.cmd == ("/bin/sh", "-c", "echo $PATH")


def test_a_new_entrypoint_drops_an_inherited_command() -> None:
    base = ImageSettings(cmd=("old",), env=("A=1", "B=2"))
    assert apply_changes(base, ['ENTRYPOINT ["run"]']).cmd is None
    assert apply_changes(base, ["CMD x", 'ENTRYPOINT ["run"]']).cmd == ("/bin/sh", "-c", "x")
    assert apply_changes(base, ["ENV A=3"]).env == ("A=3", "B=2")


def test_variables_are_replaced_where_dockerd_does() -> None:
    base = ImageSettings(env=("A=1", "PORTS=80 81", "B="))
    changes = [
        "ENV C=${B:-x}-${A:+y} D='$A'",
        "LABEL l-$A=$A",
        "EXPOSE $PORTS",
        "USER ${A%1}2",
        "CMD echo $A",
    ]
    settings = apply_changes(base, changes)
    assert settings.env == ("A=1", "PORTS=80 81", "B=", "C=x-y", "D=$A")
    assert settings.labels == {"l-1": "1"}
    assert settings.exposed_ports == {"80/tcp": {}, "81/tcp": {}}
    assert settings.user == "2"
    assert settings.cmd == ("/bin/sh", "-c", "echo $A")


def test_an_empty_command() -> None:
    assert apply_changes(ImageSettings(), ["CMD"]).cmd == ("/bin/sh", "-c", "")
    assert apply_changes(ImageSettings(cmd=("a",)), ["CMD []"]).cmd == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ADD x y", "add is not a valid change command"),
        ('SHELL ["x"]', "shell is not a valid change command"),
        ("FOO x", "foo is not a valid change command"),
        ("", "file with no instructions"),
        ("USER", "USER requires exactly one argument"),
        ("CMD [1]", "arrays must be comprised of strings only"),
        ("ENV a", "ENV must have two arguments"),
        ("ENV a=1 b", "can't find = in"),
        ("ENV =x", "names can not be blank"),
        ('LABEL a="b', "looking for matching double-quote"),
        ("ENV a=${b", 'failed to process "\\${b"'),
        ("EXPOSE 80/foo", "Invalid proto: foo"),
        ("EXPOSE no", "Invalid containerPort: no"),
        ("EXPOSE 70000", "Invalid containerPort: 70000"),
        ("EXPOSE 9-8", "Invalid containerPort"),
        ("ONBUILD FROM x", "isn't allowed as an ONBUILD trigger"),
        ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD"),
        ("HEALTHCHECK --intervall=1s CMD x", "unknown flag: intervall"),
        ("HEALTHCHECK --retries=x CMD x", 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("HEALTHCHECK RUN x", "Unknown type"),
        ("HEALTHCHECK CMD", "Missing command"),
        ('VOLUME ["/a", ""]', "VOLUME specified can not be an empty string"),
    ],
)
def test_wrong_lines_are_named(change: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        apply_changes(ImageSettings(), [change])
