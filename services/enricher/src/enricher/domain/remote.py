"""Remote type: the source's statement, title, places, the source's flag, then the body, negations heeded."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from common.contracts import Place, RemoteType
from enricher.domain.evidence import Evidence, from_span
from enricher.domain.remote_offer import OFFERED, is_of_job, is_possible, of_possibility
from enricher.domain.remote_sentence import (
    FIVE,
    REACH,
    days_a_week,
    is_in_field,
    is_whole,
    part_of_the_time,
    said_of_office,
    said_of_week,
    says_nothing,
    stands_alone,
)  # fmt: skip
from enricher.domain.rules import RemoteRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.wording import Wording, WordsPattern, blank_out

#: Hybrid is the more careful reading where a text says both.
_ORDER: tuple[RemoteType, ...] = ("hybrid", "remote", "onsite")
#: Bytes before and behind a cue in which a negation counts.
_BEFORE, _BEHIND = 24, 32
#: Of which "not" says that some of the time is left: "not fully remote".
_WHOLE = re.compile(
    r"fully|completely|entirely|100|remote.only|komplett|vollständig|ausschließlich|entièrement|total|completamente"
)
_SENTENCE_END = re.compile(r"[.!?;\n]")


class RemoteReader:
    """The words of `config/taxonomy/remote.yml`, ready to be asked."""

    def __init__(self, rules: RemoteRules) -> None:
        self._provider = Wording(rules.provider)
        self._flags = frozenset(rules.provider_flags)
        self._headline = Wording(rules.headline)
        words = WordsPattern(rules.negations_before).pattern
        self._before = re.compile(words + r"[\s\"'(:]*(?:(?:a|an|fully|currently|eligible for) )?$")
        self._after = WordsPattern(rules.negations_after)
        self._body, self._decoys, self._no_headline = rules.body, rules.decoys, WordsPattern(rules.decoys)
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
            if kind and (kind not in found or found[kind].rule.endswith(OFFERED)):
                found[kind] = from_span(text, m.start, m.end, field="remote_type", value=kind, rule=f"remote.body{how}")
        if "remote" in found and "hybrid" in found and found["hybrid"].rule.endswith(OFFERED):
            return found["remote"]
        return _first(found)

    def _said(self, text: Text, cue: Mention) -> tuple[RemoteType | None, str]:
        """What a cue of the body says with the negations and the days a week around it, and by which of these."""
        if cue.value == "hybrid":
            return "hybrid", ""
        if cue.value == "alone":
            said = stands_alone(text, cue) or is_of_job(cue, *text.around(cue.start, cue.end, REACH))
            return ("hybrid", ".alone") if said else (None, "")
        if cue.value in {"office", "onsite"}:
            return said_of_office(text, cue, *text.around(cue.start, cue.end, REACH))
        if cue.value == "week":
            words = text.low[cue.start : cue.end].decode()
            return said_of_week(words, *text.around(cue.start, cue.end, REACH))
        return self._said_of_home(text, cue, *text.around(cue.start, cue.end, REACH))

    def _said_of_home(self, text: Text, cue: Mention, before: str, behind: str) -> tuple[RemoteType | None, str]:
        words = text.low[cue.start : cue.end].decode(errors="ignore")
        if says_nothing(before, behind):
            return None, ""
        if how := part_of_the_time(words, before, behind):
            return "hybrid", how
        if days := days_a_week(before, behind, "home"):
            return "remote" if days in FIVE else "hybrid", ".days"
        if said := of_possibility(words, before):
            return said
        if cue.value == "home" and not (
            is_whole(before) or stands_alone(text, cue) or (words == "remote" and is_of_job(cue, before, behind))
        ):
            return None, ""
        near = text.low[max(0, cue.start - _BEFORE) : cue.start].decode(errors="ignore")
        if self._turned("remote", near, text.low[cue.end : cue.end + _BEHIND].decode(errors="ignore")) != "remote":
            return ("hybrid", ".not_wholly") if _WHOLE.match(words) else ("onsite", ".negated")
        if cue.value == "offered" and not is_whole(before) and not is_in_field(text, cue):
            return "hybrid", OFFERED
        possible = cue.value == "partly" or is_possible(words, before)
        return ("hybrid", ".possible") if possible else ("remote", "")

    def _turned(self, kind: RemoteType, before: str, behind: str) -> RemoteType:
        """What a cue stands for once negations are heeded: "not remote" is onsite, other cues keep their meaning."""
        if kind != "remote":
            return kind
        before = _SENTENCE_END.split(before)[-1]
        behind = _SENTENCE_END.split(behind)[0]
        return "onsite" if self._before.search(before) or self._after.match(behind.lstrip()) else kind


def _first(found: dict[RemoteType, Evidence]) -> Evidence | None:
    return next((found[kind] for kind in _ORDER if kind in found), None)
