"""Whether a place in a posting speaks of what is required or of what would be nice to have."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Literal

import msgspec

from enricher.domain.rules import NeedRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import BEGINNINGS, Text

Need = Literal["required", "preferred"]
#: Bytes looked at on either side for words in the same sentence, and as far as a heading reaches.
_REACH, _SECTION = 120, 4_000
#: Bytes that may stand before a heading on its line: bullets, signs of markup, emoji.
_LEAD = b" \t\r\n#*-:>\xe2\x80\xa2"
#: Bytes between a skill and the word behind it that asks for it: "Python or SQL skills".
_BESIDE = 16
#: Behind a cue that is silent on what follows it: "(CPA preferred)", "BLS required, ACLS"; a line break that was lost;
#: "preferred, but not required, in Java" does.
_CLOSED = re.compile(
    rb" ?\)| ?,(?! (?:in|with|including|such|especially|like)\b)|[A-Z]| (?:and|but|while|und|aber|et|mais|y|pero)\b"
)
#: Ends of skills that are words which ask: "communication skills", "Englischkenntnisse".
_ASKED = (b"skills", b"kenntnisse")
#: "Deutsch- und Englischkenntnisse"; several that one wish is for: "Java knowledge, and Kafka experience are a plus".
_HALF = re.compile(rb"-(?: (?:und|oder|sowie) |, |/)[^.;\n]{0,30}kenntnisse")
_SEVERAL = re.compile(rb"\b(?:are|both|sind|w\xc3\xa4ren|seraient|sont|ser\xc3\xadan|son)\b|, ?(?:and|or|und|oder)\b")
#: Behind these a sentence speaks of something else: "experience in C, but you will see Python as well".
_TURNED = re.compile(rb"\b(?:but(?! not)|aber|mais|pero)\b|\byou(?:\xe2\x80\x99|'| wi)ll\b")
_ANEW = re.compile(
    rb",\s(?:[^\s,]+\s){0,3}?[^\s,]*(?:kenntnisse|erfahrung|knowledge|experience|familiarity|exposure|notions d"
    rb"|connaissances? d|conocimientos? d|experiencia)"
)
#: What stands before "experience with" where nobody asks for it: "gain experience with", "our experience in".
_WORD, _ASKER = re.compile(rb"[a-z\xc3-\xf4\x80-\xbf]+"), 36
#: Abbreviations whose point ends no sentence: "e.g. Kafka", "z. B. Java".
_NO_END = "".join(
    f"(?<!{short})"
    for short in (
        *(r"[( ][zudip]\.", r"[zudiep]\.[A-Za-z]\.", r"[zudiep]\. [A-Za-z]\.", r"\bbzw\.", r"\bin[ck]l\.", r"\bex\."),
        *(r"\bej\.", r"\bevtl\.", r"\bggf\."),
    )
)
#: Ends of sentences and list items, one by one: of a set among them the search would not skip what none begins with. A
#: point may stand right before the next sentence; a word that begins a requirement, where a line break was lost, right
#: behind another; and a dash before a list item in its line.
_ENDS = re.compile(
    rf"!|\?|;|\n|\.(?:(?=\s|$){_NO_END}|(?<=[a-z)]\.)(?=[A-Z][a-z])(?!Net|Js))|\xe2\x80\xa2|\xc2\xb7|".encode("latin-1")
    + rb"\.(?<=[a-z]\.)(?=\) [A-Z])|"
    + rb"\)(?= (?:Experience|Knowledge|Familiarity|Proficiency|Understanding) (?:with|in|of) )|"
    + "|".join(rf"{word[0]}(?<=[A-Za-z)+#][a-zA-Z)+#]{word[0]}){word[1:]}" for word in BEGINNINGS).encode()
    + rb"|-(?<= -)(?= [A-Z][a-z])(?! (?:Preferred|Required|Nice|Must|Plus|Desir|Bonus|Optional|Mandatory))"
)
#: Two words and more in capitals are a heading even within a line: "… sales teams Preferred Qualifications Advanced …",
#: not "meet the Minimum Qualifications"; how far into its line a firm begins to speak of itself.
_CAPITALS = re.compile(rb"[A-Z][a-z]+(?: [A-Z][a-z]+)+")
_ARTICLE, _WORD_BEFORE = re.compile(rb"\b(?:the|our|these|those|meet|all|of|to|and|or|your|following|for|in) \Z"), 12
_OPENING, _SHORT = 70, 45
#: Right before a heading, where a line break was lost: "our team.Preferred Qualifications".
_LOST_BREAK = frozenset((b".", b"!", b"?"))
#: The rest of a heading before its last words, and what some of it say; behind those, where the break was lost.
_TITLED = re.compile(
    rb"(?:\n[\s#*-]*|[a-z.!?)])((?:(?:Job|Position|Role|Candidate|Applicant|Associate|Skills?|Knowledge|Experience|Competenc(?:y|ies)"
    rb"|Educational|Education|Training|Language|Licens\w+|Certifications?|Technical|Technology|Professional|Academic"
    rb"|General|Key|Core|Basic|Minimum|Essential|Mandatory|Required|Other|Strongly|Highly|Preferred|Desired|Desirable"
    rb"|Bonus|Additional|Nice[ -]to[ -]Have|Physical|Travel|Requirements|Qualifications|Abilities)"
    rb"[ ,/]{1,2}(?:(?:[Aa]nd|[Oo]r|&)[ /])?){1,4})$"
)
_LAST_WORDS = (b"requirements", b"qualifications", b"skills", b"criteria")
_WISHED, _NO_NEED = re.compile(rb"Preferred|Desir|Bonus|Nice"), re.compile(rb"Physical|Travel")
#: Roles of words that say what is needed in their sentence; a heading's do where they are no heading.
_CUES = frozenset(("heading", "cue", "before"))
_NO_SECTION = frozenset(("cue", "before"))
_JOINS, _LINE_ENDS = frozenset((b" ", b"/")), frozenset((b"", b"\n"))
_GLUED, _TITLE = re.compile(rb"[A-Z][a-z]"), 60


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
        self._not_asked = frozenset(word.encode() for word in rules.not_asked)

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for: headings, and words in sentences."""
        for need, phrases in self._rules.headings.items():
            yield from (Phrase(words, "need", ("heading", need)) for words in phrases)
        for need, phrases in self._rules.headings_alone.items():
            yield from (Phrase(words, "need", ("alone", need)) for words in phrases)
        yield from (Phrase(words, "need", ("cue", "preferred")) for words in self._rules.preferred)
        yield from (Phrase(words, "need", ("cue", "required")) for words in self._rules.required)
        yield from (Phrase(words, "need", ("before", "preferred")) for words in self._rules.preferred_before)
        yield from (Phrase(words, "need", ("closing", "other")) for words in self._rules.closing)
        yield from (Phrase(words, "need", ("opening", "other")) for words in self._rules.openings)
        behind = {*self._rules.asks_behind}
        yield from (Phrase(words, "need", ("asks", "before")) for words in self._rules.asks_before)
        # "Kenntnisse in" asks for what follows it, and for what stands before its first word: "Java-Kenntnisse in".
        behind |= {words for words in self._rules.asks_before if words.split()[0] in behind}
        yield from (Phrase(words, "need", ("asks", "behind")) for words in sorted(behind))

    def of(self, text: Text, mentions: list[Mention]) -> "Sections":
        """The sections of this posting. A heading's words inside a sentence are words like others."""
        starts: list[int] = []
        kinds: list[Need | None] = []
        cues: list[_Cue] = []
        asks: list[Mention] = []
        for mention in mentions:
            start, end, (role, need) = mention.start, mention.end, mention.value
            if role == "asks":
                asks.append(mention)
            elif role not in _NO_SECTION and (begun := _begins(text, start, end, role, need)):
                at, said = begun
                if role != "alone" or said != "required" or kinds[-1:] != ["preferred"]:
                    starts.append(max(at, starts[-1] + 1) if starts else at)
                    kinds.append(None if said == "other" else said)
            elif role in _CUES and need != "other":
                closed = role != "before" and _CLOSED.match(text.raw, end) is not None
                cues.append(_Cue(start, end, need, role == "before", closed))
        cue_starts, ask_starts = [cue.start for cue in cues], [ask.start for ask in asks]
        return Sections(text, starts, kinds, cues, cue_starts, asks, ask_starts, self._not_asked)


