"""What a posting says of visas and the right to work, negations and questions heeded."""

from collections.abc import Iterator

from common.contracts import Visa
from enricher.domain.evidence import Evidence, from_span
from enricher.domain.rules import AuthorisationRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.wording import words_pattern

#: Bytes of the sentence looked at on either side.
_REACH = 110
_MOST = 40
_SIGNS = frozenset({b"|", b",", b";", b"/", b"(", b")", b"\n", b""})
#: Which counts where a posting says several things: a refusal is meant, an offer may be boilerplate of the firm.
_ORDER: tuple[Visa, ...] = ("not_sponsored", "sponsored", "authorisation_required")


class AuthorisationReader:
    """The words of `config/taxonomy/authorisation.yml`, ready to be asked."""

    def __init__(self, rules: AuthorisationRules) -> None:
        self._rules = rules
        self._topic = words_pattern(rules.topic)
        self._weak_topic = words_pattern(rules.weak_topic)
        self._negations = words_pattern(rules.negations)
        self._questions = words_pattern(rules.questions)
        self._demands = words_pattern(rules.demands)
        self._offers = words_pattern(rules.offers)
        self._provides = words_pattern(rules.provides)
        self._waived = words_pattern(rules.waived)

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for."""
        yield from (Phrase(words, "visa", "sponsorship") for words in self._rules.sponsorship)
        yield from (Phrase(words, "visa", "right") for words in self._rules.right_to_work)
        yield Phrase("visa", "visa", "alone")
        yield from (Phrase(words, "visa", visa) for visa, phrases in self._rules.plain.items() for words in phrases)

    def read(self, text: Text, mentions: list[Mention]) -> Evidence | None:
        """What is said, with the sentence's own words; None where nothing is."""
        found: dict[Visa, Evidence] = {}
        for mention in mentions[:_MOST]:
            visa = self._said(text, mention)
            if visa and visa not in found:
                rule = "visa.stated" if mention.value in _ORDER else f"visa.{mention.value}"
                found[visa] = from_span(text, mention.start, mention.end, field="visa", value=visa, rule=rule)
        return next((found[visa] for visa in _ORDER if visa in found), None)

    def _said(self, text: Text, mention: Mention) -> Visa | None:
        if mention.value in _ORDER:
            return mention.value  # type: ignore[no-any-return] # values come from typed rules
        if mention.value == "alone":
            return "sponsored" if _stands_alone(text, mention) else None
        before, behind = text.around(mention.start, mention.end, _REACH)
        words = text.low[mention.start : mention.end].decode(errors="ignore")
        sentence = f"{before}{words} {behind}"
        if self._questions.search(sentence):
            return None
        if mention.value == "right" and self._negations.search(before) and self._provides.search(before):
            return "not_sponsored"
        if mention.value == "right":
            needed = self._demands.search(sentence) and not self._waived.search(sentence)
            return "authorisation_required" if needed else None
        negated = self._negations.search(before) or self._negations.search(behind)
        if negated and (self._topic.search(sentence) or (words == "sponsorship" and self._weak_topic.search(sentence))):
            return "not_sponsored"
        offered = not negated and self._topic.search(sentence) and self._offers.search(sentence)
        return "sponsored" if offered else None


def _stands_alone(text: Text, mention: Mention) -> bool:
    """Whether the word is in capitals between signs or ends of lines: "REMOTE | VISA | Berlin"."""
    raw = text.raw
    before, behind = raw[: mention.start].rstrip(b" ")[-1:], raw[mention.end :].lstrip(b" ")[:1]
    signs = raw[mention.start : mention.end].isupper() and before in _SIGNS and behind in _SIGNS
    return signs and bool(before.strip() or behind.strip())


def visa_value(evidence: Evidence | None) -> Visa | None:
    """What an evidence stands for, typed."""
    return None if evidence is None else evidence.value  # type: ignore[return-value] # values come from typed rules
