"""Runtimes' words turned into dockerd's."""

import pytest

from berth.base.errors import Internal, InvalidArgument
from berth.runtime.messages import launch_error, parse_output


def line(text):
    return b'{"msg":"%s","level":"error","time":"2026-11-21T11:48:37Z"}\n' % text.encode()


@pytest.mark.parametrize(
    ("said", "command", "code", "told"),
    [
        ("executable file `nope` not found in $PATH: No such file or directory", "nope", 127,
         'exec: \\"nope\\": executable file not found in $PATH'),
        ("executable file `/x` not found in $PATH: No such file or directory", "/x", 127,
         'exec: \\"/x\\": stat /x: no such file or directory'),
        ("open executable: Permission denied", "/etc/passwd", 126,
         'exec: \\"/etc/passwd\\": permission denied'),
        ("open executable: Operation not permitted", "/etc", 126, 'exec: \\"/etc\\": permission denied'),
        ("open executable: Operation not permitted", "", 127,
         'exec: \\"\\": executable file not found in $PATH'),
        ("chdir `/x`: Permission denied", "sh", 126,
         'chdir to cwd (\\"/x\\") set in config.json failed: permission denied'),
        ("mount `/a` to `etc/b`: Not a directory", "sh", 127,
         'error mounting \\"/a\\" to rootfs at \\"/etc/b\\": not a directory'),
    ],
)  # fmt: skip
def test_crun(said, command, code, told):
    error = launch_error("crun", "create", line(said), command)
    told = told.replace('\\"', '"')
    assert error.message.startswith(
        f"OCI runtime create failed: crun create failed: unable to start container process: {told}: unknown"
    )
    assert error.exit_code == code
    assert isinstance(error, InvalidArgument)


def test_runc_is_not_said_twice():
    said = 'runc create failed: unable to start container process: exec: \\"x\\": permission denied'
    error = launch_error("runc", "create", line(said), "x")
    assert error.message == (
        "OCI runtime create failed: runc create failed: unable to start container process: "
        'exec: "x": permission denied: unknown'
    )


def test_a_file_on_a_directory_says_what_to_look_for():
    error = launch_error("crun", "create", line("mount `/a` to `b`: Not a directory"), "sh")
    assert "Are you trying to mount a directory onto a file (or vice-versa)?" in error.message


def test_anything_else_is_ours_to_answer_for():
    error = launch_error("crun", "start", line("writing file `x`: Invalid argument"), "sh")
    assert (error.exit_code, error.message) == (
        128,
        "OCI runtime create failed: crun create failed: writing file `x`: invalid argument: unknown",
    )
    assert isinstance(error, Internal)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"", ""),
        (b"plain words\n", "plain words"),
        (b'{"msg":"w","level":"warning"}\nlast\n', "last"),
        (line("one") + line("two"), "two"),
        (b"\xff\n", "\ufffd"),
    ],
)
def test_output(output, text):
    assert parse_output(output) == text


def test_silence_is_named():
    assert "said nothing" in launch_error("crun", "create", b"", "sh").message
