"""The command: ``python -m bench``. Prints a table; see ``--help``."""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.engines import ENGINES, REPOSITORY, Berthd, Engine
from bench.floor import Floor
from bench.images import tiny_image
from bench.machine import describe_machine, fresh_disk
from bench.measure import Result, measure
from bench.report import document, failures, table
from bench.row import Peer, Row
from bench.rows_build import BUILD_ROWS
from bench.rows_data import DATA_ROWS
from bench.rows_images import IMAGE_ROWS
from bench.rows_many import many_rows
from bench.rows_start import START_ROWS

_GO_CLIENT = "berthd+docker"


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure berth beside the engines that are installed here: interleaved, medians, ratios.",
    )
    parser.add_argument(
        "rows", nargs="*", help="names, or beginnings of names, of rows (default: all; see --list)"
    )
    parser.add_argument("--list", action="store_true", help="print the names of the rows and end")
    parser.add_argument(
        "--rounds", type=int, default=10, help="samples of a row (default 10; slow rows take fewer)"
    )
    parser.add_argument(
        "--peers",
        default="",
        help="comma-separated: berthd,dockerd,docker-new,podman,..., or columns of single rows",
    )
    parser.add_argument("--containers", type=int, default=500, help="how many are many (default 500)")
    parser.add_argument(
        "--json", type=Path, help="where to write all samples (default: a new file in bench/results)"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("/var/cache/berth-bench"), help="where images are kept"
    )
    parser.add_argument("--disk", type=int, default=24, help="size of the fresh file system in GB (sparse)")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Run the rows that were asked for; the exit status."""
    options = parse(words)
    known = (*START_ROWS, *DATA_ROWS, *IMAGE_ROWS, *BUILD_ROWS, *many_rows(options.containers))
    rows = _chosen(known, options.rows)
    if options.list:
        print("\n".join(f"{row.name:20} {row.title}" for row in rows))
        return 0
    if os.geteuid() != 0:
        print("the bench starts engines: it must run as root", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results: list[Result] = []
    machine = describe_machine()
    with ExitStack() as stack:
        columns, versions = _measure_all(options, rows, results, stack)
    _print(results, columns, machine, versions)
    target = options.json or REPOSITORY / f"bench/results/{time.strftime('%Y%m%d-%H%M%S')}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document(results, machine, versions), indent=1))
    print(f"\nall samples: {target}")
    return 0


def _chosen(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    unknown = [name for name in names if not any(row.name.startswith(name) for row in rows)]
    if unknown:
        raise SystemExit(f"no row is called {', '.join(unknown)}; see --list")
    return [row for row in rows if not names or any(row.name.startswith(name) for name in names)]


def _measure_all(
    options: argparse.Namespace, rows: Sequence[Row], results: list[Result], stack: ExitStack
) -> tuple[list[str], dict[str, str]]:
    """Start the engines, measure every row; the columns of the table and the versions."""
    wanted = [name for name in options.peers.split(",") if name]
    options.cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="work-", dir=options.cache))
    stack.callback(shutil.rmtree, work, ignore_errors=True)
    disk = stack.enter_context(fresh_disk(work, options.disk))
    memory = Path(tempfile.mkdtemp(prefix="berth-bench-", dir="/run"))
    stack.callback(shutil.rmtree, memory, ignore_errors=True)
    image = tiny_image(disk)
    engines: list[Engine] = []
    versions: dict[str, str] = {}
    for kind in ENGINES:
        reason = (
            "not asked for"
            if wanted and not any(n.split("+")[0] == kind.name for n in wanted)
            else kind.missing()
        )
        if reason:
            _say(f"{kind.name}: left out: {reason}")
            continue
        try:
            engine = kind(disk, memory, stack)
            versions[engine.name] = engine.version()
            _say(f"{engine.name}: {versions[engine.name]}")
            engine.start()
            engine.call("load", "-i", str(image))
        except (RuntimeError, OSError) as error:
            _say(f"{kind.name}: left out: {error}")
            continue
        engines.append(engine)
    peers = [Peer(engine.name, engine) for engine in engines if not wanted or engine.name in wanted]
    peers += _second_clients(engines, wanted)
    floor = _floor(disk, engines, versions) if not wanted or Floor.name in wanted else None
    for row in rows:
        _say(f"{row.name}: {row.title}")
        results.append(measure(row, peers, floor, options.rounds, options.cache, wanted))
    own = [peer.name for peer in peers] + ([floor.name] if floor else [])
    extra = {name: None for result in results for name in (*result.samples, *result.failures)}
    return [*own, *(name for name in extra if name not in own)], versions


def _second_clients(engines: Sequence[Engine], wanted: Sequence[str]) -> list[Peer]:
    """berth's daemon driven by the Go client: tells the client's share of a figure."""
    client = shutil.which("docker")
    if client is None or (wanted and _GO_CLIENT not in wanted):
        return []
    return [Peer(_GO_CLIENT, engine, client) for engine in engines if isinstance(engine, Berthd)]


def _floor(disk: Path, engines: Sequence[Engine], versions: dict[str, str]) -> Floor | None:
    reason = Floor.missing()
    for engine in sorted(engines, key=lambda engine: engine.name != "dockerd"):
        if reason:
            break
        try:
            floor = Floor(disk / f"bare-{engine.name}", engine)
        except (RuntimeError, OSError, KeyError) as error:
            _say(f"crun: no specification from {engine.name}: {error}")
            continue
        versions[floor.name] = f"{floor.version()}, with the specification of {engine.name}"
        _say(f"{floor.name}: {versions[floor.name]}")
        return floor
    _say(f"crun: left out: {reason or 'no engine gave a specification'}")
    return None


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _print(
    results: Sequence[Result], columns: Sequence[str], machine: dict[str, str], versions: dict[str, str]
) -> None:
    print("\n" + ", ".join(f"{name} {value}" for name, value in machine.items()))
    print("\n".join(f"{name}: {value}" for name, value in versions.items()))
    print("\nMedians; x is how many times berthd's figure.\n")
    print(table(results, columns))
    if told := failures(results):
        print(f"\nfailed:\n{told}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
