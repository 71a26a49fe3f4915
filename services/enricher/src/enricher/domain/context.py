"""Asks spaCy's matcher whether an ambiguous word is used as a skill, on the sentence around it only."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from enricher.domain.rules import AmbiguousWord
from enricher.domain.text import Text

if TYPE_CHECKING:
    from spacy.matcher import Matcher
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

#: Bytes of the sentence looked at on either side of the word.
_REACH = 60
_TOKEN = re.compile(r"\w+(?:[-+#.]+\w+|[+#]+)*|[^\w\s]")
#: Tokens that may stand between the word and its cue, none of them a mark that ends a clause.
_GAP = {"ORTH": {"NOT_IN": [".", "!", "?", ";", ":"]}, "OP": "{0,4}"}
#: Stands for every word that no rule names: spaCy keeps each word it sees for ever and works 50 µs on a new one.
_OTHER = "_"


class ContextJudge:
    """A token matcher per ambiguous word: the word with one of its `near` cues within four tokens, either side."""

    def __init__(self, words: Mapping[str, AmbiguousWord]) -> None:
        self._cues = {word: rule.near for word, rule in words.items() if rule.near}
        spelled = (token for word in self._cues for token in _TOKEN.findall(word))
        self._known = frozenset({*spelled, *".!?;:", *(cue for cues in self._cues.values() for cue in cues)})

    @cached_property
    def _spacy(self) -> "tuple[type[Doc], Vocab, dict[str, Matcher]]":
        """Made when first asked: the import takes a second, which most short inputs and commands never need."""
        from spacy.tokens import Doc
        from spacy.vocab import Vocab

        vocab = Vocab()
        return Doc, vocab, {word: _matcher(vocab, word, cues) for word, cues in self._cues.items()}

    def get_ready(self) -> None:
        """Spend that second now, for services, in which no message should wait for it."""
        _ = self._spacy

    def is_skill(self, word: str, text: Text, start: int, end: int) -> bool:
        """Whether a cue of the word stands near it in its sentence."""
        cues = self._cues.get(word)
        if cues is None:
            return False
        before = _TOKEN.findall(_last_sentence(text.low[max(0, start - _REACH) : start]))
        after = _TOKEN.findall(_first_sentence(text.low[end : end + _REACH]))
        if cues.isdisjoint(before) and cues.isdisjoint(after):
            return False
        tokens = [*before, *_TOKEN.findall(word), *after]
        make, vocab, matchers = self._spacy
        doc = make(vocab, words=[token if token in self._known else _OTHER for token in tokens])
        return any(first <= len(before) < last for _, first, last in matchers[word](doc))


def _matcher(vocab: "Vocab", word: str, cues: frozenset[str]) -> "Matcher":
    from spacy.matcher import Matcher

    cue = {"ORTH": {"IN": sorted(cues)}}
    spelled = [{"ORTH": token} for token in _TOKEN.findall(word)]
    matcher = Matcher(vocab)
    matcher.add(word, [[cue, _GAP, *spelled], [*spelled, _GAP, cue]])
    return matcher


def _last_sentence(low: bytes) -> str:
    for end in (b"\n", b". ", b"! ", b"? "):
        low = low[low.rfind(end) + 1 :]
    return low.decode(errors="ignore")


def _first_sentence(low: bytes) -> str:
    for end in (b"\n", b". ", b"! ", b"? "):
        at = low.find(end)
        low = low[:at] if at >= 0 else low
    return low.decode(errors="ignore")
