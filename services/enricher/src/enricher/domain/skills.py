"""Finds canonical skills in a posting's text and tags."""

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import NamedTuple

import msgspec
from msgspec.structs import astuple

from enricher.domain.ambiguity import LIST_GAPS, Ambiguity
from enricher.domain.evidence import Evidence, from_span
from enricher.domain.needs import Need, Sections
from enricher.domain.rules import AmbiguityRules, ListedSkill, SkillRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text

#: Bytes between two items of an enumeration, at most.
_WIDEST_GAP = 9
#: Items of an enumeration looked at on either side of one, and places at which a skill is tried: a text that is one
#: endless list must not take time quadratic in its length.
_LONGEST_LIST, _MOST_TRIES = 25, 200
#: What makes a single letter part of a word or of another name (C++, C#).
_GOES_ON = frozenset(bytes([b]) for b in b"abcdefghijklmnopqrstuvwxyz+#")
#: Letters that are marks of a name.
_MARKS = frozenset((b"(R)", b"(C)"))
_start = attrgetter("start")


class Spelling(msgspec.Struct, frozen=True, gc=False):
    """What a spelling stands for; `sure` is false where context must decide.

    `written` is set where capitals matter: the text must have those that it has. A `plain` one is sure however it is
    written; one that `vouches` for its neighbours in an enumeration is a technology as well.
    """

    words: str
    skill: str
    technology: bool
    sure: bool
    written: bytes | None
    plain: bool
    vouches: bool

    @classmethod
    def of(cls, words: str, skill: str, *, technology: bool, sure: bool, written: bytes | None = None) -> "Spelling":
        """A spelling, with what follows of it."""
        plain = sure and written is None
        return cls(words, skill, technology, sure, written, plain, plain and technology)

    def is_written_so(self, raw: bytes) -> bool:
        """Whether the text has the capitals that the spelling has."""
        if self.written is None:
            return True
        return raw == self.written if self.written.isupper() else raw[:1] == self.written[:1]


class SkillsRead(NamedTuple):
    """Distinct canonical names, sorted, with the first place each was read, and what is said of their need.

    The first place that says whether a skill is required or preferred counts.
    """

    names: list[str]
    required: list[str]
    preferred: list[str]
    evidence: list[Evidence]


