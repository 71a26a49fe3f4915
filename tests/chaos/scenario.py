"""What a scenario is, what it may expect beside a clean run, and what it reports."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the rig knows outcomes
    from tests.chaos.rig import Rig

#: What who stands by for a worker logs when it is killed: scenarios that kill workers expect it.
WORKER_DIED = "worker_died"


@dataclass(frozen=True)
class Expected:
    """How the end may differ from that of a clean run of the same input; by default in nothing.

    `quarantined` are rows by reason beyond those of the clean run; `logged` are parts of lines with a traceback or of
    level error or worse that may appear; `digest` False where what is visible must differ (then check it yourself);
    `books` False where runs may end otherwise than the clean ones did; `webhooks` False where none is to be waited for;
    `heard` False where the broker's data is deleted, with what it held for the journal.
    """

    quarantined: Mapping[str, int] = field(default_factory=dict)
    logged: tuple[str, ...] = ()
    digest: bool = True
    books: bool = True
    webhooks: bool = True
    heard: bool = True


@dataclass
class Outcome:
    """What a scenario did and found; no findings is a pass. `seconds` are those of its runs, `taken` is everything."""

    name: str
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    seconds: float = 0.0
    clean_seconds: float = 0.0
    taken: float = 0.0
    notes: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, doubled or silent."""
        return not self.findings


@dataclass(frozen=True)
class Scenario:
    """A fault with a name; `run` applies it to the rig (usually through `Rig.run_and_check`) and returns the outcome.

    `slow` ones belong to the long suite only.
    """

    name: str
    about: str
    run: Callable[["Rig"], Outcome]
    slow: bool = False
