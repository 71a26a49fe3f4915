"""Asks spaCy whether an ambiguous word is used as a skill: only on the sentence around it, with a blank tokenizer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from enricher.domain.rules import AmbiguousWord
from enricher.domain.text import Text

if TYPE_CHECKING:
    from spacy.matcher import Matcher

#: Bytes of the sentence looked at on either side of the word.
_REACH = 60
#: Tokens that may stand between the word and its cue, none of them a punctuation mark that ends a clause.
_GAP = {"ORTH": {"NOT_IN": [".", "!", "?", ";", ":"]}, "OP": "{0,4}"}


class ContextJudge:
    """A token matcher per ambiguous word: the word with one of its `near` cues within four tokens, either side."""

    def __init__(self, words: Mapping[str, AmbiguousWord]) -> None:
        # Here and not above: the import takes a second, which a service would spend before it answers anything.
        from spacy.lang.en import English

        self._nlp = English()
        self._matchers: dict[str, Matcher] = {}
        for word, rule in words.items():
            if rule.near:
                self._matchers[word] = self._matcher(word, rule)

    def _matcher(self, word: str, rule: AmbiguousWord) -> "Matcher":
        from spacy.matcher import Matcher

        cue = {"LOWER": {"IN": sorted(rule.near)}}
        spelled = [{"LOWER": token.text} for token in self._nlp.make_doc(word)]
        matcher = Matcher(self._nlp.vocab)
        matcher.add(word, [[cue, _GAP, *spelled], [*spelled, _GAP, cue]])
        return matcher

    def is_skill(self, word: str, text: Text, start: int, end: int) -> bool:
        """Whether a cue of the word stands near it in its sentence."""
        matcher = self._matchers.get(word)
        if matcher is None:
            return False
        before = _last_sentence(text.raw[max(0, start - _REACH) : start])
        after = _first_sentence(text.raw[end : end + _REACH])
        spelled = text.raw[start:end].decode(errors="ignore")
        offset = len(before)
        # spaCy keeps every word it has ever seen; the zone forgets those of this sentence.
        with self._nlp.memory_zone():
            doc = self._nlp.make_doc(f"{before}{spelled}{after}")
            found = [(doc[first].idx, doc[last - 1].idx + len(doc[last - 1])) for _, first, last in matcher(doc)]
        return any(first <= offset < last for first, last in found)


def _last_sentence(raw: bytes) -> str:
    for end in (b"\n", b". ", b"! ", b"? "):
        raw = raw[raw.rfind(end) + 1 :]
    return raw.decode(errors="ignore")


def _first_sentence(raw: bytes) -> str:
    for end in (b"\n", b". ", b"! ", b"? "):
        at = raw.find(end)
        raw = raw[:at] if at >= 0 else raw
    return raw.decode(errors="ignore")
