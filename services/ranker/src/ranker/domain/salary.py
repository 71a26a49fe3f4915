"""The salary factor: a posting's yearly range against the wanted one, both in the reference currency."""

from ranker.domain.facts import Facts, Pay
from ranker.domain.rules import Rules
from ranker.domain.share import FULL, NO_PREFERENCE, Verdict
from ranker.domain.wish import MOST, PayWish, Wish

_PERCENT = FULL // 100


def judge_salary(facts: Facts, wish: Wish, rules: Rules) -> Verdict:
    """Share by the rule stated in ranking.yml, section salary."""
    if wish.pay is None:
        return NO_PREFERENCE
    if wish.pay.fault:
        return Verdict(rules.missing("salary"), f"the wanted pay cannot be compared: {wish.pay.fault}", ruled=True)
    pay = comparable(facts, rules)
    if pay is None:
        return Verdict(rules.missing("salary"), "the posting states no pay that can be compared", ruled=True)
    share, how = _compare(pay, wish.pay, rules)
    offered = f"{pay.minimum:,}" if pay.minimum == pay.maximum else f"{pay.minimum:,}–{pay.maximum:,}"
    return Verdict(share, f"pays {offered} {pay.currency} a year: {how}; wanted {wish.pay.text}")


def comparable(facts: Facts, rules: Rules) -> Pay | None:
    """The posting's pay if it is in the reference currency, bounded to `MOST`."""
    pay = facts.pay
    if pay is None or pay.currency != rules.rates.reference:
        return None
    return pay if pay.maximum <= MOST else Pay(min(pay.minimum, MOST), MOST, pay.currency)


def _compare(pay: Pay, wish: PayWish, rules: Rules) -> tuple[int, str]:
    r = rules.file.salary
    touching = r.touching * _PERCENT
    if pay.maximum < wish.minimum:
        to_zero = wish.minimum * r.zero_below
        return max(0, touching * (100 * pay.maximum - 100 * wish.minimum + to_zero) // to_zero), "less than wanted"
    if pay.minimum > wish.maximum:
        return r.above * _PERCENT, "more than wanted"
    if pay.minimum >= wish.minimum:
        return FULL, "as wanted"
    rising = (FULL - touching) * (pay.maximum - wish.minimum) // (pay.maximum - pay.minimum)
    return touching + rising, "reaches the wanted minimum in part"