class Skills:
    """The skill taxonomy, ready to be asked."""

    def __init__(self, rules: SkillRules, listed: Iterable[ListedSkill], ambiguity: AmbiguityRules) -> None:
        self.ambiguity = Ambiguity(ambiguity)
        self._spellings = {s.words: s for s in (*self._more(listed), *self._read(rules))}
        # A single letter would stop the automaton at every such letter; capitals are found by plain search instead.
        self._letters = [(s.words.upper().encode(), s) for words, s in self._spellings.items() if len(words) == 1]
        self._decoys = ambiguity.decoys

    def _read(self, rules: SkillRules) -> Iterator[Spelling]:
        for kind, skills in rules.skills.items():
            for name, aliases in skills.items():
                for written in (name, *aliases):
                    yield self._spelling(written, name, technology=kind == "technology")

    def _more(self, listed: Iterable[ListedSkill]) -> Iterator[Spelling]:
        for kind, name, spellings, _ in map(astuple, listed):
            for written in spellings:
                yield self._spelling(written, name, technology=kind == "technology")

    def _spelling(self, written: str, name: str, *, technology: bool) -> Spelling:
        words = written.lower()
        sure = not self.ambiguity.is_ambiguous(words)
        capitals = None if words == written else written.encode()
        return Spelling.of(words, name, technology=technology, sure=sure, written=capitals)

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for."""
        yield from (Phrase(w, "skill", s) for w, s in self._spellings.items() if len(w) > 1)
        yield from (Phrase(d, "decoy") for d in self._decoys)

    def read(
        self, text: Text, mentions: list[Mention], tags: Iterable[str], company: str, sections: Sections
    ) -> SkillsRead:
        """The skills of a posting.

        The employer's own name is no skill unless it stands in a list with others (Stripe, Datadog, Snowflake).
        """
        evidence, needs = self._in_text(text, self._all(text, mentions), company.lower(), sections)
        for item in self._tagged(tags):
            evidence.setdefault(item.value, item)
        names = sorted(evidence)
        required = [name for name in names if needs.get(name) == "required"]
        preferred = [name for name in names if needs.get(name) == "preferred"]
        return SkillsRead(names, required, preferred, [evidence[name] for name in names])

    def _in_text(
        self, text: Text, found: list[Mention], employer: str, sections: Sections
    ) -> tuple[dict[str, Evidence], dict[str, Need]]:
        """Sure ones as they are; ambiguous ones by context, in which sure neighbours of an enumeration count."""
        evidence: dict[str, Evidence] = {}
        needs: dict[str, Need] = {}
        tries: dict[str, int] = {}
        sure = [mention.value.vouches for mention in found]
        for index, mention in enumerate(found):
            spelling = mention.value
            name = spelling.skill
            tried = tries.get(name, 0)
            if tried >= _MOST_TRIES or (name in needs and name in evidence):
                continue
            tries[name] = tried + 1
            own_name = employer.startswith(spelling.words)
            plain = spelling.plain and not own_name  # as most are
            rule = "alias" if plain else self._rule(text, found, index, sure, own_name=own_name)
            if rule is None:
                continue
            start, end = mention.start, mention.end
            if name not in needs and (need := sections.need(start, end)):
                needs[name] = need
            if name not in evidence:
                evidence[name] = from_span(text, start, end, field="skills", value=name, rule=f"skill.{rule}")
        return evidence, needs

    def _rule(self, text: Text, found: list[Mention], index: int, sure: list[bool], *, own_name: bool) -> str | None:
        """Why a mention is a skill, None where it is not."""
        start, end, spelling = astuple(found[index])
        # Where a currency or unit is looked for within words too ("CAD"), the scanner finds it in "decades".
        if not (spelling.is_written_so(text.raw[start:end]) and text.is_word(start, end)):
            return None
        if spelling.sure and not own_name:
            return "alias"
        listed = _neighbour_is_sure(index, text, found, sure)
        if own_name and not listed:
            return None
        if spelling.sure:
            return "alias"
        rule = self.ambiguity.verdict(spelling.words, text, start, end, listed=listed)
        sure[index] = rule is not None and spelling.technology
        return rule

    def _all(self, text: Text, mentions: list[Mention]) -> list[Mention]:
        """The scanner's mentions and those of single letters, in the order of the text."""
        raw, letters = text.raw, []
        for letter, spelling in self._letters:
            end = raw.find(letter) + 1
            while end:
                goes_on = raw[end : end + 1] in _GOES_ON or raw[end - 2 : end + 1] in _MARKS
                if not goes_on and text.is_word(end - 1, end):
                    letters.append(Mention(end - 1, end, spelling))
                end = raw.find(letter, end) + 1
        return sorted(mentions + letters, key=_start) if letters else mentions

    def _tagged(self, tags: Iterable[str]) -> Iterator[Evidence]:
        """Tags of the source that are spellings of skills; ambiguous ones count beside a tag that is surely one."""
        known = [(tag, s) for tag in tags if (s := self._spellings.get(tag.strip().lower()))]
        if any(s.sure and s.technology for _, s in known):
            yield from (Evidence("skills", s.skill, "skill.tag", "provider", text=tag) for tag, s in known)
        else:
            yield from (Evidence("skills", s.skill, "skill.tag", "provider", text=tag) for tag, s in known if s.sure)


def _linked(low: bytes, end: int, start: int) -> bool:
    """Whether of two mentions one ends and the next starts so that they are neighbours in an enumeration."""
    return start - end < _WIDEST_GAP and low[end:start].strip(b" \t\r\n") in LIST_GAPS


def _neighbour_is_sure(index: int, text: Text, found: list[Mention], sure: list[bool]) -> bool:
    """Whether a mention to the left or right, along the enumeration, is surely a technology."""
    left = right = index
    low, raw = text.low, text.raw
    first, last = index - _LONGEST_LIST, index + _LONGEST_LIST
    while left > first and left and _linked(low, found[left - 1].end, found[left].start):
        left -= 1
        if sure[left]:
            return True
    while right < last and right + 1 < len(found) and _linked(low, found[right].end, found[right + 1].start):
        right += 1
        if sure[right]:
            return True
    if left == right:
        return False
    # Ambiguous technologies in a row ("Word, Excel", "Go, Rust, Swift") vouch for each other: two, or most of more.
    row = {
        m.value.skill
        for m in found[left : right + 1]
        if m.value.technology and m.value.is_written_so(raw[m.start : m.end])
    }
    return len(row) >= 2 + (right - left > 2)
