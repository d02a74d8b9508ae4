"""Finding the programs of the host that run containers, and checking that they work here.

crun, then runc. "Works" is tried, not guessed: crun 1.8 for one fails on hosts whose v1 cgroups lack the
hugetlb hierarchy. The trial creates a container whose command does not exist: when the runtime gets as far
as to complain about that, it has made namespaces, mounts, cgroup and seccomp filter. The verdict is kept
below the exec root until the program changes.
"""

import asyncio
import contextlib
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec

from berth.base.errors import BerthError, Unavailable
from berth.kernel.mount import MS_PRIVATE, bind, remount_read_only, set_propagation, umount_if_mounted
from berth.runtime.errors import NOT_FOUND
from berth.runtime.messages import launch_error, parse_output
from berth.runtime.oci import OciRuntime
from berth.runtime.seccomp.profile import default_profile, resolve_profile
from berth.runtime.spawn import run_program
from berth.runtime.spec.build import build_spec
from berth.runtime.spec.capabilities import DEFAULT, resolve
from berth.runtime.spec.host import HostFacts
from berth.runtime.spec.options import SpecOptions

PREFERRED = ("crun", "runc")
INIT_PROGRAMS = ("docker-init", "tini-static", "tini", "catatonit", "dumb-init")
_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/libexec/podman"
_PROBE_COMMAND = "/berth-probe"
_VERSION_S = 3.0


class Verdict(msgspec.Struct, frozen=True):
    """What a trial found: ``problem`` is empty when the runtime works."""

    program: str
    fingerprint: str
    problem: str


class Program(NamedTuple):
    """A runtime program that was found, and why it does not work when it does not."""

    path: Path
    problem: str


def find_program(name: str) -> Path | None:
    """The file of a program by name or path, None when there is none to execute."""
    found = shutil.which(name, path=_SEARCH_PATH)
    return Path(found).resolve() if found else None


async def program_version(path: Path) -> tuple[str, str]:
    """What ``PATH --version`` says of its version and its commit; empty where it does not."""
    try:
        async with asyncio.timeout(_VERSION_S):
            done = await run_program([str(path), "--version"])
    except (OSError, TimeoutError):
        return "", ""
    lines = done.stdout.decode(errors="replace").splitlines()
    commits = [line.removeprefix("commit:").strip() for line in lines if line.startswith("commit:")]
    return (lines[0].rpartition(" ")[2] if lines else ""), (commits[0] if commits else "")


def find_init(configured: str = "") -> Path:
    """The program for ``--init``: the configured one, else the first known one. Unavailable without any."""
    if configured:
        found = find_program(configured)
        if found is None:
            raise Unavailable(f'exec: "{configured}": executable file not found in $PATH')
        return found
    for name in INIT_PROGRAMS:
        if (found := find_program(name)) is not None:
            return found
    raise Unavailable(
        'exec: "docker-init": executable file not found in $PATH',
        hint="install tini (package tini or catatonit), or name a program with init-path in daemon.json",
    )


def fingerprint(path: Path) -> str:
    """Changes whenever the file does."""
    found = os.stat(path)
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


async def find_default(exec_root: Path, host: HostFacts) -> OciRuntime:
    """The first of crun and runc that works here. Unavailable, naming what was tried, when none does."""
    tried: list[Program] = []
    for name in PREFERRED:
        path = find_program(name)
        if path is None:
            tried.append(Program(Path(name), "not installed"))
            continue
        runtime = named_runtime(name, str(path), (), exec_root)
        problem = await check_runtime(runtime, exec_root, host)
        if not problem:
            return runtime
        tried.append(Program(path, problem))
    raise Unavailable(
        "no OCI runtime works on this host: " + "; ".join(f"{p.path}: {p.problem}" for p in tried),
        hint="install crun or runc",
    )


