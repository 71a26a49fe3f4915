"""How a source is: ok, degraded, broken or paused, and why, in words that say what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from extractor.domain.drift import Drift, Sample, drift

State = Literal["ok", "degraded", "broken", "paused"]


@dataclass(frozen=True, slots=True)
class Day:
    """What a source did on a UTC day. `failed` counts pages, `errors` by kind; `seconds` is the time spent asking."""

    day: date
    requests: int = 0
    pages: int = 0
    failed: int = 0
    postings: int = 0
    seconds: float = 0.0
    errors: Mapping[str, int] = field(default_factory=dict)
    sample: Sample = field(default_factory=Sample)


@dataclass(frozen=True, slots=True)
class Standing:
    """What hands and circuit say of a source."""

    paused_at: datetime | None = None
    broken_at: datetime | None = None
    reason: str = ""
    trial_at: datetime | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state with its reasons, and the drift behind it."""

    state: State
    because: tuple[str, ...]
    drift: Drift


def judge(name: str, standing: Standing, days: Sequence[Day], emptied: Sequence[str]) -> Verdict:
    """`days` in their order, the last one is judged; `emptied` names feeds that had postings and show none."""
    latest = days[-1] if days else None
    moved = drift(latest.sample, [day.sample for day in days[:-1] if day.sample.items]) if latest else Drift()
    troubles = tuple(_troubles(latest, moved, emptied))
    if standing.paused_at is not None:
        return Verdict("paused", (paused(name, standing.paused_at), *troubles), moved)
    if standing.broken_at is not None:
        return Verdict("broken", (broken(name, standing), *troubles), moved)
    return Verdict("degraded" if troubles else "ok", troubles, moved)


def paused(name: str, since: datetime) -> str:
    """Why a paused source is not read."""
    return f"paused by hand since {since:%Y-%m-%d %H:%M} UTC: posthorn source resume {name}"


def broken(name: str, standing: Standing) -> str:
    """Why a broken source is not read, and what to do."""
    since = f" since {standing.broken_at:%Y-%m-%d %H:%M} UTC" if standing.broken_at else ""
    tried = f"; tried again from {standing.trial_at:%H:%M} UTC on" if standing.trial_at else ""
    return f"broken{since}{tried}: {standing.reason}. Once it is repaired: posthorn source resume {name}"


def _troubles(latest: Day | None, moved: Drift, emptied: Sequence[str]) -> list[str]:
    said = []
    if latest and latest.failed:
        kinds = ", ".join(f"{n}x {kind}" for kind, n in sorted(latest.errors.items(), key=lambda e: -e[1])[:5])
        said.append(f"{latest.failed} of {latest.pages} pages failed on {latest.day}: {kinds}")
    if moved.vanished:
        said.append(f"fields vanished: {', '.join(moved.vanished[:10])}; has the source changed its format?")
    if emptied:
        more = f" and {len(emptied) - 5} more" if len(emptied) > 5 else ""
        said.append(f"nothing where there was something: {', '.join(emptied[:5])}{more}")
    return said
