"""CPU seconds and memory of processes, read from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """CPU seconds so far of a process tree (ended children included), and peak memory of its largest process in MB."""

    cpu: float
    peak_mb: float


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _stat(stat)
        if fields is not None:
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for parent in found:
        found.extend(children.get(parent, []))
    return found


def usage(pid: int, *, without: frozenset[int] = frozenset()) -> Usage:
    """Usage of the tree below `pid`, leaving out the trees below `without`."""
    left_out = {p for other in without for p in tree(other)}
    counted = [p for p in tree(pid) if p not in left_out]
    return Usage(sum(map(_cpu, counted)), max((memory_mb(p, "VmHWM") for p in counted), default=0.0))


def event_loops(pid: int) -> dict[int, float]:
    """CPU seconds so far of the main thread, where event loops run, of each process of a tree."""
    stats = {p: _stat(Path(f"/proc/{p}/task/{p}/stat")) for p in tree(pid)}
    return {p: sum(map(int, fields[11:13])) / _TICK for p, fields in stats.items() if fields}


def _stat(path: Path) -> list[str] | None:
    """Fields of /proc/<pid>/stat behind the command's name: state, ppid, … utime is 11, cstime 14."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _cpu(pid: int) -> float:
    fields = _stat(Path(f"/proc/{pid}/stat"))
    return sum(int(f) for f in fields[11:15]) / _TICK if fields else 0.0


def memory_mb(pid: int, measure: str = "VmRSS") -> float:
    """What is resident of one process now, or at the most so far (VmHWM)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{measure}:")), 0.0)
