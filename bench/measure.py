"""Rounds: every peer once, then every peer again, so that a busy minute hurts all of them alike."""

import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.floor import Floor
from bench.row import Peer, Row


class Result(NamedTuple):
    """One row measured: the samples of each column, and why a column has none."""

    name: str
    title: str
    unit: str
    higher_is_better: bool
    samples: dict[str, list[float]]
    failures: dict[str, str]

    def median(self, column: str) -> float | None:
        """The middle of a column's samples; None without any."""
        values = self.samples.get(column)
        return statistics.median(values) if values else None


def measure(
    row: Row, peers: Sequence[Peer], floor: Floor | None, rounds: int, files: Path, wanted: Sequence[str]
) -> Result:
    """All rounds of one row. A peer that fails drops out of the row, with its error in the result.

    Of the columns that only the row has, those that are ``wanted`` take part; all of them when nothing is."""
    taking = [peer for peer in peers if not row.needs_daemon or peer.engine.has_daemon]
    taking = [peer for peer in taking if row.running <= peer.engine.most_running]
    if row.one_client_is_enough:
        taking = list({peer.engine: peer for peer in reversed(taking)}.values())[::-1]
    result = Result(row.name, row.title, row.unit, row.higher_is_better, {}, {})
    columns: list[tuple[str, Callable[[], float]]] = []
    for engine in dict.fromkeys(peer.engine for peer in taking):
        its_peers = [peer for peer in taking if peer.engine is engine]
        try:
            row.prepare(engine, files)
        except Exception as error:  # noqa: BLE001 - one engine's trouble must not end the others' run
            result.failures.update({peer.name: str(error) for peer in its_peers})
            continue
        columns += [(peer.name, partial(row.sample, peer)) for peer in its_peers]
    if floor is not None and row.name.startswith("run-") and row.title.startswith("run --rm"):
        columns.append((floor.name, floor.sample))
    columns += [item for item in row.others(files).items() if not wanted or item[0] in wanted]
    _rounds(result, columns, max(1, min(rounds, row.most_rounds)))
    for engine in dict.fromkeys(peer.engine for peer in taking):
        try:
            row.restore(engine)
        except Exception as error:  # noqa: BLE001 - see above
            print(f"{row.name}: {error}", file=sys.stderr)
    return result


def _rounds(result: Result, columns: list[tuple[str, Callable[[], float]]], rounds: int) -> None:
    for number in range(rounds):
        # Whoever comes first meets the coldest caches: take turns.
        turn = number % len(columns) if columns else 0
        for name, sample in columns[turn:] + columns[:turn]:
            if name in result.failures:
                continue
            try:
                result.samples.setdefault(name, []).append(sample())
            except Exception as error:  # noqa: BLE001 - see above
                result.failures[name] = str(error)
