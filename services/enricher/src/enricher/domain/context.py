"""Asks spaCy's matcher whether an ambiguous word is used as a skill, on the sentence around it only."""

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from enricher.domain.rules import AmbiguousWord
from enricher.domain.text import Text

if TYPE_CHECKING:
    from spacy.matcher import Matcher
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

#: Bytes of the sentence looked at on either side of the word.
_REACH = 60
_TOKEN = re.compile(r"\w+(?:[-+#.]+\w+|[+#]+)*|[^\w\s]")
#: Tokens that may stand between the word and its cue, at most, none of them a mark that ends a clause.
_BETWEEN, _ENDS = 4, ".!?;:"
_GAP = {"ORTH": {"NOT_IN": [*_ENDS]}, "OP": f"{{0,{_BETWEEN}}}"}
#: Stand for every cue of a word, and for every token that its rule does not name; numbers stand for the word's own. So
#: few shapes of sentences are left that nearly all were judged before, and spaCy, which keeps every token it sees for
#: ever, sees hardly any.
_CUE, _OTHER = "+", "_"


class _Word(NamedTuple):
    """An ambiguous word by its tokens, what stands for them, and what stands for all tokens that matter beside it."""

    spelled: tuple[str, ...]
    shape: tuple[str, ...]
    shapes: dict[str, str]
    cues: frozenset[str]


class ContextJudge:
    """A token matcher: the ambiguous word with one of its `near` cues within four tokens, either side."""

    def __init__(self, words: Mapping[str, AmbiguousWord]) -> None:
        self._words = {word: _prepared(word, rule.near) for word, rule in words.items() if rule.near}
        self._judged = lru_cache(maxsize=20_000)(self._judge)

    @cached_property
    def _spacy(self) -> "tuple[type[Doc], Vocab, dict[tuple[str, ...], Matcher]]":
        """Made when first asked: the import takes a second, which most short inputs and commands never need."""
        from spacy.tokens import Doc
        from spacy.vocab import Vocab

        vocab = Vocab()
        return Doc, vocab, {shape: _matcher(vocab, shape) for shape in {word.shape for word in self._words.values()}}

    def get_ready(self) -> None:
        """Spend that second now, for services, in which no message should wait for it."""
        _ = self._spacy

    def is_skill(self, word: str, text: Text, start: int, end: int) -> bool:
        """Whether a cue of the word stands near it in its sentence."""
        known = self._words.get(word)
        if known is None:
            return False
        spelled, shape, shapes, cues = known
        reach = _BETWEEN + len(spelled)  # a cue farther away is not near
        before = _TOKEN.findall(_last_sentence(text.low[max(0, start - _REACH) : start]))[-reach:]
        after = _TOKEN.findall(_first_sentence(text.low[end : end + _REACH]))[:reach]
        if cues.isdisjoint(before) and cues.isdisjoint(after):
            return False
        tokens = tuple([shapes.get(token, _OTHER) for token in (*before, *spelled, *after)])
        return self._judged(shape, tokens, len(before))

    def _judge(self, shape: tuple[str, ...], tokens: tuple[str, ...], at: int) -> bool:
        """Whether the word of this shape that begins at `at` lies in a match, of itself or of another to its cue."""
        make, vocab, matchers = self._spacy
        return any(first <= at < last for _, first, last in matchers[shape](make(vocab, words=list(tokens))))


def _prepared(word: str, cues: frozenset[str]) -> _Word:
    spelled = tuple(_TOKEN.findall(word))
    own = {token: str(spelled.index(token)) for token in spelled}
    shapes = dict.fromkeys(cues, _CUE) | dict(zip(_ENDS, _ENDS, strict=True)) | own
    return _Word(spelled, tuple(own[token] for token in spelled), shapes, cues)


def _matcher(vocab: "Vocab", shape: tuple[str, ...]) -> "Matcher":
    from spacy.matcher import Matcher

    cue, word = {"ORTH": _CUE}, [{"ORTH": token} for token in shape]
    matcher = Matcher(vocab)
    matcher.add("skill", [[cue, _GAP, *word], [*word, _GAP, cue]])
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
