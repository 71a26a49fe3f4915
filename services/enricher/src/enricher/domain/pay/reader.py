"""Pay of a posting: what the source states, else the best pay found in the text; nothing is guessed."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from common.contracts import OfferedPay, PayPeriod, Salary
from enricher.domain.evidence import Evidence, from_span
from enricher.domain.pay.candidates import Candidate, ends, envelope
from enricher.domain.pay.chance import Chance
from enricher.domain.pay.conversion import Conversion
from enricher.domain.pay.grammar import Grammar
from enricher.domain.pay.judgement import Judge
from enricher.domain.pay.tokens import Tokenizer
from enricher.domain.rules import PayRules, RateRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text

#: Bytes read before and behind an anchor; text read at most per posting.
_BEFORE, _BEHIND, _MOST_TEXT = 90, 110, 3_000
#: Characters read of a source's pay text.
_MOST_STATED = 1_000
#: A window without two digits or a digit with a unit (k, lakh, crore, million) holds no pay.
_AMOUNT = re.compile(rb"\d(?:\d| ?[klcm])")
#: All bytes but digits: without them most windows are empty, which shows in a tenth of the time of the expression.
_NO_DIGITS = bytes(b for b in range(256) if not chr(b).isdecimal())


class _Read(NamedTuple):
    """Pay as read: amounts, currency and period, with rule and text."""

    minimum: Decimal | None
    maximum: Decimal | None
    currency: str | None
    period: PayPeriod | None
    rule: str
    text: str


class PayReader:
    """The rules of `config/pay.yml` and `config/fx_rates.yml`, ready to be asked."""

    def __init__(self, pay: PayRules, rates: RateRules) -> None:
        self._rules = pay
        self._chance = Chance(pay)
        self._tokenizer = Tokenizer(pay)
        self._grammar = Grammar(pay)
        self._conversion = Conversion(pay, rates)
        self._judge = Judge(pay, self._conversion).judge

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for: near these a text may hold pay."""
        return (Phrase(a, "pay", bounded=a.isascii() and a.isalpha() and len(a) > 4) for a in self._rules.anchors)

    def read(
        self, offered: OfferedPay | None, country: str | None, text: Text, mentions: list[Mention]
    ) -> tuple[Salary | None, list[Evidence]]:
        """Pay with its reasons: the source's amounts, else the source's text, else the posting's text."""
        if offered and (stated := self._stated(offered, country)):
            return self._salary(stated, "provider", Evidence("salary", "", stated.rule, "pay", text=offered.text or ""))
        if (
            offered
            and offered.text
            and (parsed := self._best(offered.text[:_MOST_STATED].lower(), country, trusted=True))
        ):
            read = self._as_read(parsed, country, "pay.provider_text", offered.text)
            return self._salary(read, "provider", Evidence("salary", "", read.rule, "pay", text=offered.text))
        if mentions and (found := self._of_text(text, mentions, country)):
            candidate, start, end = found
            if end > text.whole_to:
                return None, []
            words = text.raw[start:end].decode(errors="ignore")
            read = self._as_read(candidate, country, "pay.text", words)
            return self._salary(read, "text", from_span(text, start, end, field="salary", value="", rule=read.rule))
        return None, []

    def _stated(self, offered: OfferedPay, country: str | None) -> _Read | None:
        """The source's amounts; zero and less mean that it states none, ends the wrong way round are swapped."""
        low, high = (
            a if a is not None and a.is_finite() and a > 0 else None for a in (offered.minimum, offered.maximum)
        )
        if low is None and high is None:
            return None
        currency = self._conversion.currency(offered.currency, country)
        rule = "pay.provider"
        if low is not None and high is not None and low > high:
            low, high, rule = high, low, "pay.provider.swapped"
        return _Read(low, high, currency, offered.period, rule, offered.text or "")

    def _as_read(self, candidate: Candidate, country: str | None, rule: str, text: str) -> _Read:
        money = candidate.money
        currency = self._conversion.currency(money.currency, country, ends(money)[0], money.period)
        if money.currency is None and (currency := self._rules.country_currencies.get(country or "")):
            rule += ".currency_of_place"
        return _Read(money.minimum, money.maximum, currency, money.period, rule + candidate.rule, text)

    def _salary(self, read: _Read, source: str, evidence: Evidence) -> tuple[Salary, list[Evidence]]:
        convert = self._conversion
        low = convert.yearly(read.minimum, read.period, read.currency)
        high = convert.yearly(read.maximum, read.period, read.currency)
        if (low is None) != (read.minimum is None) or (high is None) != (read.maximum is None):
            low = high = None
        reason = read.rule if read.period is None or low is not None or high is not None else f"{read.rule}.implausible"
        references = convert.in_reference(low, read.currency), convert.in_reference(high, read.currency)
        rated = any(r is not None for r in references)
        salary = Salary(
            text=read.text or None, minimum=read.minimum, maximum=read.maximum, currency=read.currency,
            period=read.period, yearly_minimum=low, yearly_maximum=high, reference_minimum=references[0],
            reference_maximum=references[1], reference_currency=convert.reference if rated else None,
            rate_date=convert.rate_date(read.currency) if rated else None,
            source="text" if source == "text" else "provider",
        )  # fmt: skip
        shown = f"{read.minimum}-{read.maximum} {read.currency or '?'}/{read.period or '?'}"
        return salary, [Evidence("salary", shown, reason, evidence.where, evidence.start, evidence.end, evidence.text)]

    def _of_text(self, text: Text, mentions: list[Mention], country: str | None) -> tuple[Candidate, int, int] | None:
        """The best pay in the windows around anchors, with its byte span."""
        best: tuple[Candidate, int, int] | None = None
        for start, end in _windows(text, mentions):
            window = text.raw[start:end].decode(errors="ignore")
            low = window.lower()
            low = low if len(low) == len(window) else text.low[start:end].decode(errors="ignore")
            if not self._chance.of(low):
                continue
            # An amount in a title is pay: nobody names a budget there.
            found = self._best(low, country, trusted=end <= text.body_start, cased=window)
            if found and (best is None or found.score > best[0].score):
                first = start + len(window[: found.start].encode())
                best = found, first, first + len(window[found.start : found.end].encode())
        return best

    def _best(self, low: str, country: str | None, *, trusted: bool, cased: str | None = None) -> Candidate | None:
        """The likeliest pay in a text; ranges for several places stand together as one envelope."""
        tokens = self._tokenizer.cut(low, cased if cased is not None and len(cased) == len(low) else None)
        found = [c for m in self._grammar.read(tokens) if (c := self._judge(tokens, m, country, trusted=trusted))]
        if not found:
            return None
        best = max(found, key=lambda c: c.score)
        return envelope(best, found)


def _windows(text: Text, mentions: list[Mention]) -> Iterator[tuple[int, int]]:
    """Stretches around anchors that hold digits, joined where they overlap, cut at characters."""
    joined: list[list[int]] = []
    body, behind, reached = text.body_start, len(text.low), -1
    for mention in mentions:
        # Title and body are apart: an amount of each is no range of both.
        first, last = (body, behind) if mention.start >= body else (0, body)
        start, end = max(first, mention.start - _BEFORE), min(last, mention.end + _BEHIND)
        if start < reached:
            joined[-1][1] = end
        else:
            joined.append([start, end])
        reached = end
    left = _MOST_TEXT
    for first, last in joined:
        window = text.low[first : min(last, first + left)]
        if window.translate(None, _NO_DIGITS) and _AMOUNT.search(window):
            start, end = _at_character(text.raw, first), _at_character(text.raw, min(last, first + left))
            left -= end - start
            yield start, end
        if left <= 0:
            return


def _at_character(raw: bytes, at: int) -> int:
    """The place, moved back to where a character begins."""
    while 0 < at < len(raw) and raw[at] & 0xC0 == 0x80:
        at -= 1
    return at
