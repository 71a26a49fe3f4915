"""Whether a place in a posting speaks of what is required or of what would be nice to have."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Literal

import msgspec

from enricher.domain.rules import NeedRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text

Need = Literal["required", "preferred"]
#: Bytes looked at on either side for words in the same sentence, and as far as a heading reaches.
_REACH, _SECTION = 120, 4_000
#: Bytes that may stand before a heading on its line: bullets, signs of markup, emoji.
_LEAD = b" \t\r\n#*-:>\xe2\x80\xa2"
#: Behind a cue that says nothing of what follows it: "(CPA preferred)", and a line break that was lost.
_CLOSED = re.compile(rb" ?\)|[A-Z]")
#: Ends of sentences and list items, one by one: of a set among them the search would not skip what none begins with.
_ENDS = re.compile(rb"!|\?|;|\n|\.(?=\s|$)|\xe2\x80\xa2|\xc2\xb7")


class _Cue(msgspec.Struct, frozen=True, gc=False):
    """A word that says what is needed; `before_only` counts for what follows it, `behind_only` for the rest."""

    start: int
    end: int
    need: Need
    before_only: bool
    behind_only: bool


class Needs:
    """The words of `config/taxonomy/needs.yml`, ready to be asked."""

    def __init__(self, rules: NeedRules) -> None:
        self._rules = rules

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for: headings, and words in sentences."""
        for need, phrases in self._rules.headings.items():
            yield from (Phrase(words, "need", ("heading", need)) for words in phrases)
        for need, phrases in self._rules.headings_alone.items():
            yield from (Phrase(words, "need", ("alone", need)) for words in phrases)
        yield from (Phrase(words, "need", ("cue", "preferred")) for words in self._rules.preferred)
        yield from (Phrase(words, "need", ("cue", "required")) for words in self._rules.required)
        yield from (Phrase(words, "need", ("before", "preferred")) for words in self._rules.preferred_before)

    def of(self, text: Text, mentions: list[Mention]) -> "Sections":
        """The sections of this posting. A heading's words inside a sentence are words like others."""
        starts: list[int] = []
        kinds: list[Need | None] = []
        cues: list[_Cue] = []
        for mention in mentions:
            start, end, (role, need) = mention.start, mention.end, mention.value
            if (role == "heading" and _is_heading(text, start, end)) or (
                role == "alone" and _is_alone(text, start, end)
            ):
                starts.append(start)
                kinds.append(None if need == "other" else need)
            elif need != "other" and role != "alone":
                cues.append(_Cue(start, end, need, role == "before", bool(_CLOSED.match(text.raw, end))))
        return Sections(text, starts, kinds, cues, [cue.start for cue in cues])


class Sections(msgspec.Struct, frozen=True, gc=False):
    """A posting's sections by the byte at which each begins, what each is about, and the cues in its sentences."""

    text: Text
    starts: list[int]
    kinds: list[Need | None]
    cues: list[_Cue]
    cue_starts: list[int]

    def need(self, start: int, end: int) -> Need | None:
        """What the sentence at this span says, else the heading above it; None where neither does."""
        starts = self.cue_starts
        first = bisect_left(starts, start - _REACH)
        near = first < len(starts) and starts[first] < end + _REACH
        return (self._said(first, start, end) if near else None) or self.under(start)

    def _said(self, first: int, start: int, end: int) -> Need | None:
        """What words around say, from this cue on; "preferred" wins, for "required" is said in its negation."""
        said: Need | None = None
        low = self.text.low
        for cue in self.cues[first : bisect_left(self.cue_starts, end + _REACH, first)]:
            if cue.before_only if cue.start >= start else cue.behind_only:
                continue
            between = (low[cue.end : start] if cue.start < start else low[end : cue.start]).strip(b" ")
            if b"  " in between or _ENDS.search(between):
                continue
            if cue.need == "preferred":
                return "preferred"
            said = cue.need
        return said

    def under(self, start: int) -> Need | None:
        """What the nearest heading above says."""
        at = bisect_right(self.starts, start) - 1
        return self.kinds[at] if at >= 0 and start - self.starts[at] <= _SECTION else None


def _is_alone(text: Text, start: int, end: int) -> bool:
    """Whether a colon follows, or the phrase is a line of its own."""
    behind = text.raw[end : end + 3].lstrip(b" *")
    return behind[:1] == b":" or (behind[:1] in {b"", b"\n"} and _is_heading(text, start, end))


def _is_heading(text: Text, start: int, end: int) -> bool:
    """Whether the phrase begins a line with a capital, or a colon follows."""
    raw = text.raw
    if raw[end : end + 2].lstrip().startswith(b":"):
        return True
    if not raw[start : start + 1].isupper():
        return False
    before = raw[max(0, start - 12) : start]
    return not before.strip(_LEAD) or b"\n" in before[-4:] or before.endswith((b"  ", b"\xc2\xa0 "))
