"""Factors that count what of a list is found: skills, words of the title, keywords in title and summary."""

from collections.abc import Collection, Sequence

from ranker.domain.facts import Facts
from ranker.domain.rules import Rules
from ranker.domain.share import FULL, NO_PREFERENCE, Verdict
from ranker.domain.text import Words, skill_key
from ranker.domain.wish import Wish


def part(found: int, wanted: int) -> int:
    """The share of `found` in `wanted` (> 0), rounded down."""
    return FULL * found // wanted


def keyword_share(in_title: int, in_summary_only: int, wanted: int, rules: Rules) -> int:
    """The share of query words found, those of the summary alone counting less."""
    return (FULL * in_title + (FULL // 100) * rules.file.keywords.summary * in_summary_only) // wanted


def judge_skills(facts: Facts, wish: Wish, rules: Rules) -> Verdict:
    """The share of the campaign's skills that the posting asks for."""
    if not wish.skills:
        return NO_PREFERENCE
    offered = {key for s in facts.skills if (key := skill_key(s))}
    if not offered:
        return Verdict(rules.missing("skills"), "no skills were found in the posting", ruled=True)
    found = [skill for key, skill in wish.skills.items() if key in offered]
    missing = [skill for key, skill in wish.skills.items() if key not in offered]
    return Verdict(part(len(found), len(wish.skills)), _told(f"{len(wish.skills)} skills", found, missing))


def judge_title(facts: Facts, wish: Wish, rules: Rules, words: Words) -> Verdict:
    """The share of the query's words that the title has."""
    if not wish.words:
        return NO_PREFERENCE
    title = words(facts.title)
    if not title:
        return Verdict(rules.missing("position_title"), "the title has no words", ruled=True)
    found, missing = _split(wish.words, title)
    return Verdict(
        part(len(found), len(wish.words)), _told(f"{len(wish.words)} query words in the title", found, missing)
    )


def judge_keywords(facts: Facts, wish: Wish, rules: Rules, words: Words) -> Verdict:
    """The share of the query's words that the title has, and in part those that only the summary has."""
    if not wish.words:
        return NO_PREFERENCE
    title, summary = words(facts.title), words(facts.summary)
    if not title and not summary:
        return Verdict(rules.missing("keywords"), "neither title nor summary has words", ruled=True)
    found, rest = _split(wish.words, title)
    lower, missing = _split(rest, summary)
    told = _told(f"{len(wish.words)} query words in title or summary", [*found, *lower], missing)
    only = f"; in the summary only: {', '.join(lower)}" if lower else ""
    return Verdict(keyword_share(len(found), len(lower), len(wish.words), rules), told + only)


def _split(wanted: Sequence[str], words: Collection[str]) -> tuple[list[str], list[str]]:
    return [w for w in wanted if w in words], [w for w in wanted if w not in words]


def _told(what: str, found: Sequence[str], missing: Sequence[str]) -> str:
    named = f": {', '.join(found)}" if found else ""
    return f"{len(found)} of {what}{named}" + (f"; missing: {', '.join(missing)}" if missing else "")
