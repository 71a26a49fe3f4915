"""Makes canonical records of the raw items of a page; each item stands alone."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from common.contracts import SourcePosting
from normalizer.domain.canonical import Canonical, canonical
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
    """Every item becomes a record or is turned away with its reason, whatever the others are."""
    page = Normalized()
    kept: list[Canonical] = []
    for number, item in enumerate(items):
        try:
            kept.append(canonical(map_item(item), source, collected_at, rules))
        except RejectedError as error:
            page.turned_away.append(TurnedAway("rejected", error.reason, error.detail, item, number))
        except Exception as error:  # noqa: BLE001 - a bug that one item meets must not cost the others; it is counted and kept
            detail = f"{type(error).__name__}: {error}"
            page.turned_away.append(TurnedAway("failed", "normalizer_error", detail, item, number))
    page.records = [each.record for each in kept]
    page.warnings.update(reason for record in page.records for reason in record.warnings)
    for rule in rules.examine_page([each.draft for each in kept], collected_at):
        if rule.severity == "critical" and rules.enforce:
            page.critical = rule.reason
        page.warnings[rule.reason] += 1
    return page
