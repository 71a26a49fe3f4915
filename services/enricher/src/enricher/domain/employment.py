"""Employment types: as the source states them, else from the title, else from plain statements in the body."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from common.contracts import EmploymentType
from enricher.domain.employment_body import EmploymentStatements
from enricher.domain.evidence import Evidence, from_span
from enricher.domain.rules import EmploymentRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.weekly_hours import WeeklyHours
from enricher.domain.wording import Wording, WordsPattern, blank_out

_SEPARATORS = re.compile(r"[\W_]+")
#: Where a part of a title begins and ends, or a term or a kind of work stands: "6 month contract", "contract role".
_BEGINS = re.compile(r"(?:^|[-–—|,;(\[/:]|\b(?:months?|mths?|weeks?|years?|term|w2|mois|meses))[\s-]*$")
_ENDS = re.compile(r"\s*(?:$|[-–—|,;()\[\]/:*]|(?:to|role|position|basis|work|opportunity|h/f|f/h|only)\b)")
#: "60-80 %", "(50%)": the share of a full week, where it is not that of travel, of remote work or of pay.
_SHARE = re.compile(
    r"(?P<low>[1-9]\d)\s?%?\s?(?:-|–|bis|à)\s?(?P<high>[1-9]\d|100)\s?%(?!\s?\w)|\(\s?(?P<one>[1-9]\d)\s?%\s?\)"
)
_FULL_WEEK = 100

#: Types that say how long the week is, and those (besides none) that leave it to be said.
_HOURS, _LEAVES_HOURS_OPEN = frozenset({"FULL_TIME", "PART_TIME"}), frozenset({"TEMPORARY"})


def _of_span(text: Text, mention: Mention, kind: EmploymentType, rule: str) -> Evidence:
    return from_span(text, mention.start, mention.end, field="employment_types", value=kind, rule=rule)


def _plain(words: str) -> str:
    return _SEPARATORS.sub("", words.lower())


class EmploymentReader:
    """The words of `config/taxonomy/employment.yml`, ready to be asked."""

    def __init__(self, rules: EmploymentRules) -> None:
        self._provider: dict[str, EmploymentType] = {}
        for kind, phrases in rules.provider.items():
            self._provider.update({_plain(p): kind for p in (kind, *phrases)})
        self._title = Wording(rules.title)
        self._ignore = WordsPattern(rules.title_ignore)
        self._edges = frozenset(rules.title_edges)
        self._body = rules.body
        self._in_context, self._decoys = rules.context.words, rules.context.decoys
        self._statements = EmploymentStatements(rules.context)
        self._hours = WeeklyHours(rules.hours)
        self._of_title = lru_cache(maxsize=20_000)(self._read_title)

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for in bodies."""
        for kind, phrases in self._body.items():
            for words in phrases:
                yield Phrase(words, "employment", (kind, True), bounded=words[0].isalnum())
        for kind, phrases in self._in_context.items():
            yield from (Phrase(words, "employment", (kind, False)) for words in phrases)
        yield from (Phrase(words, "decoy") for words in self._decoys)
        yield from self._hours.phrases()

    def read(
        self, title: str, stated: Iterable[str], text: Text, mentions: list[Mention], hours: list[Mention]
    ) -> tuple[list[EmploymentType], list[Evidence]]:
        """Distinct types, sorted, each with its reason; OTHER for words of a source that none of ours covers."""
        found = {e.value: e for e in self._of_provider(stated)}
        if not found:
            found = {e.value: e for e in self._of_title(title)}
            if found.keys() <= _LEAVES_HOURS_OPEN:
                self._add_of_body(found, text, mentions, hours)
        kinds = sorted(found)
        return kinds, [found[k] for k in kinds]  # type: ignore[return-value] # values come from typed rules

    def _add_of_body(
        self, found: dict[str, Evidence], text: Text, mentions: list[Mention], hours: list[Mention]
    ) -> None:
        """Adds what the body states; beside the contract that a title names, only whether it is full or part time."""
        of_title = bool(found)
        for m in self._statements.of(text, mentions):
            kind = m.value[0]
            if kind not in found and (not of_title or kind in _HOURS):
                found[kind] = _of_span(text, m, kind, "employment.body")
        if found.keys() <= _LEAVES_HOURS_OPEN and (stated := self._hours.of(text, hours)):
            found[stated.value] = _of_span(text, stated, stated.value, "employment.hours")

    def _of_provider(self, stated: Iterable[str]) -> Iterator[Evidence]:
        for words in stated:
            # "permanent" and the like say nothing about hours or contract: no type, and not OTHER either.
            if kind := self._provider.get(_plain(words)):
                yield Evidence("employment_types", kind, "employment.provider", "provider", text=words)

    def _read_title(self, title: str) -> tuple[Evidence, ...]:
        low = blank_out(self._ignore, title.lower())
        found = [(kind, m) for kind, m in self._title.find(low) if m.group() not in self._edges or _at_edge(low, m)]
        if share := _SHARE.search(low):
            low_end, high_end = int(share["low"] or share["one"]), int(share["high"] or share["one"])
            found += [("PART_TIME", share)] if low_end < _FULL_WEEK else []
            found += [("FULL_TIME", share)] if high_end == _FULL_WEEK else []
        return tuple(
            Evidence("employment_types", kind, "employment.title", "title", *m.span(), title[m.start() : m.end()])
            for kind, m in found
        )


def _at_edge(low: str, match: re.Match[str]) -> bool:
    """Whether it begins or ends a part of a title: "Contract Java Developer", not "Maintenance Contract & Billing"."""
    return bool(_BEGINS.search(low[: match.start()]) or _ENDS.match(low, match.end()))
