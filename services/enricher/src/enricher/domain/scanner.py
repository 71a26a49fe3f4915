"""One pass over a posting's text that finds every phrase any extractor looks for."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from enricher.domain.text import CONTINUES, JOINS, Text


class Phrase(NamedTuple):
    """A phrase to find: for whom (`kind`), what it means there, and whether it must stand as words of its own."""

    words: str
    kind: str
    value: Any = None
    bounded: bool = True


class Mention(NamedTuple):
    """A phrase found: byte offsets in the text, and what it means."""

    start: int
    end: int
    value: Any


class Scanner:
    """Aho-Corasick over all phrases; where several begin at one place the longest counts (LeftmostLongest).

    A phrase of kind `decoy` is found and dropped, so that the words in it are not read as something else.
    """

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        by_words: dict[bytes, list[Phrase]] = defaultdict(list)
        for phrase in phrases:
            for spelling in _spellings(phrase.words):
                by_words[spelling].append(phrase)
        self._meanings = [[(p.kind, p.value) for p in group if p.kind != "decoy"] for group in by_words.values()]
        self._bounded = [all(p.bounded for p in group) for group in by_words.values()]
        self._single = [b" " not in words for words in by_words]
        # At 6,500 phrases as fast as the DFA (37 µs for 500 words), built in 15 ms instead of 130, far smaller.
        self._automaton = BytesAhoCorasick(
            list(by_words), matchkind=MatchKind.LeftmostLongest, implementation=Implementation.ContiguousNFA
        )

    def scan(self, text: Text) -> dict[str, list[Mention]]:
        """Mentions by kind, each list in the order of the text."""
        found: dict[str, list[Mention]] = defaultdict(list)
        meanings, bounded, single = self._meanings, self._bounded, self._single
        is_word, new = text.is_word, tuple.__new__
        low, raw, joins, continues = text.low, text.raw, JOINS, CONTINUES
        beside = b" " + low + b" "
        for index, start, end in self._automaton.find_matches_as_indexes(low):
            before, behind = beside[start], beside[end + 1]
            # Most stand between two bytes that end a word, or surely in a longer one (where a line break was lost, a
            # capital begins a word, and only one of several words ends): asking costs as much as all else here.
            if (
                bounded[index]
                and (joins[before] or joins[behind])
                and (
                    (continues[before] and raw[start] == low[start])
                    or (continues[behind] and single[index])
                    or not is_word(start, end)
                )
            ):
                continue
            for kind, value in meanings[index]:
                found[kind].append(new(Mention, (start, end, value)))
        return found


def _spellings(words: str) -> Iterable[bytes]:
    """The phrase in lower case; where it has one space also with a hyphen; capitals of non-ASCII letters."""
    low = words.lower()
    variants = {low, low.replace(" ", "-")} if low.count(" ") == 1 else {low}
    variants |= {_ascii_lower(v.upper()) for v in variants if not v.isascii()}
    return [v.encode() for v in sorted(variants)]


def _ascii_lower(words: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in words)
