"""Pay of a posting: what the source states, else the best pay found in the text; nothing is guessed."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from common.contracts import OfferedPay, PayPeriod, Salary
from enricher.domain.evidence import Evidence, from_span
from enricher.domain.pay.conversion import Conversion
from enricher.domain.pay.grammar import FIRST, Grammar, Money
from enricher.domain.pay.tokens import Token, Tokenizer
from enricher.domain.rules import PayRules, RateRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text

#: Bytes read before and behind an anchor; text read at most per posting.
_BEFORE, _BEHIND, _MOST_TEXT = 90, 110, 3_000
#: Characters read of a source's pay text.
_MOST_STATED = 1_000
#: A window without two digits or a digit with a unit (k, lakh, crore, million) holds no pay.
_AMOUNT = re.compile(rb"\d(?:\d| ?[klcm])")
#: Yearly pay beyond this many times the least yearly pay is not believed without a stated period.
_MOST_YEARS_PAY = 60
#: Taken for the least yearly pay in a currency without a figure of its own.
_ANY_YEARLY = 100_000
_LEAST_HOURLY = 5
#: Part of the least yearly pay that a single amount a day, week or month must reach where nothing names it as pay.
_LEAST_PART = Decimal("0.7")
#: The same part for a stipend.
_LEAST_STIPEND = Decimal("0.5")
#: In the US: "an hourly rate for 1099 contractors".
_TAX_FORM = 1099
#: A number without a currency is hourly pay only if it is written so: "15.00 - 17.50", not "6 - 12 months".
_CENTS = re.compile(r"[.,]\d\d$")
#: Characters between amounts that belong together.
_TOGETHER = 60
#: Tokens of the clause before an amount that say what it is.
_CLAUSE = 24
_OTHER_MONEY_REACHES = 7
#: What an amount is called that is pay.
_NAMES = frozenset({"pay", "base", "target"})
#: Times the least yearly pay that an amount without a period has at most to be pay for heading a line; what ends such.
_MOST_HEADED = 16
_ENDS_A_HEAD = frozenset({",", "+", "plus", "|", "doe", "depending"})
#: Behind these something else begins.
_CONNECTORS = frozenset({"plus", "and", "with", "excluding", "not", "und", "et", "y"})


class _Read(NamedTuple):
    """Pay as read: amounts, currency and period, with rule and text."""

    minimum: Decimal | None
    maximum: Decimal | None
    currency: str | None
    period: PayPeriod | None
    rule: str
    text: str


class _Candidate(NamedTuple):
    money: Money
    score: float
    rule: str
    said: str | None
    start: int
    end: int


class PayReader:
    """The rules of `config/pay.yml` and `config/fx_rates.yml`, ready to be asked."""

    def __init__(self, pay: PayRules, rates: RateRules) -> None:
        self._rules = pay
        self._tokenizer = Tokenizer(pay)
        self._grammar = Grammar(pay)
        self._conversion = Conversion(pay, rates)
        self._pay_words = frozenset(pay.pay_words) | frozenset(pay.stipends)
        self._pay_endings = tuple(pay.pay_endings)
        self._base_words = frozenset(pay.base_words)
        self._target_words = frozenset(pay.target_words)
        self._other = frozenset(pay.other_money)
        self._other_endings = tuple(pay.other_endings)
        self._other_if_small = self._other | frozenset(pay.stipends)

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

    def _as_read(self, candidate: _Candidate, country: str | None, rule: str, text: str) -> _Read:
        money = candidate.money
        currency = self._conversion.currency(money.currency, country)
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

    def _of_text(self, text: Text, mentions: list[Mention], country: str | None) -> tuple[_Candidate, int, int] | None:
        """The best pay in the windows around anchors, with its byte span."""
        best: tuple[_Candidate, int, int] | None = None
        for start, end in _windows(text, mentions):
            window = text.raw[start:end].decode(errors="ignore")
            low = window.lower()
            low = low if len(low) == len(window) else text.low[start:end].decode(errors="ignore")
            # An amount in a title is pay: nobody names a budget there.
            found = self._best(low, country, trusted=end <= text.body_start, cased=window)
            if found and (best is None or found.score > best[0].score):
                first = start + len(window[: found.start].encode())
                best = found, first, first + len(window[found.start : found.end].encode())
        return best

    def _best(self, low: str, country: str | None, *, trusted: bool, cased: str | None = None) -> _Candidate | None:
        """The likeliest pay in a text; ranges for several places stand together as one envelope."""
        tokens = self._tokenizer.cut(low, cased if cased is not None and len(cased) == len(low) else None)
        found = [c for m in self._grammar.read(tokens) if (c := self._judge(tokens, m, country, trusted=trusted))]
        if not found:
            return None
        best = max(found, key=lambda c: c.score)
        return _envelope(best, found)

    def _judge(self, tokens: list[Token], money: Money, country: str | None, *, trusted: bool) -> _Candidate | None:
        """How surely this money is pay; None where it is not."""
        other = self._other if self._is_a_living(money, country) else self._other_if_small
        before = self._said_before(tokens, money, other)
        behind = self._said_behind(tokens, money, other)
        if "other" in {before, behind} or (before == "mixed" and behind not in _NAMES):
            return None
        # How surely this is pay: named as such, or believed for where it stands.
        named = before in _NAMES or behind in _NAMES or trusted or (before == "time" and money.currency is not None)
        named = named or self._heads_a_line(tokens, money, country)
        stated = money.period is not None
        money, swapped = _in_order(money)
        cents = money.currency is not None or any(
            _CENTS.search(t.text) for t in tokens[money.first : money.amounts_end] if t.kind == "number"
        )
        money, inferred = self._with_period(money, country, named=named, hourly=cents)
        if not self._credible(money, country, named=named, stated=stated and named):
            return None
        if money.currency is None and not money.is_range and not (stated or self._right_behind_pay(tokens, money)):
            return None
        target = behind == "target" or (before == "target" and behind != "base")
        score = 2.0 * named + (not {"base", "time"}.isdisjoint({before, behind})) - target + 1.5 * money.is_range
        score += (money.period is not None) + (money.currency is not None)
        rule = ".period_by_amount" * inferred + ".swapped" * swapped + ".on_target" * target
        said = "target" if target else before
        return _Candidate(money, score, rule, said, tokens[money.first].start, tokens[money.last - 1].end)

    def _heads_a_line(self, tokens: list[Token], money: Money, country: str | None) -> bool:
        """Whether enough to live on begins a line, and no more is said of it: "Up to £60,000 plus bonus"."""
        first = money.first - (money.first > 0 and tokens[money.first - 1].kind == "bound")
        behind = tokens[money.last] if money.last < len(tokens) else None
        least = self._rules.yearly_at_least.get(self._currency_of(money, country), self._rules.yearly_at_least["$"])
        return (
            money.currency is not None
            and (money.period is not None or _ends(money)[1] <= least * _MOST_HEADED)
            and first > 0
            and tokens[first - 1].kind == "line"
            and (behind is None or behind.kind == "line" or behind.text in _ENDS_A_HEAD)
            and self._is_a_living(money if money.period else money._replace(period="year"), country)
        )

    def _is_a_living(self, money: Money, country: str | None) -> bool:
        """Whether an amount a time is enough to live on, so that even a stipend of it is pay."""
        currency = self._currency_of(money, country)
        least = self._rules.yearly_at_least.get(currency, self._rules.yearly_at_least["$"])
        yearly = self._conversion.yearly(_ends(money)[0], money.period, currency)
        return yearly is not None and yearly >= least * _LEAST_STIPEND

    def _said_before(self, tokens: list[Token], money: Money, others: frozenset[str]) -> str | None:
        """What the clause before calls the amount: base, pay, other money, or its `time` only; the nearest counts.

        `mixed`: other money, but pay before that ("salary & bonus 1,580 gross").
        """
        lines = 0
        other = False
        clause = tokens[max(0, money.first - _CLAUSE) : money.first][::-1]
        for distance, token in enumerate(clause):
            lines += token.kind == "line"
            if token.kind == "stop" or lines > 1:
                break
            if (
                (token.text in others or token.text.endswith(self._other_endings))
                and lines == 0
                and distance < _OTHER_MONEY_REACHES
            ):
                other = True
            elif token.text in self._target_words:
                return "mixed" if other else "target"
            elif token.text in self._pay_words or token.text.endswith(self._pay_endings):
                if clause[distance + 1 :] and clause[distance + 1].text in self._target_words:
                    return "target"  # "OTE range"
                if other:
                    return "mixed"
                return "time" if token.kind == "period" else "base" if token.text in self._base_words else "pay"
        return "other" if other else None

    def _right_behind_pay(self, tokens: list[Token], money: Money) -> bool:
        """Whether a word of pay stands within the last three tokens, as in "Salary: 50000"."""
        return any(t.text in self._pay_words for t in tokens[max(0, money.first - 3) : money.first])

    def _said_behind(self, tokens: list[Token], money: Money, others: frozenset[str]) -> str | None:
        """What directly follows: "bonus" makes it other money, "gross" pay; behind a comma or plus nothing counts."""
        between = tokens[money.amounts_end : money.last]
        if any(t.text in self._pay_words and t.kind != "period" for t in between):
            return "pay"
        for at, token in enumerate(tokens[money.last : money.last + 2], money.last + 1):
            if token.text in _CONNECTORS:
                return None
            if token.text in others or token.text.endswith(self._other_endings):
                return "other"
            ahead = at < len(tokens) and tokens[at].kind in FIRST  # "base $100k OTE $200k": OTE is said of the next
            if token.text in self._target_words:
                return None if ahead else "target"
            if token.text in self._pay_words:
                return None if ahead else "base" if token.text in self._base_words else "pay"
            if not token.text[0].isalpha() and token.kind not in {"currency", "period"}:
                return None
        return None

    def _with_period(self, money: Money, country: str | None, *, named: bool, hourly: bool) -> tuple[Money, bool]:
        """Pay without a period, named as such or a range: amounts that only one period allows get that one."""
        if money.period or not (named or (money.is_range and money.currency)):
            return money, False
        currency = self._currency_of(money, country)
        smallest, largest = _ends(money)
        if (least := self._rules.yearly_at_least.get(currency)) and smallest >= least:
            return money._replace(period="year"), True
        monthly = self._rules.monthly_between.get(currency)
        if named and monthly and monthly[0] <= smallest and largest <= monthly[1]:
            return money._replace(period="month"), True
        if (
            named
            and hourly
            and (most := self._rules.hourly_at_most.get(currency))
            and smallest >= _LEAST_HOURLY
            and largest <= most
        ):
            return money._replace(period="hour"), True
        return money, False

    def _credible(self, money: Money, country: str | None, *, named: bool, stated: bool) -> bool:
        """Whether number, currency, period and naming together are enough to speak of pay."""
        smallest, largest = _ends(money)
        currency = self._currency_of(money, country)
        least = self._rules.yearly_at_least.get(currency, 0)
        if largest > smallest * self._rules.widest_range:
            return False
        if not stated and largest > (least or _ANY_YEARLY) * _MOST_YEARS_PAY:
            return False
        if money.period and self._conversion.yearly(smallest, money.period, currency) is None:
            return False
        if money.currency is None:
            a_year = not money.is_range and (1900 <= smallest <= 2100 or smallest == _TAX_FORM)
            hourly = money.period == "hour" and money.is_range
            return named and (smallest >= 1000 or money.scaled or hourly) and not a_year
        if named:
            return money.period is not None or money.scaled or smallest >= 500
        if money.period in {"hour", "year"}:
            return smallest >= (_LEAST_HOURLY if money.period == "hour" else 5000)
        if money.period and not money.is_range:
            yearly = self._conversion.yearly(smallest, money.period, currency)
            if least and yearly is not None:
                return yearly >= least * _LEAST_PART and yearly <= least * _MOST_YEARS_PAY
            reference = self._conversion.in_reference(yearly, currency)
            least_reference, most_reference = self._rules.unnamed_reference
            return reference is not None and least_reference <= reference <= most_reference
        # Unnamed: only a range, and that with a period or of the size of yearly pay.
        return money.is_range and (money.period is not None or (least > 0 and smallest >= least / 2))

    def _currency_of(self, money: Money, country: str | None) -> str:
        """The currency that an amount is judged by: that written, else its sign, else that of the place."""
        if money.currency is None:
            return self._rules.country_currencies.get(country or "", "")
        return self._conversion.currency(money.currency, country) or money.currency


def _ends(money: Money) -> tuple[Decimal, Decimal]:
    """The smallest and the largest amount named."""
    amounts = [a for a in (money.minimum, money.maximum) if a is not None]
    return min(amounts), max(amounts)


def _in_order(money: Money) -> tuple[Money, bool]:
    """The ends the right way round, and whether they had to be swapped."""
    if money.minimum is None or money.maximum is None or money.minimum <= money.maximum:
        return money, False
    return money._replace(minimum=money.maximum, maximum=money.minimum), True


def _envelope(best: _Candidate, found: list[_Candidate]) -> _Candidate:
    """Ranges of the same kind right behind each other ("$190-237k in A and $165-206k in B") taken as one."""
    group = [best]
    for one in sorted(found, key=lambda c: _apart(best, c)):
        if one is not best and _alike(best, one) and min(_apart(one, c) for c in group) < _TOGETHER:
            group.append(one)
    if len(group) == 1:
        return best
    # "Up to $65 or $75" has no lower end: the smallest amount has none.
    least = min(group, key=lambda c: _ends(c.money)[0]).money.minimum
    most = max(group, key=lambda c: _ends(c.money)[1]).money.maximum
    money = best.money._replace(minimum=least, maximum=most)
    return best._replace(money=money, start=min(c.start for c in group), end=max(c.end for c in group))


def _alike(best: _Candidate, one: _Candidate) -> bool:
    """Whether two amounts can be the same pay at two places: same currency, period and kind, of like size."""
    sizes = [_ends(c.money)[0] for c in (best, one)]
    alike = max(sizes) <= 2 * min(sizes) and one.money.is_range == best.money.is_range
    both = best.money.period is not None and one.money.period is not None
    sure = one.score >= best.score - 1 or both
    return (
        alike and sure and one.money.currency == best.money.currency
        and (one.money.period == best.money.period or not both) and (one.said == "target") == (best.said == "target")
    )  # fmt: skip


def _apart(one: _Candidate, other: _Candidate) -> int:
    return min(abs(one.start - other.end), abs(other.start - one.end))


def _windows(text: Text, mentions: list[Mention]) -> Iterator[tuple[int, int]]:
    """Stretches around anchors that hold digits, joined where they overlap, cut at characters."""
    joined: list[list[int]] = []
    for mention in mentions:
        # Title and body are apart: an amount of each is no range of both.
        first, last = (text.body_start, len(text.low)) if mention.start >= text.body_start else (0, text.body_start)
        start, end = max(first, mention.start - _BEFORE), min(last, mention.end + _BEHIND)
        if joined and start < joined[-1][1]:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    left = _MOST_TEXT
    for first, last in joined:
        if _AMOUNT.search(text.low, first, min(last, first + left)):
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
