"""The daemon from start to end: configuration, roots, parts, restore, sockets, signals, orderly stop."""

import argparse
import asyncio
import contextlib
import faulthandler
import gc
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from berth import __version__
from berth.api.app import make_handler
from berth.base.errors import BerthError
from berth.daemon.assemble import Assembly, assemble
from berth.daemon.config import Config, load_config
from berth.daemon.guard import pid_file, prepare_exec_root, root_lock
from berth.daemon.listeners import Listeners, open_listeners
from berth.daemon.reload import reload_engine
from berth.engine.restore import restore, start_by_policy
from berth.engine.shutdown import stop_all
from berth.kernel.rlimit import raise_own_nofile, widen_descriptor_table
from berth.server.server import HttpServer

_log = logging.getLogger("berth.daemon")

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
}
_GRACE_S = 2.0


def run(flags: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status. Raises BerthError when it cannot start."""
    config = load_config(flags)
    if config.validate:
        print("configuration OK", file=sys.stderr)
        return 0
    configure_logging(config)
    os.umask(0o022)
    raise_own_nofile()
    widen_descriptor_table()
    data_root, exec_root = Path(config["data-root"]).resolve(), Path(config["exec-root"]).resolve()
    with root_lock(data_root), pid_file(Path(config["pidfile"]).resolve()):
        prepare_exec_root(exec_root)
        listeners = open_listeners(config, os.environ)
        # Monitors inherit the working directory, and conmon leaves marks (an empty file "oom") in it.
        os.chdir(exec_root)
        asyncio.run(_serve(flags, config, data_root, exec_root, listeners))
    return 0


def configure_logging(config: Config) -> None:
    """Lines on stderr with time and level; ``debug`` or the log level decides which."""
    level = logging.DEBUG if config["debug"] else _LEVELS.get(config["log-level"], logging.INFO)
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr, force=True
    )


async def _serve(
    flags: argparse.Namespace, config: Config, data_root: Path, exec_root: Path, listeners: Listeners
) -> None:
    stopping = asyncio.Event()
    _on_signals(stopping)
    async with contextlib.AsyncExitStack() as stack:
        for listener, _ in listeners:
            stack.callback(listener.close)
        assembly = await assemble(config, data_root, exec_root, os.environ)
        stack.push_async_callback(assembly.close)
        assembly.engine.tasks.spawn("log keeper", assembly.engine.log_keeper.run())
        await restore(assembly.engine)
        server = HttpServer(
            make_handler(assembly.engine, experimental=assembly.engine.settings.experimental),
            assembly.engine.monitor.expect,
        )
        for listener, context in listeners:
            await server.serve(listener, context)
        stack.push_async_callback(server.close, _GRACE_S)
        _on_hangup(flags, assembly)
        assembly.engine.tasks.spawn("start by policy", start_by_policy(assembly.engine))
        _settle_garbage()
        _notify("READY=1")
        _log.info("berthd %s is ready (data root %s)", __version__, data_root)
        await stopping.wait()
        _log.info("stopping")
        _notify("STOPPING=1")
        if assembly.engine.settings.stop_containers_on_exit:
            await stop_all(assembly.engine)


def _settle_garbage() -> None:
    """Let the collector work from now on, on what comes from now on.

    It does nothing while the daemon starts (``__main__``): it would look again and again at modules and
    records that stay for good, a third of the time of a start with hundreds of containers.
    """
    gc.freeze()
    gc.enable()


def _on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    # Until a reload is possible its signal must not end the daemon, which is what it does by default.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # The stacks of all threads on stderr, as dockerd tells its own; it answers even where the loop does not.
    faulthandler.register(signal.SIGUSR1, all_threads=True)


def _on_hangup(flags: argparse.Namespace, assembly: Assembly) -> None:
    def reload() -> None:
        try:
            config = load_config(flags)  # the flags cannot change, the file can
            configure_logging(config)
            changed = reload_engine(assembly.engine, config)
        except BerthError as error:
            _log.error("reload: %s; the old configuration stays in force", error)
            return
        assembly.engine.tasks.spawn("reload event", _announce_reload(assembly, changed))

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)


async def _announce_reload(assembly: Assembly, changed: dict[str, str]) -> None:
    _log.info("configuration reloaded: %s", changed)
    engine = assembly.engine
    await engine.events.record("daemon", "reload", engine.identity, {"name": socket.gethostname(), **changed})


def _notify(state: str) -> None:
    """Tell the service manager (sd_notify(3)); nothing when there is none."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
        sock.sendto(state.encode(), address)
