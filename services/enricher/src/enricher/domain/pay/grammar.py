"""Reads amounts and ranges of money out of tokens: [currency] number [currency] [dash …] [period]."""

from decimal import Decimal
from typing import NamedTuple

from common.contracts import PayPeriod
from enricher.domain.pay.tokens import Token
from enricher.domain.rules import PayRules

#: Tokens looked at for a currency's period behind an amount, and in front of it.
_BEHIND, _BEFORE = 4, 9
#: Kinds of tokens with which an amount begins.
FIRST = frozenset({"currency", "number"})
#: What may stand between an amount and its period beside words of pay.
_FILLERS = frozenset({"gross", "net", "netto", "neto", "netos", "nets", "(", ")", "*", ",", "/-", "/"})
#: Periods that are none but right behind an amount, "$17hr", "£180pd"; from so much on they are words ("$60,000 HR").
_SHORT: dict[str, PayPeriod] = {"hr": "hour", "hrs": "hour", "pd": "day"}
_LEAST_WITH_WORDS = 1000
#: In the line below: "Pay frequency: monthly".
_FREQUENCY = frozenset({"frequency", "basis", "interval", "period"})
#: What may stand between a bound and its amount, on whose other side it is a label: "Minimum:", "$50,000 (min.)".
_AFTER_BOUND, _LABELS = frozenset({":", "*"}), ("()", "(.)")
#: Tokens behind an amount in "$" that may name its dollar, and what stands before the name.
_DOLLARS = frozenset({"usd", "cad", "aud", "nzd", "sgd", "hkd", "mxn", "us dollars", "canadian dollars"})
_NAMES_BEHIND, _TO_A_NAME = 5, frozenset({"(", ",", "gross", "in", "paid", "all", "-", "/"})
#: Currencies of which "20L" is so many lakh.
_RUPEES, _LAKH = frozenset({"inr", "₹", "rs", "rs.", "rupees"}), Decimal(100_000)
#: Words whose point ends no sentence: "Mindestgehalt lt. KV EUR 2.500".
_SHORTENED = frozenset({"lt", "gem", "ca", "inkl", "zzgl", "bzw"})
#: Tokens looked back for "minimum salary"; characters between a least and a most amount that are one range.
_NAMED_BOUND, _PAIR = 9, 70


class Amount(NamedTuple):
    """A number with the currency and period written at it, if any; tokens from `first` up to `last`."""

    number: Decimal
    scale: Decimal
    currency: str | None
    period: PayPeriod | None
    first: int
    last: int


class Money(NamedTuple):
    """An amount or a range as written; a one-sided one lacks an end.

    Tokens from `first` up to `last`, of which those from `amounts_end` on only tell the period.
    """

    minimum: Decimal | None
    maximum: Decimal | None
    currency: str | None
    period: PayPeriod | None
    first: int
    amounts_end: int
    last: int
    is_range: bool
    scaled: bool


