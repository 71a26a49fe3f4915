"""What a posting says of visas and the right to work, negations and questions heeded."""

import re
from collections.abc import Iterator

from common.contracts import Visa
from enricher.domain.evidence import Evidence, from_span
from enricher.domain.rules import AuthorisationRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.wording import WordsPattern

#: Bytes of the sentence looked at on either side.
_REACH = 110
_MOST = 40
_SIGNS = frozenset({b"|", b",", b";", b"/", b"(", b")", b"\n", b""})
#: What else stands with the word between bars: "| ONSITE VISA |", "| Visa welcome |".
_BESIDE = frozenset({
    "onsite", "on-site", "remote", "full-time", "fulltime", "full", "time", "part-time", "intern", "interns", "h1b",
    "visa", "visas", "or", "and", "welcome", "ok", "xfer", "xfers", "transfer", "transfers", "support", "possible",
})  # fmt: skip
_WORDS = re.compile(r"[\w-]+")
_LONGEST_LINE = 300
#: What stands before and behind the items of a list: "(a) U.S. citizenship;".
_BULLETS = " \t•*-–·.;,()abc123"
#: What the employer does for a permit: "we help you sort out your work permit".
_OURS = re.compile(
    r"\b(?:we|we[’']ll|wir|nous|ti|te) (?:\w+ ){0,4}(?:help|assist|arrange|sort|take care|handle|cover|support|kümmern"
    r"|übernehmen|unterstützen|helfen|ayudamos|accompagnons)\b"
)
#: Behind an item of a list: "Arbeitserlaubnis für Spanien".
_OF_PLACE = re.compile(r"(?:für|in|for|pour|en|para) (?:the |la |die )?[^\W\d_]+(?: [^\W\d_]+)?")
#: Before who may apply: "Visa: USC, GC", "Citizenship: U.S. Citizen".
_LABEL = re.compile(r"(?:citizenship|visa(?: status| type)?|work (?:status|authori[sz]ation)|eligibility)[ *]*:[ *]*")
_YOURS = re.compile(r"\b(?:must|required?|need to|only|valid|already|can ?not|can[’']t|don[’']t|not|unable)\b")
#: Which counts where a posting says several things: a refusal is meant, an offer may be boilerplate of the firm.
_ORDER: tuple[Visa, ...] = ("not_sponsored", "sponsored", "authorisation_required")


class AuthorisationReader:
    """The words of `config/taxonomy/authorisation.yml`, ready to be asked."""

    def __init__(self, rules: AuthorisationRules) -> None:
        self._rules = rules
        self._topic = WordsPattern(rules.topic)
        self._weak_topic = WordsPattern(rules.weak_topic)
        self._negations = WordsPattern(rules.negations)
        self._questions = WordsPattern(rules.questions)
        self._demands = WordsPattern(rules.demands)
        self._offers = WordsPattern(rules.offers)
        self._provides = WordsPattern(rules.provides)
        self._waived = WordsPattern(rules.waived)

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
            return _between_bars(text, mention) or ("sponsored" if _stands_alone(text, mention) else None)
        before, behind = text.around(mention.start, mention.end, _REACH)
        words = text.low[mention.start : mention.end].decode(errors="ignore")
        sentence = f"{before}{words} {behind}"
        if self._questions.search(sentence):
            return None
        if mention.value == "right":
            return self._of_right(words, before, behind)
        negated = self._negations.search(before) or self._negations.search(behind)
        if negated and (self._topic.search(sentence) or (words == "sponsorship" and self._weak_topic.search(sentence))):
            return "not_sponsored"
        offered = not negated and self._topic.search(sentence) and self._offers.search(sentence)
        return "sponsored" if offered else None

    def _of_right(self, words: str, before: str, behind: str) -> Visa | None:
        """What is said of the right to work: that it is needed, that the employer sees to it or refuses to."""
        sentence = f"{before}{words} {behind}"
        if self._negations.search(before) and self._provides.search(before):
            return "not_sponsored"
        if _OURS.search(before) and not _YOURS.search(sentence):
            return "sponsored"
        ends = not behind.strip(_BULLETS) or _OF_PLACE.fullmatch(behind.strip(_BULLETS))
        item = words != "right to work" and not before.strip(_BULLETS) and ends
        item = item or bool(_LABEL.fullmatch(before.strip(" \t•*-")))
        needed = item or (self._demands.search(sentence) and not self._waived.search(sentence))
        return "authorisation_required" if needed else None


def _between_bars(text: Text, mention: Mention) -> Visa | None:
    """What the word says between the bars of a first line, as on Hacker News: an offer, or none ("No visa")."""
    raw, start = text.raw, mention.start
    line = raw.rfind(b"\n", max(text.body_start, start - _LONGEST_LINE), start) + 1 or text.body_start
    end = raw.find(b"\n", start, start + _LONGEST_LINE)
    end = end if end > 0 else min(len(raw), start + _LONGEST_LINE)
    if raw.count(b"|", line, end) < 2:
        return None
    first, last = raw.rfind(b"|", line, start) + 1, raw.find(b"|", start, end)
    item = text.low[first or line : last if last > 0 else end].decode(errors="ignore").partition("http")[0]
    words = set(_WORDS.findall(item))
    if words - _BESIDE == {"no"}:
        return "not_sponsored"
    return "sponsored" if words <= _BESIDE else None


def _stands_alone(text: Text, mention: Mention) -> bool:
    """Whether the word is in capitals between signs or ends of lines: "REMOTE | VISA | Berlin"."""
    raw = text.raw
    before, behind = raw[: mention.start].rstrip(b" ")[-1:], raw[mention.end :].lstrip(b" ")[:1]
    signs = raw[mention.start : mention.end].isupper() and before in _SIGNS and behind in _SIGNS
    return signs and bool(before.strip() or behind.strip())


def visa_value(evidence: Evidence | None) -> Visa | None:
    """What an evidence stands for, typed."""
    return None if evidence is None else evidence.value  # type: ignore[return-value] # values come from typed rules
