"""Factors read from a table of steps: recency in days, company rating in stars."""

from ranker.domain.facts import Facts
from ranker.domain.rules import Rules
from ranker.domain.share import FULL, Verdict
from ranker.domain.wish import Wish


def judge_recency(facts: Facts, wish: Wish, rules: Rules) -> Verdict:
    """Share by whole days between the posting's date and the campaign's `as_of`; a later date counts as day 0."""
    if facts.day is None:
        return Verdict(
            rules.missing("recency"), "neither a date of publication nor of first sighting is known", ruled=True
        )
    shares, age = rules.day_shares, max(0, (wish.as_of - facts.day).days)
    told = "first seen (no date of publication)" if facts.first_seen else "published"
    ago = f"{age} days before" if age > 1 else ("on" if age == 0 else "the day before")
    return Verdict(shares[min(age, len(shares) - 1)], f"{told} {ago} {wish.as_of}")


def judge_company_rating(facts: Facts, wish: Wish, rules: Rules) -> Verdict:
    """Share by stars, 0 to 5."""
    rating = facts.company_rating
    if rating is None:
        return Verdict(rules.missing("company_rating"), "the company's rating is not known", ruled=True)
    share = max((s for at, s in rules.file.company_rating if rating >= at), default=0)
    return Verdict(share * (FULL // 100), f"rated {rating:.1f} of 5")