class Sections(msgspec.Struct, frozen=True, gc=False):
    """A posting's sections by the byte at which each begins, what each is about, and the cues in its sentences."""

    text: Text
    starts: list[int]
    kinds: list[Need | None]
    cues: list[_Cue]
    cue_starts: list[int]
    asks: list[Mention]
    ask_starts: list[int]
    not_asked: frozenset[bytes]

    def need(self, start: int, end: int) -> Need | None:
        """What the sentence at this span says, else the heading above it, else that the sentence asks for it."""
        starts = self.cue_starts
        first = bisect_left(starts, start - _REACH)
        near = first < len(starts) and starts[first] < end + _REACH
        said = (self._said(first, start, end) if near else None) or self.under(start)
        return said or ("required" if self._is_asked(start, end) else None)

    def _said(self, first: int, start: int, end: int) -> Need | None:
        """What the nearest words before and behind say, from this cue on."""
        before: Need | None = None
        for cue in self.cues[first : bisect_left(self.cue_starts, end + _REACH, first)]:
            is_behind = cue.start >= start
            if (cue.before_only if is_behind else cue.behind_only) or not self._reaches(cue, start, end):
                continue
            if is_behind:
                # "Must know Java, Kafka preferred" says it of the last; else "preferred" wins, said beside a "must".
                comma = self.text.low.rfind(b",", end, cue.start)
                is_last = comma >= 0 and (before == "required" or self._asks_anew(comma, cue.start, start, end))
                return before if is_last or before == "preferred" else cue.need
            before = cue.need
        return before

    def _asks_anew(self, comma: int, cue: int, start: int, end: int) -> bool:
        """Whether words that ask stand behind the comma too: "Umgang mit Excel, SAP-Kenntnisse von Vorteil"."""
        low = self.text.low
        anew = _ANEW.match(low, comma, cue) is not None and not _SEVERAL.search(low, comma, cue)
        return anew and self._is_asked(start, end)

    def _is_asked(self, start: int, end: int) -> bool:
        """Whether words such as "experience with" speak of the span, and not of what is gained or offered."""
        if self.text.low.endswith(_ASKED, start, end) or _HALF.match(self.text.low, end):
            return True
        starts = self.ask_starts
        first = bisect_left(starts, start - _REACH)
        if first == len(starts) or starts[first] >= end + _BESIDE:
            return False
        for ask in self.asks[first : bisect_left(starts, end + _BESIDE, first)]:
            is_behind = ask.start >= end
            turned = not is_behind and _TURNED.search(self.text.low, ask.end, start) is not None
            if (ask.value[1] == "behind") == is_behind and not turned and self._reaches(ask, start, end):
                before = _ENDS.split(self.text.low[ask.start - _ASKER if ask.start > _ASKER else 0 : ask.start])[-1]
                if self.not_asked.isdisjoint(_WORD.findall(before)):
                    return True
        return False

    def _reaches(self, cue: _Cue | Mention, start: int, end: int) -> bool:
        """Whether the sentence goes on between a cue and a span."""
        raw = self.text.raw
        first, last = (cue.end, start) if cue.start < start else (end, cue.start)
        # "In" asks bytes first whether they are a number, which costs more than to find them.
        return raw[first:last].strip(b" ").find(b"  ") < 0 and _ENDS.search(raw, first, last) is None

    def under(self, start: int) -> Need | None:
        """What the nearest heading above says."""
        at = bisect_right(self.starts, start) - 1
        return self.kinds[at] if at >= 0 and start - self.starts[at] <= _SECTION else None


