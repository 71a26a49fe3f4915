"""Money believed to be pay, and the envelope of ranges that are one pay at several places or levels."""

from decimal import Decimal
from typing import Literal, NamedTuple

from enricher.domain.pay.grammar import Money

#: Characters between amounts that belong together.
_TOGETHER = 60

#: Base pay or whatever is called pay; on-target earnings; the same pay told once more, for full time.
Kind = Literal["pay", "target", "restated"]


class Candidate(NamedTuple):
    """Money that may be pay: how surely, by which rule, which kind of pay, and its characters."""

    money: Money
    score: float
    rule: str
    kind: Kind
    start: int
    end: int


def ends(money: Money) -> tuple[Decimal, Decimal]:
    """The smallest and the largest amount named."""
    amounts = [a for a in (money.minimum, money.maximum) if a is not None]
    return min(amounts), max(amounts)


def envelope(best: Candidate, found: list[Candidate]) -> Candidate:
    """Ranges of the same kind right behind each other ("$190-237k in A and $165-206k in B") taken as one."""
    best = next((one for one in found if _is_an_end_of(best, one)), best)
    group = [best]
    for one in sorted(found, key=lambda c: _apart(best, c)):
        if one is not best and any(_alike(c, one) and _apart(one, c) < _TOGETHER for c in group):
            group.append(one)
    if len(group) == 1:
        return best
    # "Up to $65 or $75" has no lower end: the smallest amount has none.
    least = min(group, key=lambda c: ends(c.money)[0]).money.minimum
    most = max(group, key=lambda c: ends(c.money)[1]).money.maximum
    money = best.money._replace(minimum=least, maximum=most)
    return best._replace(money=money, start=min(c.start for c in group), end=max(c.end for c in group))


def _is_an_end_of(best: Candidate, one: Candidate) -> bool:
    """Whether one amount is the start of a range beside it: "$6,000 - $9,000 a month [starting salary: $6,000]"."""
    told, other = best.money, one.money
    return (
        other.is_range and not told.is_range and ends(told)[0] in ends(other) and _apart(best, one) < _TOGETHER
        and (told.currency, told.period, best.kind) == (other.currency, other.period, one.kind)
    )  # fmt: skip


def _alike(best: Candidate, one: Candidate) -> bool:
    """Whether two amounts can be the same pay at two places: same currency, period and kind, of like size."""
    sizes = [ends(c.money)[0] for c in (best, one)]
    alike = max(sizes) <= 2 * min(sizes) and one.money.is_range == best.money.is_range
    both = best.money.period is not None and one.money.period is not None
    sure = one.score >= best.score - 1 or both
    return (
        alike and sure and one.money.currency == best.money.currency
        and (one.money.period == best.money.period or not both) and (one.kind == best.kind)
    )  # fmt: skip


def _apart(one: Candidate, other: Candidate) -> int:
    return min(abs(one.start - other.end), abs(other.start - one.end))
