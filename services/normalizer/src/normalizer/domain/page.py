"""Makes canonical records of the raw items of a page; each item stands alone."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal

from common.contracts import SourcePosting
from normalizer.domain.canonical import Canonical, checked, described, recorded
from normalizer.domain.quality import Rules
from normalizer.domain.record import Record
from normalizer.errors import RejectedError

#: Maps a raw item into canonical field names; RejectedError for an item that is no posting.
Mapper = Callable[[Any], SourcePosting]


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """An item that ends here: rejected by a rule, or failed because our own code raised."""

    outcome: Literal["rejected", "failed"]
    reason: str
    detail: str
    item: Any
    number: int


@dataclass(slots=True)
class Normalized:
    """A page as records and items turned away; `critical` names an enforced rule that the page as a whole breaks."""

    records: list[Record] = field(default_factory=list)
    turned_away: list[TurnedAway] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    critical: str | None = None


def normalize(items: Sequence[Any], map_item: Mapper, source: str, collected_at: datetime, rules: Rules) -> Normalized:
    """Every item becomes a record or is turned away with its reason, whatever the others are.

    Step by step: a step that all items take one after the other finds its code in the processor's caches.
    """
    page = Normalized()
    steps: tuple[Callable[[Any], Any], ...] = (
        map_item,
        lambda posting: checked(posting, collected_at, rules),
        described,
        lambda described: recorded(described, source),
    )
    taken: dict[int, Any] = dict(enumerate(items))
    for step in steps:
        taken = _each(step, taken, items, page.turned_away)
    kept: list[Canonical] = list(taken.values())
    page.turned_away.sort(key=attrgetter("number"))
    page.records = [each.record for each in kept]
    page.warnings.update(reason for record in page.records for reason in record.warnings)
    for rule in rules.examine_page([each.draft for each in kept], collected_at):
        if rule.severity == "critical" and rules.enforce:
            page.critical = rule.reason
        page.warnings[rule.reason] += 1
    return page


def _each(
    step: Callable[[Any], Any], taken: dict[int, Any], items: Sequence[Any], turned_away: list[TurnedAway]
) -> dict[int, Any]:
    """What a step makes of each, by the number of its item; those that it turns away are added to `turned_away`."""
    made = {}
    for number, value in taken.items():
        try:
            made[number] = step(value)
        except RejectedError as error:
            turned_away.append(TurnedAway("rejected", error.reason, error.detail, items[number], number))
        except Exception as error:  # noqa: BLE001 - a bug that one item meets must not cost the others; it is counted and kept
            detail = f"{type(error).__name__}: {error}"
            turned_away.append(TurnedAway("failed", "normalizer_error", detail, items[number], number))
    return made
