"""RUN --mount: keys, spellings, and what the options mean together."""

import pytest

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.instructions import Mount
from berth.dockerfile.mounts import check, is_read_only, option, parse_mount

MOUNTS = {
    "target=/a": Mount("bind", (("target", "/a"),)),
    "type=bind,src=a,dst=/b,rw": Mount("bind", (("source", "a"), ("target", "/b"), ("readwrite", None))),
    "TYPE=Cache,Destination=/a,ID=$x,sharing=locked": Mount(
        "cache", (("target", "/a"), ("id", "$x"), ("sharing", "locked"))
    ),
    "type=cache,target=/a,mode=0755,uid=1000,gid=$g": Mount(
        "cache", (("target", "/a"), ("mode", "0755"), ("uid", "1000"), ("gid", "$g"))
    ),
    "type=tmpfs,target=/a,size=1g": Mount("tmpfs", (("target", "/a"), ("size", "1g"))),
    "type=secret,id=a,env=B,required": Mount("secret", (("id", "a"), ("env", "B"), ("required", None))),
    "type=ssh": Mount("ssh", ()),
    'type=bind,"target=/a,b"': Mount("bind", (("target", "/a,b"),)),
    "from=stage,target=/a": Mount("bind", (("from", "stage"), ("target", "/a"))),
}


@pytest.mark.parametrize("text", MOUNTS)
def test_parse(text):
    assert parse_mount(text) == MOUNTS[text]


WRITING = {
    "target=/a": True,
    "target=/a,rw": False,
    "target=/a,rw=false": True,
    "target=/a,rw,ro": True,
    "type=cache,target=/a": False,
    "type=cache,target=/a,ro": True,
    "type=cache,target=/a,ro=0": False,
    "type=tmpfs,target=/a": False,
    "type=secret,id=a": True,
}


def test_read_only():
    assert {text: is_read_only(parse_mount(text)) for text in WRITING} == WRITING


def test_options():
    mount = parse_mount("type=ssh,target=/a,target=/b,required")
    assert option(mount, "target") == "/b"
    assert option(mount, "required") == "true"
    assert option(mount, "id") is None


def test_values_are_checked_again_when_known():
    mount = parse_mount("type=cache,target=/a,uid=$me")
    with pytest.raises(DockerfileError, match="invalid value jo for uid"):
        check(mount._replace(options=(("target", "/a"), ("uid", "jo"))))


def test_quotes_without_an_end():
    with pytest.raises(DockerfileError, match="failed to parse csv mounts"):
        parse_mount('type=bind,"target=/a')
