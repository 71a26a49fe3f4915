"""Whether a place in a posting speaks of what is required or of what would be nice to have."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Literal, NamedTuple

from enricher.domain.rules import NeedRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text

Need = Literal["required", "preferred"]
#: Bytes looked at on either side for words in the same sentence, and as far as a heading reaches.
_REACH, _SECTION = 120, 4_000
#: Bytes that may stand before a heading on its line: bullets, signs of markup, emoji.
_LEAD = b" \t\r\n#*-:>\xe2\x80\xa2"
_ENDS = re.compile(rb"[!?;\n]|\.(?=\s|$)|\xe2\x80\xa2|\xc2\xb7|  ")


class _Cue(NamedTuple):
    """A word that says what is needed; one that is `before_only` counts for what follows it."""

    start: int
    end: int
    need: Need
    before_only: bool


class Needs:
    """The words of `config/taxonomy/needs.yml`, ready to be asked."""

    def __init__(self, rules: NeedRules) -> None:
        self._rules = rules

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for: headings, and words in sentences."""
        for need, phrases in self._rules.headings.items():
            yield from (Phrase(words, "need", ("heading", need)) for words in phrases)
        yield from (Phrase(words, "need", ("cue", "preferred")) for words in self._rules.preferred)
        yield from (Phrase(words, "need", ("cue", "required")) for words in self._rules.required)
        yield from (Phrase(words, "need", ("before", "preferred")) for words in self._rules.preferred_before)

    def of(self, text: Text, mentions: list[Mention]) -> "Sections":
        """The sections of this posting. A heading's words inside a sentence are words like others."""
        starts: list[int] = []
        kinds: list[Need | None] = []
        cues: list[_Cue] = []
        for start, end, (role, need) in mentions:
            if role == "heading" and _is_heading(text, start, end):
                starts.append(start)
                kinds.append(None if need == "other" else need)
            elif need != "other":
                cues.append(_Cue(start, end, need, role == "before"))
        return Sections(text, starts, kinds, cues, [cue.start for cue in cues])


class Sections(NamedTuple):
    """A posting's sections by the byte at which each begins, what each is about, and the cues in its sentences."""

    text: Text
    starts: list[int]
    kinds: list[Need | None]
    cues: list[_Cue]
    cue_starts: list[int]

    def need(self, start: int, end: int) -> Need | None:
        """What the sentence at this span says, else the heading above it; None where neither does."""
        return self._said(start, end) or self.under(start)

    def _said(self, start: int, end: int) -> Need | None:
        """What words around say; "preferred" wins, for "required" is said in its negation."""
        said: Need | None = None
        first = bisect_left(self.cue_starts, start - _REACH)
        for cue in self.cues[first : bisect_left(self.cue_starts, end + _REACH, first)]:
            if cue.before_only and cue.start >= start:
                continue
            between = self.text.low[cue.end : start] if cue.start < start else self.text.low[end : cue.start]
            if b"\n" in between or _ENDS.search(between.strip(b" ")):
                continue
            if cue.need == "preferred":
                return "preferred"
            said = cue.need
        return said

    def under(self, start: int) -> Need | None:
        """What the nearest heading above says."""
        at = bisect_right(self.starts, start) - 1
        return self.kinds[at] if at >= 0 and start - self.starts[at] <= _SECTION else None


def _is_heading(text: Text, start: int, end: int) -> bool:
    """Whether the phrase begins a line with a capital, or a colon follows."""
    raw = text.raw
    if raw[end : end + 2].lstrip().startswith(b":"):
        return True
    if not raw[start : start + 1].isupper():
        return False
    before = raw[max(0, start - 12) : start]
    return not before.strip(_LEAD) or b"\n" in before[-4:] or before.endswith((b"  ", b"\xc2\xa0 "))
