"""A posting's text prepared once: title and body as bytes, in lower case, with offsets that lead back to characters."""

import re
from bisect import bisect_right

from enricher.domain.sentences import first_sentence, last_sentence

#: Characters of a body that are read; what follows is ignored, so that one huge body cannot hold up a batch.
MAX_BODY_CHARACTERS = 100_000

_DOT = ord(".")
_BYTE_ENDS = re.compile(rb"[!?;\n]|\.\s|\xe2\x80\xa2")
#: Bytes before a cut in which a sentence that was begun may still turn: "you need 5 years of …", "no visa is …".
_TURN = 60
#: What a byte says of the character it belongs to: 0 ends a word, 1 continues it, 2 is part of a non-ASCII character.
_BYTE = bytes(2 if b > 127 else int(chr(b).isalnum() or chr(b) in "_@") for b in range(256))
#: In `BESIDE`: surely a part of something longer.
SURELY = 2
_NEXT_LINE = re.compile(rb"[A-Z][A-Za-z]|\d{1,2}(?:\+|-\d| y| to )")
#: Small letters before a capital that begins a word of its own; shorter ones are names such as MySQL.
_LOST = 4
#: Letters of a single word that may end where a line break was lost ("RequirementsBachelor's"). Shorter ones begin
#: names such as JavaScript or PowerPoint, and end before words that begin a requirement only: "SQLExperience with".
_LONG = 8
BEGINNINGS = (
    *("Abilit", "Advanced", "Bachelor", "Basic", "Demonstrated", "Excellent", "Experience", "Familiar", "Good"),
    *("Knowledge", "Master", "Minimum", "Must", "Preferred", "Previous", "Prior", "Proficien", "Proven", "Required"),
    *("Solid", "Strong", "Understanding", "Working"),
)
_NEXT_ITEM = re.compile("|".join(BEGINNINGS).encode())
#: What a byte beside a phrase does to it: nothing (0), may make it a part of something longer (letters, a dot), or
#: surely does so (before a small letter, a digit or a sign).
BESIDE = tuple(SURELY if _BYTE[b] == 1 else int(_BYTE[b] > 0 or b == _DOT) for b in range(256))
_HOST_ENDINGS = frozenset({b"com", b"io/", b"org", b"net"})


class Text:
    """Title, line break and body as UTF-8.

    `low` has ASCII letters in lower case only, so that offsets in `raw` and `low` agree. Working on bytes instead of
    `str` halves the cost of a scan, and lower-casing non-ASCII `str` alone would cost as much as the scan.
    """

    __slots__ = ("_body", "_bytes", "_characters", "_is_ascii", "body_start", "low", "raw", "whole_to")

    def __init__(self, title: str, body: str, *, cut: bool = False) -> None:
        """`cut`: the body is an excerpt; what stands behind `whole_to` may go on otherwise."""
        head = title.encode(errors="replace")
        self.raw = head + b"\n" + body[:MAX_BODY_CHARACTERS].encode(errors="replace")
        self.low = self.raw.lower()
        self._body, self._is_ascii = body, body.isascii()
        self.body_start = len(head) + 1
        # Bytes of the body that were asked for, in their order, and the characters before each.
        self._bytes, self._characters = [self.body_start], [0]
        self.whole_to = self._last_whole() if cut else len(self.low)

    def _last_whole(self) -> int:
        """Where the unfinished sentence at the end of an excerpt begins, or its last `_TURN` bytes."""
        tail_start = max(self.body_start, len(self.low) - _TURN)
        ends = [found.end() for found in _BYTE_ENDS.finditer(self.low, tail_start)]
        return ends[-1] if ends else tail_start

    def span(self, start: int, end: int) -> tuple[str, int, int, str]:
        """Where a byte span lies: field (title or description), first character, end, and the text itself."""
        if start >= self.body_start and self._is_ascii:
            first, last = start - self.body_start, end - self.body_start
            return "description", first, last, self._body[first:last]
        words = self.raw[start:end].decode(errors="replace")
        if start < self.body_start:
            first = len(self.raw[:start].decode(errors="replace"))
            return "title", first, first + len(words), words
        first = self._character(start)
        return "description", first, first + len(words), words

    def _character(self, byte: int) -> int:
        """Characters of the body before a byte; only the stretch behind the nearest one known is counted."""
        at = bisect_right(self._bytes, byte)
        stretch = self.raw[self._bytes[at - 1] : byte]
        counted = len(stretch) if stretch.isascii() else len(stretch.decode(errors="replace"))
        character = self._characters[at - 1] + counted
        self._bytes.insert(at, byte)
        self._characters.insert(at, character)
        return character

    def around(self, start: int, end: int, reach: int) -> tuple[str, str]:
        """What stands before and behind a byte span in its sentence, in lower case, at most `reach` bytes each."""
        return self.before(start, reach), self.behind(end, reach)

    def before(self, start: int, reach: int) -> str:
        """What stands before a place in its sentence, in lower case, at most `reach` bytes."""
        return last_sentence(self.low[start - reach if start > reach else 0 : start])

    def behind(self, end: int, reach: int) -> str:
        """What stands behind a place in its sentence, in lower case, at most `reach` bytes."""
        return first_sentence(self.low[end : end + reach])

    def is_word(self, start: int, end: int) -> bool:
        """Whether the span is not part of a longer word, an e-mail address or a host name."""
        low = self.low
        joins = _BYTE[low[start - 1]] if start else 0
        if joins and (joins == 1 or _is_letter(self.raw, start - 1)) and not self._begins_anew(start):
            return False
        if end < len(low):
            byte = low[end]
            if (joins := _BYTE[byte]) and (joins == 1 or _is_letter(self.raw, end)) and not self._ends_anew(start, end):
                return False
            if byte == _DOT and low[end + 1 : end + 4] in _HOST_ENDINGS:
                return False
        return True

    def _begins_anew(self, start: int) -> bool:
        """Whether a line break was lost here, as sources do: "QualificationsBachelor's"."""
        if not self.raw[start : start + 1].isupper():
            return False
        before = self.raw[start - _LOST : start]
        return len(before) == _LOST and before.islower() and before.isalpha()

    def _ends_anew(self, start: int, end: int) -> bool:
        """The same behind a phrase: "Bachelor's degree5+ years", "master's degreeProfessional licence"."""
        long = end - start >= _LONG or b" " in self.low[start:end]
        if long and self.raw[end - 1 : end].islower() and _NEXT_LINE.match(self.raw, end):
            return True
        return end - start > 1 and _NEXT_ITEM.match(self.raw, end) is not None


def _is_letter(raw: bytes, at: int) -> bool:
    """Whether the non-ASCII character that this byte belongs to is a letter or digit."""
    while at and raw[at] & 0xC0 == 0x80:
        at -= 1
    return raw[at : at + 4].decode(errors="ignore")[:1].isalnum()
