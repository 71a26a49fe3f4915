"""Remote type: the source's statement, title, places, the source's flag, then the body, negations heeded."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from common.contracts import Place, RemoteType
from enricher.domain.evidence import Evidence, from_span
from enricher.domain.rules import RemoteRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.wording import Wording, blank_out, words_pattern

#: Hybrid is the more careful reading where a text says both.
_ORDER: tuple[RemoteType, ...] = ("hybrid", "remote", "onsite")
#: Bytes before and behind a cue in which a negation counts.
_BEFORE, _BEHIND = 24, 32
#: Bytes of the sentence in which days a week are said of a cue.
_REACH = 60
_NUMBER = (
    r"(?<![\d.,])(?P<{}>[1-7](?!\d)|one|two|three|four|five|ein|einen|einem|zwei|drei|vier|fünf|un|une|deux|trois|quatre"
    r"|cinq|uno|dos|tres|cuatro|cinco|due|tre|quattro|cinque|twee|drie|vijf|dois|duas|três|quatro)"
)
#: "2-3 days per week", "an 2 Tagen pro Woche", "5x a week"; and what is rarer than that and says nothing.
_DAYS_A_WEEK = re.compile(
    rf"\b{_NUMBER.format('least')}(?:\W{{0,3}}(?:-|–|to|or|bis|oder|à|ou|a|o)?\W{{0,2}}{_NUMBER.format('most')})?"
    r"\W{0,2}(?:full |ganze )?(?:days?|times|x|tagen?|tage|jours?|d[ií]as?|giorni|dagen?)"
    r"(?=.{0,25}(?:week|woche|wöchentlich|semaine|semana|settimana))"
)
_RARELY = re.compile(
    r"\b(?:days?|weeks?|months?|tagen?|tage|wochen|monate|jours|semaines|días|semanas)\W+(?:\w+\W+){0,2}(?:year|jahr|an|año)\b"
)
#: Between a cue and the days these speak of the other place: "remote at first, then on-site five days a week".
_ELSEWHERE = {
    "home": re.compile(r"site|office|büro|bureau|oficina|person|vor ort|kantoor"),
    "office": re.compile(r"home|remote|télétravail|teletrabajo|mobil"),
}
_FIVE = frozenset({"5", "6", "7", "five", "fünf", "cinq", "cinco", "cinque", "vijf"})
#: All that stands between signs: "| ONSITE |", "(Remote)", a line of a list; before a comma also at a sentence's start.
_SIGN_BEFORE = re.compile(r"(?:^|[|(\n•;]|\n ?[-*]|\bor)[ *_]*$")
_SIGN_BEHIND = re.compile(r"[ *_]*(?:$|[|,);\n(]|[-–—] )")
_SENTENCE_BEFORE = re.compile(r"(?:^|\n|[.!?] )$")
#: Now and then from home is hybrid.
_AT_TIMES_BEFORE = re.compile(r"\b(?:occasional(?:ly)?|part[- ]time|sometimes|partly|gelegentlich)(?:\W+\w+)?\W+$")
_AT_TIMES_BEHIND = re.compile(
    r"\W+(?:part[- ]time|occasionally|sometimes|at times|gelegentlich|(?:on )?(?:mon|tues|wednes|thurs|fri)days?)\b"
)
#: What is paid for work from home, or asked of those who have done it, says nothing of this job.
_OTHERWISE = re.compile(
    r"\b(?:compensation|allowance|stipend|budget|reimbursement|experience|experienced|comfortable|accustomed)"
    r"(?:\W+(?:for|in|with|of|to|a|an|the|your|working))*\W+$"
)
_SENTENCE_END = re.compile(r"[.!?;\n]")


class RemoteReader:
    """The words of `config/taxonomy/remote.yml`, ready to be asked."""

    def __init__(self, rules: RemoteRules) -> None:
        self._provider = Wording(rules.provider)
        self._flags = frozenset(rules.provider_flags)
        self._headline = Wording(rules.headline)
        words = words_pattern(rules.negations_before).pattern
        self._before = re.compile(words + r"[\s\"'(:]*(?:(?:a|an|fully|currently|eligible for) )?$")
        self._after = words_pattern(rules.negations_after)
        self._body, self._decoys, self._no_headline = rules.body, rules.decoys, words_pattern(rules.decoys)
        self._of_headline = lru_cache(maxsize=40_000)(self._read_headline)

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for in bodies."""
        for kind, phrases in self._body.items():
            for words in phrases:
                yield Phrase(words, "remote", kind, bounded=words[0].isalnum() and words[-1].isalnum())
        yield from (Phrase(words, "decoy") for words in self._decoys)

    def read(
        self, title: str, hint: str | None, places: Sequence[Place], text: Text, mentions: list[Mention]
    ) -> Evidence | None:
        """The type with its reason; None where nothing says."""
        if hint and (kind := self._provider.exact(hint)):
            return Evidence("remote_type", kind, "remote.provider", "provider", text=hint)
        if found := self._of_headline(title, "title"):
            return found
        if found := self._of_places(places):
            return found
        body = self._of_body(text, mentions)
        if hint and hint.strip().lower() in self._flags and (body is None or body.value != "hybrid"):
            return Evidence("remote_type", "remote", "remote.provider_flag", "provider", text=hint)
        return body

    def _read_headline(self, words: str, where: str) -> Evidence | None:
        low = blank_out(self._no_headline, words.lower())
        found: dict[RemoteType, Evidence] = {}
        for kind, m in self._headline.find(low):
            said = self._turned(kind, low[: m.start()], low[m.end() :])
            rule = f"remote.{where}" if said == kind else f"remote.{where}.negated"
            found.setdefault(said, Evidence("remote_type", said, rule, where, *m.span(), words[m.start() : m.end()]))
        return _first(found)

    def _of_places(self, places: Sequence[Place]) -> Evidence | None:
        found: dict[RemoteType, Evidence] = {}
        for place in places:
            if place.text and (e := self._of_headline(place.text, "places")):
                found.setdefault(e.value, e)  # type: ignore[arg-type] # values come from typed rules
        return _first(found)

    def _of_body(self, text: Text, mentions: list[Mention]) -> Evidence | None:
        found: dict[RemoteType, Evidence] = {}
        for m in mentions:
            kind, how = self._said(text, m)
            if kind and kind not in found:
                found[kind] = from_span(text, m.start, m.end, field="remote_type", value=kind, rule=f"remote.body{how}")
        return _first(found)

    def _said(self, text: Text, cue: Mention) -> tuple[RemoteType | None, str]:
        """What a cue of the body says with the negations and the days a week around it, and by which of these."""
        if cue.value == "hybrid":
            return "hybrid", ""
        if cue.value == "alone":
            return ("hybrid", ".alone") if _stands_alone(text, cue) else (None, "")
        at: RemoteType = "onsite" if cue.value in {"office", "onsite"} else "remote"
        before, behind = text.around(cue.start, cue.end, _REACH)
        if at == "remote" and _OTHERWISE.search(before):
            return None, ""
        if at == "remote" and (_AT_TIMES_BEFORE.search(before) or _AT_TIMES_BEHIND.match(behind)):
            return "hybrid", ".at_times"
        if at == "remote" and (_RARELY.search(before) or _RARELY.search(behind)):
            return None, ""
        if days := _days_a_week(before, behind, "home" if at == "remote" else "office"):
            return at if days in _FIVE else "hybrid", ".days"
        if cue.value in {"home", "office"} and not _stands_alone(text, cue):
            return None, ""
        if at == "onsite":
            return at, ""
        before = text.low[max(0, cue.start - _BEFORE) : cue.start].decode(errors="ignore")
        behind = text.low[cue.end : cue.end + _BEHIND].decode(errors="ignore")
        if self._turned(at, before, behind) != at:
            return "onsite", ".negated"
        return "hybrid" if cue.value == "partly" else at, ""

    def _turned(self, kind: RemoteType, before: str, behind: str) -> RemoteType:
        """What a cue stands for once negations are heeded: "not remote" is onsite, other cues keep their meaning."""
        if kind != "remote":
            return kind
        before = _SENTENCE_END.split(before)[-1]
        behind = _SENTENCE_END.split(behind)[0]
        return "onsite" if self._before.search(before) or self._after.match(behind.lstrip()) else kind