def named_runtime(name: str, path: str, args: tuple[str, ...], exec_root: Path) -> OciRuntime:
    """A runtime by its entry in daemon.json; crun runs from a private read-only place, see below.

    Unavailable when the program is not there.
    """
    source = find_program(path)
    if source is None:
        raise Unavailable(f"cannot find the program {path} of runtime {name}")
    state_root = exec_root / "oci" / name.replace("/", "_")
    program = private_program(source, exec_root / "bin") if source.name == "crun" else source
    return OciRuntime(name, program, args, state_root=state_root, source=source)


def private_program(source: Path, directory: Path) -> Path:
    """A read-only bind mount of ``source``, or ``source`` itself where that cannot be made.

    crun protects its file from containers by running from a copy of itself, unless the file is on a
    read-only mount. That saves 1.1 ms of every call. A mount left by a crash is used again when it shows
    the same file.
    """
    target = directory / source.name
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.touch(exist_ok=True)
        if os.path.samefile(source, target) and os.statvfs(target).f_flag & os.ST_RDONLY:
            return target
        release_program(target)
        bind(source, target)
        try:
            set_propagation(target, MS_PRIVATE, recursive=False)
            remount_read_only(target)
        except OSError:
            release_program(target)
            return source
    except OSError:
        return source
    return target


def release_programs(exec_root: Path) -> None:
    """Undo every ``private_program`` below an exec root; at the daemon's end. Safe to repeat."""
    directory = exec_root / "bin"
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(directory):
            release_program(directory / name)
            (directory / name).unlink()
        directory.rmdir()


def release_program(target: Path) -> None:
    """Take the mount away; running programs are not disturbed."""
    while umount_if_mounted(target, detach=True):
        pass


async def check_runtime(runtime: OciRuntime, exec_root: Path, host: HostFacts) -> str:
    """Why the runtime does not work here, empty when it does. The answer is kept."""
    mark = fingerprint(runtime.source)
    kept = exec_root / f"probe-{runtime.kind}.json"
    with contextlib.suppress(OSError, msgspec.DecodeError):
        verdict = msgspec.json.decode(kept.read_bytes(), type=Verdict)
        if (verdict.program, verdict.fingerprint) == (str(runtime.source), mark):
            return verdict.problem
    problem = await _try_runtime(runtime, exec_root, host)
    with contextlib.suppress(OSError):
        kept.write_bytes(msgspec.json.encode(Verdict(str(runtime.source), mark, problem)))
    return problem


async def _try_runtime(runtime: OciRuntime, exec_root: Path, host: HostFacts) -> str:
    container_id = f"berth-probe-{os.getpid()}"
    bundle = exec_root / container_id
    capabilities, _ = resolve((), (), privileged=False, available=host.capabilities)
    seccomp = resolve_profile(default_profile(), capabilities, host) if host.seccomp else None
    options = SpecOptions(
        container_id=container_id,
        rootfs=str(bundle / "rootfs"),
        args=(_PROBE_COMMAND,),
        capabilities=tuple(c for c in capabilities if c in DEFAULT),
        seccomp=seccomp,
        cgroup_path=f"/{container_id}",
    )
    try:
        (bundle / "rootfs").mkdir(parents=True)
        (bundle / "config.json").write_bytes(msgspec.json.encode(build_spec(options)))
        runtime.state_root.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = [str(runtime.program), *runtime.global_arguments()]
        done = await run_program([*words, "create", "--bundle", str(bundle), container_id])
        if done.code != 0:
            failure = launch_error(runtime.kind, "create", done.stderr, _PROBE_COMMAND)
            return (
                ""
                if failure.exit_code == NOT_FOUND and _PROBE_COMMAND in failure.message
                else (parse_output(done.stderr) or f"exit status {done.code}")
            )
        return ""
    except OSError as error:
        return str(error)
    finally:
        with contextlib.suppress(BerthError):
            await runtime.delete(container_id, force=True)
        shutil.rmtree(bundle, ignore_errors=True)