def _begins(
    text: Text, start: int, end: int, role: str, need: Need | Literal["other"]
) -> tuple[int, Need | Literal["other"]] | None:
    """Where a section begins with these words, and what it is about."""
    if role == "heading":
        if said := _titled(text, start, end, need):
            return start, said
        return (start, need) if _is_heading(text, start, end) else None
    if role == "alone":
        return (start, need) if _is_alone(text, start, end) else None
    if role == "opening":
        return (start, "other") if _is_short_line(text, start, end) else None
    line = _own_line(text, start) if role == "closing" else None
    return None if line is None else (line, "other")


def _own_line(text: Text, start: int) -> int | None:
    """Where the line of these words begins, unless it is an item of a list or has much before them."""
    line = text.raw.rfind(b"\n", 0, start) + 1
    begins = text.raw[line : line + 1]
    return line if start - line <= _OPENING and (begins.isupper() or line == start) else None


def _is_short_line(text: Text, start: int, end: int) -> bool:
    """Whether a short line begins with these words and goes on with a name: "About Acme"."""
    raw = text.raw
    if not (raw[start : start + 1].isupper() and raw[end + 1 : end + 2].isupper()):
        return False
    before = raw[start - 6 if start > 6 else 0 : start].rpartition(b"\n")
    return bool(before[1]) and not before[2].strip(_LEAD) and raw.find(b"\n", end, end + _SHORT) >= 0


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
    if raw[end : end + 3] == b" - " and raw[end + 3 : end + 4].isupper():
        return True
    if _CAPITALS.fullmatch(raw, start, end) and not _ARTICLE.search(raw, start - _WORD_BEFORE, start):
        return True
    before = raw[start - 12 if start > 12 else 0 : start]
    if not before.strip(_LEAD) or b"\n" in before[-4:] or before.endswith((b"  ", b"\xc2\xa0 ")):
        return True
    return before[-1:].isalpha() or before[-1:] in _LOST_BREAK


def _titled(text: Text, start: int, end: int, need: Need | Literal["other"]) -> Need | Literal["other"] | None:
    """What the heading says that these words end, "Experience And Skill Requirements"; None where they end none."""
    raw = text.raw
    if raw[start - 1 : start] not in _JOINS or not text.low.endswith(_LAST_WORDS, start, end):
        return None
    if raw[end : end + 1] not in _LINE_ENDS and not _GLUED.match(raw, end):
        return None
    rest = _TITLED.search(raw, start - _TITLE if start > _TITLE else 0, start)
    if rest is None or not raw[start : start + 1].isupper():
        return None
    return "preferred" if _WISHED.search(rest[1]) else "other" if _NO_NEED.search(rest[1]) else need
