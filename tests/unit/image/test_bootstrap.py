"""Where packages come from, and which busybox will do."""

import struct

from berth.image.apt_sources import (
    Source,
    distribution_of,
    os_release,
    parse_deb822,
    parse_one_line,
    sources_for,
)
from berth.image.busybox import is_static

DEB822 = """\
Types: deb deb-src
# a comment
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /x.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main

Types: deb
Enabled: no
URIs: http://off.example
Suites: bookworm
Components: main

Types: deb
URIs: http://other.example
Suites: stable
Components: pool
"""
ONE_LINE = """\
# deb http://commented.example bookworm main
deb [arch=amd64 signed-by=/x] http://a.example/debian bookworm main non-free # why
deb-src http://a.example/debian bookworm main
deb http://flat.example ./
"""
HOST = {"ID": "debian", "VERSION_CODENAME": "bookworm"}


def test_both_styles_of_sources() -> None:
    assert list(parse_one_line(ONE_LINE)) == [Source("http://a.example/debian", "bookworm", "main non-free")]
    assert [source.suite for source in parse_deb822(DEB822)] == [
        "bookworm", "bookworm-updates", "bookworm-security", "stable",
    ]  # fmt: skip


def test_the_machines_own_release_comes_from_its_own_mirror() -> None:
    found = sources_for("bookworm", HOST, list(parse_deb822(DEB822)))
    assert [source.line() for source in found] == [
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/security bookworm-security main",
    ]


def test_other_releases() -> None:
    configured = list(parse_deb822(DEB822))
    assert sources_for("trixie", HOST, configured) == [
        Source("http://mirror.example/debian", "trixie", "main")
    ]
    (noble,) = sources_for("noble", HOST, configured)
    assert noble.line() == "deb http://archive.ubuntu.com/ubuntu noble main universe"
    assert sources_for("sid", {}, [])[0].uri == "http://deb.debian.org/debian"
    assert (distribution_of("jammy"), distribution_of("bookworm")) == ("ubuntu", "debian")


def test_os_release() -> None:
    assert os_release('ID=debian\nNAME="A B"\n\nX\n') == {"ID": "debian", "NAME": "A B"}


def _elf(*segments: int) -> bytes:
    head = bytearray(64)
    head[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<Q", head, 32, 64)
    struct.pack_into("<HH", head, 54, 56, len(segments))
    return bytes(head) + b"".join(struct.pack("<I", kind) + bytes(52) for kind in segments)


def test_only_a_static_program_will_do() -> None:
    assert is_static(_elf(1, 2, 6))
    assert not is_static(_elf(6, 3, 1))
    assert not is_static(b"#!/bin/sh\n")