class Grammar:
    """The grammar with the words of `config/pay.yml`."""

    def __init__(self, rules: PayRules) -> None:
        self._bounds = {w: side for side, words in rules.bounds.items() for w in words}
        self._closed = frozenset(rules.closed_dashes)
        self._between = frozenset(rules.between)
        self._pay_words = frozenset(rules.pay_words)
        self._pay_endings = tuple(rules.pay_endings)
        self._fillers = self._pay_words | _FILLERS
        self._targets = frozenset(rules.target_words)

    def read(self, tokens: list[Token]) -> list[Money]:
        """All money in the tokens, in their order."""
        found: list[Money] = []
        at = 0
        while at < len(tokens):
            amount = self._amount(tokens, at) if tokens[at].kind in FIRST else None
            if amount is None:
                at += 1
                continue
            found.append(self._money(tokens, amount))
            at = found[-1].last
        return self._paired(found, tokens)

    def _paired(self, found: list[Money], tokens: list[Token]) -> list[Money]:
        """The same with a least and a most amount near each other as one range: "min $20, mid $25, max $30"."""
        for at, low in enumerate(found):
            if low.minimum is None or low.maximum is not None:
                continue
            for behind, high in enumerate(found[at + 1 : at + 3], at + 1):
                apart = tokens[high.first].start - tokens[low.last - 1].end
                one = high.maximum and high.minimum is None and high.currency == low.currency
                said = {t.text for t in tokens[low.last : high.last + 2]}
                if one and apart <= _PAIR and self._targets.isdisjoint(said):
                    period = high.period or low.period
                    whole = high._replace(minimum=low.minimum, period=period, first=low.first, is_range=True)
                    return [*found[:at], whole, *self._paired(found[behind + 1 :], tokens)]
        return found

    def _amount(self, tokens: list[Token], at: int, beside: str | None = None) -> Amount | None:
        """An amount that begins at this token; `beside` is the currency of the range's other end."""
        first, currency = at, None
        while at < len(tokens) and tokens[at].kind == "currency" and at - first < 2:
            currency = _more_precise(currency, tokens[at].text)
            at += 1
        if at >= len(tokens) or tokens[at].kind != "number":
            return None
        number = tokens[at]
        at += 1
        if at < len(tokens) and tokens[at].kind == "currency" and not _starts_next(tokens, at):
            currency = _more_precise(currency, tokens[at].text)
            at += 1
        currency = currency or number.currency
        if (currency or beside) in _RUPEES and number.scale == 1 and _is_lakh(tokens, at):
            return Amount(number.number * _LAKH, _LAKH, currency, number.period, first, at + 1)
        return Amount(number.number, number.scale, currency, number.period, first, at)

    def _money(self, tokens: list[Token], low: Amount) -> Money:
        """The amount with what follows: a period, a dash and a second amount, a period."""
        at = low.last
        period = tokens[at].period if at < len(tokens) and tokens[at].kind == "period" else None
        at += period is not None
        high = self._second(tokens, low, at)
        last = high.last if high else at
        plus = last < len(tokens) and tokens[last].text == "+"
        behind, end = self._period_behind(tokens, last + plus)
        apart = plus and tokens[last].start > tokens[last - 1].end
        if plus and (behind is None or (apart and not tokens[end - 1].text.startswith(("per ", "/", "a ")))):
            behind, end = None, last  # "$100,000 + monthly bonus" is not monthly
        period = (
            (behind if high or plus else period or behind)
            or period
            or (high or low).period
            or self._period_before(tokens, low.first)
        )
        if high:
            minimum, maximum = _scaled_alike(low, high)
            currency = _said_behind(_more_precise(low.currency, high.currency), tokens, end)
            return Money(minimum, maximum, currency, period, low.first, last, end, True, max(low.scale, high.scale) > 1)
        label, end = (None, end) if plus else self._label_behind(tokens, end)
        side = "minimum" if plus and not apart else label or self._side(tokens, low.first)
        least = None if side == "maximum" else low.number
        most = None if side == "minimum" else low.number
        currency = _said_behind(low.currency, tokens, end)
        return Money(least, most, currency, period, low.first, last, end, False, low.scale > 1)

    def _second(self, tokens: list[Token], low: Amount, at: int) -> Amount | None:
        """The upper end of a range, if a dash and an amount follow."""
        if at >= len(tokens) or not self._joins(tokens, low, at):
            return None
        at += 1
        while at < len(tokens) and tokens[at].kind in {"bound", "dash"}:
            if self._bounds.get(tokens[at].text) == "minimum":
                return None  # "Grade 14 - min $21"
            at += 1
        return self._amount(tokens, at, low.currency)

    def _joins(self, tokens: list[Token], low: Amount, at: int) -> bool:
        token = tokens[at]
        if token.kind == "bound":
            return self._bounds[token.text] == "maximum"
        if token.text == "/":  # "38/42 K€"
            high = tokens[at + 1 : at + 2]
            return low.currency is None and low.scale == 1 and bool(high) and high[0].scale > 1
        if token.kind != "dash":
            return False
        if token.text not in self._closed:
            return True
        before = tokens[max(0, low.first - 4) : low.first]
        return any(t.text in self._between for t in before) or (low.currency is not None and _is_money(tokens, at + 1))

    def _side(self, tokens: list[Token], first: int) -> str | None:
        """`minimum` or `maximum` where a word before the amount says that it is one-sided."""
        at = first - 1
        while at > max(0, first - 5) and (tokens[at].text in _AFTER_BOUND or tokens[at].kind == "line"):
            at -= 1
        if at >= 0 and tokens[at].kind == "bound":
            return self._bounds[tokens[at].text]
        for at in range(first - 1, max(-1, first - 1 - _NAMED_BOUND), -1):
            token = tokens[at]
            if token.kind in {"number", "line"} or (token.kind == "stop" and tokens[at - 1].text not in _SHORTENED):
                break
            if token.text.startswith("mindest") and token.text.endswith(self._pay_endings):
                return "minimum"
            if token.text in {"minimum", "maximum"} and any(t.text in self._pay_words for t in tokens[at + 1 : at + 3]):
                return token.text
        return None

    def _label_behind(self, tokens: list[Token], last: int) -> tuple[str | None, int]:
        """The side that a label in brackets behind an amount names, and where that ends: "$50,000 (min.)"."""
        label = tokens[last : last + 4]
        signs = "".join(t.text for t in label if t.kind != "bound")
        if len(label) < 3 or label[1].kind != "bound" or not signs.startswith(_LABELS):
            return None, last
        return self._bounds[label[1].text], last + 2 + signs.index(")")

    def _period_behind(self, tokens: list[Token], last: int) -> tuple[PayPeriod | None, int]:
        for at in range(last, min(last + _BEHIND, len(tokens))):
            token = tokens[at]
            if token.kind == "period":
                return token.period, at + 1
            if token.text in _SHORT and at == last and tokens[at - 1].number < _LEAST_WITH_WORDS:
                return _SHORT[token.text], at + 1
            loose = token.kind == "dash" and at + 1 < len(tokens) and tokens[at + 1].kind == "period"  # "$16-/hr"
            if token.kind != "currency" and token.text not in self._fillers and not loose:
                break
        return _frequency(tokens, last), last

    def _period_before(self, tokens: list[Token], first: int) -> PayPeriod | None:
        for at in range(first - 1, max(-1, first - 1 - _BEFORE), -1):
            token = tokens[at]
            if token.kind == "period":
                return token.period
            if token.kind in {"number", "stop"}:
                break
        return None


