"""What the suite sends through the pipeline: real postings where the shared data exists, the sample otherwise."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.payloads import Payloads, load

_MAPPINGS = {"jobspy_glassdoor_israel_2026": "jobspy", "jobspy_netherlands_2025": "jobspy"}
#: Postings of a generated sample, and most records of dumps in the short suite.
_SAMPLE, _SMALL_SAMPLE, _SMALL_DUMPS = 2_000, 1_000, 1_200


@dataclass(frozen=True)
class Workload:
    """The sources of each run, run after run, and what stands behind them in words."""

    parts: tuple[tuple[dict[str, Any], ...], ...]
    words: str
    payloads: Payloads = field(default_factory=Payloads)


def workload(shared: Path, *, small: bool = False) -> Workload:
    """Dumps, boards and a generated sample; without shared data three generated samples."""
    count = _SMALL_SAMPLE if small else _SAMPLE
    if not (shared / "postings").is_dir():
        parts = tuple((sample(count, seed),) for seed in range(1, 4))
        return Workload(parts, f"the bundled sample only ({count} postings a run): no real data found")
    dumps = _dumps_in(shared, _SMALL_DUMPS if small else None)
    payloads = load(shared)
    boards = [board for board, jobs in payloads.greenhouse.items() if "content" in jobs[0]]
    served = sum(len(payloads.greenhouse[b]) for b in boards) + sum(map(len, payloads.lever.values()))
    words = (
        f"real postings: run 1 reads {sum(dumps.values())} of dumps, run 2 {served} of boards behind a stand-in "
        f"provider, run 3 {count} of the bundled sample"
    )
    return Workload((_dumps(dumps), _boards(payloads, boards), (sample(count, 3),)), words, payloads)


def _dumps(paths: Iterable[Path]) -> tuple[dict[str, Any], ...]:
    found = []
    for path in sorted(paths):
        name = path.name.partition(".")[0]
        mapping = _MAPPINGS.get(name, name)
        # A data set each: two dumps read by one mapping would otherwise overwrite each other in any order.
        params = {"path": str(path), "mapping": mapping, "dataset": name}
        found.append({"source": "files", "params": params, "max_pages": 1000})
    return tuple(found)


def _boards(payloads: Payloads, boards: list[str]) -> tuple[dict[str, Any], ...]:
    found = [{"source": "greenhouse", "params": {"board": board}, "max_pages": 1000} for board in sorted(boards)]
    return (*found, *({"source": "lever", "params": {"board": b}, "max_pages": 1000} for b in sorted(payloads.lever)))


def sample(count: int, seed: int) -> dict[str, Any]:
    """A source of generated postings, the same for the same seed."""
    return {"source": "sample", "params": {"count": count, "seed": seed}, "max_pages": 1000}


def _dumps_in(shared: Path, most: int | None) -> dict[Path, int]:
    """Dumps and how many records each holds; the smallest ones, with `most` records together."""
    counts = {path: _records(path) for path in (shared / "postings").iterdir()}
    found: dict[Path, int] = {}
    for path in sorted(counts, key=lambda path: (counts[path], path)):
        if most is None or sum(found.values()) + counts[path] <= most:
            found[path] = counts[path]
    return found


def _records(path: Path) -> int:
    return sum(1 for line in gzip.decompress(path.read_bytes()).splitlines() if line.strip())
