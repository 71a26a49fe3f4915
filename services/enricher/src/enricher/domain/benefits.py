"""What a posting offers beside pay: the benefits that its body names, negations and the employer's trade heeded."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick

from enricher.domain.evidence import Evidence, from_span
from enricher.domain.rules import BenefitRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.wording import WordsPattern

#: Bytes of the sentence looked at on either side; bytes between two benefits of one list.
_REACH, _NEXT = 60, 14
_MOST = 200
#: Words before a benefit among which a negation, or a word of a trade, is said of it; words of the longest such phrase.
_NEGATED, _TRADED, _LONGEST = 6, 5, 3
_WORD = re.compile(r"[\w'’-]+")
#: What joins two benefits to a list: not a blank alone, as in "health equity".
_JOINED = re.compile(rb"[,;/&+|\n:]|\xe2\x80\xa2|\b(?:and|or|und|oder|et|ou|y|o|e)\b|  ")

#: What a company gives, the next of a list: "tuition reimbursement, company car".
_OF_THE_COMPANY = re.compile(
    r"company[- ](?:match|paid|provided|sponsored|funded|car|phone|laptop|bike|event|fitness|pension|holiday"
    r"|contribution|discount|bonus|stock|shares)"
)

#: A comma or a conjunction, at most one more word before it: "401k plans, ", "pto and ".
_NEXT_IN_SENTENCE = re.compile(rb"(?: \w+)?(?:, ?(?:and |or )?| (?:and|or|und|et|y) )")


class _Offer(NamedTuple):
    """A benefit that a phrase stands for; `sure`: it needs none beside it."""

    name: str
    sure: bool


class _Phrases:
    """Phrases of some words that are looked for in a list of words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._all = frozenset(phrases)
        #: The first words of all.
        self.first = frozenset(phrase.split()[0] for phrase in self._all)

    def among(self, words: list[str]) -> bool:
        """Whether one of the phrases is among the words."""
        if self.first.isdisjoint(words):
            return False
        return any(
            " ".join(words[start : start + length]) in self._all
            for start in range(len(words))
            for length in range(1, _LONGEST + 1)
        )


class BenefitReader:
    """The words of `config/taxonomy/benefits.yml`, ready to be asked."""

    def __init__(self, rules: BenefitRules) -> None:
        self._rules = rules
        self._negations = _Phrases(rules.negations)
        self._turns = frozenset(rules.turns)
        self._no_negation = WordsPattern(rules.no_negations)
        self._negated_behind = WordsPattern(rules.negations_behind)
        self._trade = _Phrases(rules.trade_before)
        self._trade_behind = WordsPattern(rules.trade_behind)
        first = self._negations.first | self._trade.first
        self._turning = BytesAhoCorasick([word.encode() for word in first]).find_matches_as_indexes

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for."""
        yield from (Phrase(words, "decoy") for words in self._rules.decoys)
        for name, words in self._rules.benefits.items():
            yield from (
                Phrase(said, "benefit", _Offer(name, sure=True), bounded=said[0].isalnum()) for said in words.said
            )
            yield from (Phrase(said, "benefit", _Offer(name, sure=False)) for said in words.beside)

    def read(self, text: Text, mentions: list[Mention]) -> list[Evidence]:
        """Each benefit once, in the order of their names, with the words that offer it first."""
        listed = [mention for mention in mentions[:_MOST] if mention.start >= text.body_start]
        found: dict[str, Evidence] = {}
        refused = -_NEXT
        for at, mention in enumerate(listed):
            name, sure = mention.value
            if name in found or not (sure or _is_listed(text, listed, at)):
                continue
            # A list is offered or dealt with as a whole: "administer 401k plans, pension plans and profit sharing".
            if _goes_on(text, refused, mention.start) or not self._is_offered(text, mention.start):
                refused = mention.end
                continue
            behind = text.behind(mention.end, _REACH)
            if self._is_trade(behind) or self._negated_behind.match(behind.lstrip()):
                continue
            rule = "benefit.said" if sure else "benefit.beside_another"
            found[name] = from_span(text, mention.start, mention.end, field="benefits", value=name, rule=rule)
        return [found[name] for name in sorted(found)]

    def _is_trade(self, behind: str) -> bool:
        """Whether the words behind make it the trade: "dental clinic"; a company's own is offered as well."""
        behind = behind.lstrip(" ,-")
        return self._trade_behind.match(behind) is not None and not _OF_THE_COMPANY.match(behind)

    def _is_offered(self, text: Text, start: int) -> bool:
        """Whether the words before neither deny the benefit nor make it the trade."""
        # Most have no such word before them: the sentence and its words are for the others.
        if not self._turning(text.low[start - _REACH if start > _REACH else 0 : start]):
            return True
        before = text.before(start, _REACH)
        words = _WORD.findall(before.rpartition("in addition to")[2])
        if self._trade.among(words[-_TRADED:]):
            return False
        near = words[-_NEGATED:]
        if not self._negations.among(near):
            return True
        turn = max((at for at, word in enumerate(near) if word in self._turns), default=-1)
        return not self._negations.among(near[turn + 1 :]) or self._no_negation.search(before) is not None


def _goes_on(text: Text, end: int, start: int) -> bool:
    """Whether what stands at `start` continues the list of what ended at `end`, in its line and sentence."""
    return start - end <= _NEXT and _NEXT_IN_SENTENCE.fullmatch(text.low, end, start) is not None


def _is_listed(text: Text, listed: list[Mention], at: int) -> bool:
    """Whether another benefit stands right before or behind this one in a list."""
    return (at > 0 and _are_joined(text, listed[at - 1], listed[at])) or (
        at + 1 < len(listed) and _are_joined(text, listed[at], listed[at + 1])
    )


def _are_joined(text: Text, first: Mention, second: Mention) -> bool:
    """Whether two mentions, one right behind the other, are two benefits of a list."""
    if second.start - first.end > _NEXT or first.value.name == second.value.name:
        return False
    return _JOINED.search(text.low, first.end, second.start) is not None