def _is_lakh(tokens: list[Token], at: int) -> bool:
    """Whether a touching L behind the number means lakh: "₹20L"."""
    return at < len(tokens) and tokens[at].text == "l" and tokens[at].start == tokens[at - 1].end


def _starts_next(tokens: list[Token], at: int) -> bool:
    """Whether a currency sign behind a number belongs to a number behind it ("10 $20")."""
    return at + 1 < len(tokens) and tokens[at + 1].kind == "number" and tokens[at].end == tokens[at + 1].start


def _said_behind(currency: str | None, tokens: list[Token], last: int) -> str | None:
    """The currency, "$" by the one named behind it: "$5,000 per month (gross in USD)"."""
    if currency != "$":
        return currency
    for at in range(last - 1, min(last + _NAMES_BEHIND, len(tokens))):
        token = tokens[at]
        if token.text in _DOLLARS and not _is_number(tokens, at + 1):
            return _more_precise(currency, token.text)
        if at >= last and token.text not in _TO_A_NAME:
            break
    return currency


def _is_number(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].kind in FIRST


def _frequency(tokens: list[Token], last: int) -> PayPeriod | None:
    """The period that the next line names: "Pay frequency: monthly"."""
    below = tokens[last : last + 5]
    if not below or below[0].kind != "line":
        return None
    for token, colon, period in zip(below, below[1:], below[2:], strict=False):
        if token.text in _FREQUENCY and colon.text == ":":
            return period.period
    return None


def _is_money(tokens: list[Token], at: int) -> bool:
    window = tokens[at : at + 3]
    return any(t.kind == "currency" for t in window) and any(t.kind == "number" for t in window)


def _more_precise(one: str | None, other: str | None) -> str | None:
    """Of two written currencies the one that names a currency rather than a shared sign ("CAD $")."""
    if one is None or (other is not None and len(other) > len(one)):
        return other
    return one


def _scaled_alike(low: Amount, high: Amount) -> tuple[Decimal, Decimal]:
    """Both ends of a range in the same scale: "70-90k" means 70k, "€40k-60" means 60k, "6-8 LPA" 6 lakh."""
    minimum, maximum = low.number, high.number
    if high.scale > 1 and low.scale == 1 and minimum < 1000 and minimum * high.scale <= maximum * 2:
        minimum *= high.scale
    if low.scale > 1 and high.scale == 1 and maximum < 1000:
        maximum *= low.scale
    return minimum, maximum
