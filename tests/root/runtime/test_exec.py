"""Commands beside a running container, through each runtime."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from berth.base.ids import new_id
from berth.runtime.errors import LaunchError
from berth.runtime.execs import ExecProcess, ExecSpec
from berth.runtime.spec.options import UserIds
from berth.runtime.top import top
from berth.wire.stdcopy import STDERR, STDOUT
from tests.contract.monitor_stages import ConmonStage, conmon_stage, missing
from tests.contract.monitor_suite import gather

pytestmark = [pytest.mark.root, pytest.mark.parametrize("kind", ["crun", "runc"])]

Exec = Callable[..., ExecProcess]


def in_container(kind: str, case: Callable[[ConmonStage, str, Exec], Awaitable[None]]) -> None:
    if (reason := missing()) is not None:
        pytest.skip(reason)

    async def run() -> None:
        async with conmon_stage(kind) as stage:
            process = await stage.create("sleep", "1000")
            await process.start()
            container_id, _ = stage.place_of(process)
            execs = stage.place / "execs"
            execs.mkdir()

            def command(*args: str, **more: object) -> ExecProcess:
                spec = ExecSpec(args=args, env=("PATH=/bin",), **more)
                return ExecProcess(container_id, stage.runtime, spec, execs / new_id())

            await case(stage, container_id, command)
            assert list(execs.iterdir()) == []

    asyncio.run(run())


def test_output_and_exit_code(kind: str) -> None:
    async def case(stage: ConmonStage, container_id: str, command: Exec) -> None:
        session = command("sh", "-c", "echo out; echo err >&2; exit 5")
        attachment = session.io.attach()
        await session.start()
        assert session.pid > 0
        assert {tuple(chunk) async for chunk in attachment} == {(STDOUT, b"out\n"), (STDERR, b"err\n")}
        assert await session.wait() == 5

    in_container(kind, case)


@pytest.mark.parametrize(
    ("word", "code", "text"),
    [
        ("nope", 127, 'exec: "nope": executable file not found in $PATH'),
        ("/nope", 127, 'exec: "/nope": stat /nope: no such file or directory'),
        ("/bin", 126, 'exec: "/bin": permission denied'),
        ("/plain", 126, 'exec: "/plain": permission denied'),
    ],
)
@pytest.mark.parametrize("terminal", [False, True], ids=["pipes", "terminal"])
def test_what_cannot_be_run(kind: str, word: str, code: int, text: str, terminal: bool) -> None:
    async def case(stage: ConmonStage, container_id: str, command: Exec) -> None:
        (stage.rootfs / "plain").write_text("data")
        session = command(word, terminal=terminal)
        attachment = session.io.attach()
        with pytest.raises(LaunchError) as caught:
            await session.start()
        assert caught.value.exit_code == code
        assert caught.value.message.startswith("OCI runtime exec failed: exec failed: ")
        assert text in caught.value.message
        assert await gather(attachment) == b""

    in_container(kind, case)


def test_input_ends_with_its_client(kind: str) -> None:
    async def case(stage: ConmonStage, container_id: str, command: Exec) -> None:
        session = command("wc", "-c", stdin=True)
        attachment = session.io.attach(stdin=True)
        await session.start()
        await attachment.write(b"x" * 300_000)
        attachment.close_stdin()
        assert await gather(attachment) == b"300000\n"
        assert await session.wait() == 0

    in_container(kind, case)


def test_a_command_that_does_not_read_its_input(kind: str) -> None:
    async def case(stage: ConmonStage, container_id: str, command: Exec) -> None:
        session = command("head", "-c", "1", stdin=True)
        attachment = session.io.attach(stdin=True)
        await session.start()
        await attachment.write(b"x" * 1_000_000)
        assert await gather(attachment) == b"x"
        assert await session.wait() == 0

    in_container(kind, case)


def test_terminal_and_its_size(kind: str) -> None:
    async def case(stage: ConmonStage, container_id: str, command: Exec) -> None:
        session = command(
            "sh", "-c", "stty size; read x; stty size", terminal=True, stdin=True, console_size=(11, 22)
        )
        attachment = session.io.attach(stdin=True)
        await session.start()
        assert (await anext(attachment)).data.startswith(b"11 22\r\n")
        await session.io.resize(33, 44)
        # The runtime that stands between passes the size on when it gets to it.
        size = b""
        while b"33 44" not in size:
            size = await look(command)
        await attachment.write(b"\n")
        assert (await gather(attachment)).endswith(b"33 44\r\n")
        assert await session.wait() == 0

    async def look(command: Exec) -> bytes:
        session = command("sh", "-c", "stty size < /dev/pts/0")
        attachment = session.io.attach()
        await session.start()
        found = await gather(attachment)
        await session.wait()
        return found

    in_container(kind, case)


def test_user_directory_and_rights(kind: str) -> None:
    async def case(stage: ConmonStage, container_id: str, command: Exec) -> None:
        session = command(
            "sh", "-c", "id -u; id -G; pwd; echo seen > /dev/stderr",
            user=UserIds(uid=7, gid=8, groups=(9,)), cwd="/bin",
        )  # fmt: skip
        attachment = session.io.attach()
        await session.start()
        chunks = [chunk async for chunk in attachment]
        assert b"".join(c.data for c in chunks if c.stream == STDOUT) == b"7\n8 9\n/bin\n"
        assert b"".join(c.data for c in chunks if c.stream == STDERR) == b"seen\n"
        assert await session.wait() == 0

    in_container(kind, case)


def test_top_lists_the_container_alone(kind: str) -> None:
    async def case(stage: ConmonStage, container_id: str, command: Exec) -> None:
        table = await top(await stage.runtime.ps(container_id), "-o pid,args")
        assert table.titles == ("PID", "COMMAND")
        assert [row[1] for row in table.processes] == ["sleep 1000"]

    in_container(kind, case)