def _stands_alone(text: Text, cue: Mention) -> bool:
    """Whether a cue in capitals or with a capital is all that stands between signs."""
    if text.raw[cue.start : cue.start + 1] == text.low[cue.start : cue.start + 1]:
        return False
    before = text.raw[max(text.body_start, cue.start - 4) : cue.start].decode(errors="ignore")
    behind = text.raw[cue.end : cue.end + 4].decode(errors="ignore")
    begins = _SENTENCE_BEFORE if cue.value == "alone" and behind[:1] in {",", " "} else _SIGN_BEFORE
    if cue.value == "office" and behind[:1] == ",":
        return False  # "On-site, state-of-the-art gym"
    return bool((_SIGN_BEFORE.search(before) or begins.search(before)) and _SIGN_BEHIND.match(behind))


def _days_a_week(before: str, behind: str, place: str) -> str | None:
    """The most days a week that a sentence says of a cue between its two sides, as written."""
    if days := _DAYS_A_WEEK.search(behind):
        if not _ELSEWHERE[place].search(behind, 0, days.start()):
            return days["most"] or days["least"]
    elif days := _DAYS_A_WEEK.search(before + " " + behind[:20]):
        return days["most"] or days["least"]
    return None


def _first(found: dict[RemoteType, Evidence]) -> Evidence | None:
    return next((found[kind] for kind in _ORDER if kind in found), None)
