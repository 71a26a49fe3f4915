"""Judges whether money in a text is pay: by what the clause calls it, its currency, period and size."""

import re
from decimal import Decimal

from enricher.domain.pay.candidates import Candidate, Kind, ends
from enricher.domain.pay.conversion import Conversion
from enricher.domain.pay.grammar import FIRST, Money
from enricher.domain.pay.tokens import Token
from enricher.domain.rules import PayRules

#: Yearly pay beyond this many times the least yearly pay is not believed without a stated period.
_MOST_YEARS_PAY = 60
#: Taken for the least yearly pay in a currency without a figure of its own.
_ANY_YEARLY = 100_000
_LEAST_HOURLY, _LEAST_YEARLY = 5, 5000
#: What the currency of the job's country counts, where pay is told in several.
_HOME = 0.5
#: Part of the least yearly pay that a single amount a day, week or month must reach where nothing names it as pay.
_LEAST_PART = Decimal("0.7")
#: The same part for a stipend.
_LEAST_STIPEND = Decimal("0.5")
#: In the US: "an hourly rate for 1099 contractors".
_TAX_FORM = 1099
#: Times the least yearly pay from which an amount is no month's, nor an hour's, unless a period right behind says so.
_NO_MONTHS_PAY, _RIGHT_BEHIND = 2, ("per ", "/", "a ", "an ", "pro ", "im ", "par ", "por ", "al ")
#: "38.580", and where such are rates, as nobody writes thousands so.
_THREE_DECIMALS, _NO_POINTED_THOUSANDS = re.compile(r"\d{1,3}\.\d{3}"), frozenset({"us", "ca"})
#: A number without a currency is hourly pay only if it is written so: "15.00 - 17.50", not "6 - 12 months".
_CENTS = re.compile(r"[.,]\d\d$")
#: Tokens of the clause before an amount that say what it is; of those the ones right before it.
_CLAUSE, _NEAR, _NEAR_CURRENCY = 24, 3, 6
#: Sentences that end between a name and a range that has its line for itself.
_SENTENCES = 2
_OTHER_MONEY_REACHES = 7
#: What an amount is called that is pay.
_NAMES = frozenset({"pay", "base", "target"})
#: Times the least yearly pay that an amount without a period has at most to be pay for heading a line; what ends such.
_MOST_HEADED = 16
_ENDS_A_HEAD = frozenset({",", "+", "&", "plus", "|", "doe", "depending"})
#: May stand before an amount that heads a line; what comes with pay, as in "£48k + van", and how far.
_BULLETS = frozenset({"*", "•", "-", "–", "·"})
_ABOUT = frozenset({"circa", "ca", "c", "~", "approx"})
_PACKAGE = frozenset({"bonus", "benefits", "equity", "car", "van", "commission", "pension", "package", "super", "ote"})
_ENDS_AN_AMOUNT = frozenset({"number", "currency", "period"})
_WITH, _PACKAGE_REACHES = frozenset({"+", "&", "plus"}), 5
#: Tokens within which "full-time equivalent" stands in brackets with the amount that it is said of.
_RESTATED, _RESTATES = frozenset({"fte", "wte", "equivalent"}), 4
#: What an amount may be for that is not a time: "$90 for every 12 deliveries", "per placement"; but "pro rata", and
#: times that lost the blank behind them ("per yearBenefits").
_EACH, _FOR = frozenset({"per", "pro", "par", "por", "je"}), frozenset({"every", "each", "one"})
_NO_PIECES = ("rata", "hour", "day", "week", "month", "year", "annum")
#: So it does behind a way to work, where a line break was lost: "£45,000 - £55,000 Hybrid Bonus Package".
_MODES = frozenset({"hybrid", "remote", "onsite", "permanent"})
#: Behind these something else begins.
_CONNECTORS = frozenset({"+", "&", "plus", "and", "with", "excluding", "not", "und", "et", "y"})


class Judge:
    """The words and amounts of `config/pay.yml`, ready to be asked of money found in a text."""

    def __init__(self, pay: PayRules, conversion: Conversion) -> None:
        self._rules = pay
        self._conversion = conversion
        self._pay_words = frozenset(pay.pay_words) | frozenset(pay.stipends)
        self._pay_endings = tuple(pay.pay_endings)
        self._base_words = frozenset(pay.base_words)
        self._target_words = frozenset(pay.target_words)
        self._other = frozenset(pay.other_money)
        self._other_endings = tuple(pay.other_endings)
        self._other_periods = frozenset(pay.other_periods)
        self._other_if_small = self._other | frozenset(pay.stipends)

    def judge(self, tokens: list[Token], money: Money, country: str | None, *, trusted: bool) -> Candidate | None:
        """How surely this money is pay; None where it is not."""
        if money.period is None and self._is_by_piece(tokens, money):
            return None
        money = self._of_three_decimals(tokens, money, country)
        money = self._without_borrowed_period(tokens, money, country)
        other = self._other if self._is_a_living(money, country) else self._other_if_small
        before = self._said_before(tokens, money, other)
        behind = self._said_behind(tokens, money, other)
        if behind == "other" and before in _NAMES and self._is_clearly_named(tokens, money, country):
            behind = None
        if "other" in {before, behind} or (before == "mixed" and behind not in _NAMES):
            return None
        # How surely this is pay: named as such, or believed for where it stands.
        named = before in _NAMES or behind in _NAMES or trusted or (before == "time" and money.currency is not None)
        named = named or self._heads_a_line(tokens, money, country) or self._has_a_package(tokens, money, country)
        stated = money.period is not None
        money, swapped = _in_order(money)
        cents = money.currency is not None or any(
            _CENTS.search(t.text) for t in tokens[money.first : money.amounts_end] if t.kind == "number"
        )
        money, inferred = self._with_period(money, country, named=named, hourly=cents)
        if not self._credible(money, country, named=named, stated=stated and named):
            return None
        open_ended = money.currency is None or (money.period is None and not trusted)
        if open_ended and not (money.is_range or stated or self._right_behind_pay(tokens, money)):
            return None
        target = behind == "target" or (before == "target" and behind != "base")
        restated = _is_restated(tokens, money)
        score = 2.0 * named + (not {"base", "time"}.isdisjoint({before, behind})) - target + 1.5 * money.is_range
        score += (money.period is not None) + (money.currency is not None) - restated
        score += _HOME * (money.currency is not None and self._is_of_place(money, country))
        rule = ".period_by_amount" * inferred + ".swapped" * swapped + ".on_target" * target
        kind: Kind = "restated" if restated else "target" if target else "pay"
        return Candidate(money, score, rule, kind, tokens[money.first].start, tokens[money.last - 1].end)

    def _of_three_decimals(self, tokens: list[Token], money: Money, country: str | None) -> Money:
        """An hour's pay to a tenth of a cent, "$38.580 to $50.075", where no thousands are written with a point."""
        written = [t.text for t in tokens[money.first : money.amounts_end] if t.kind == "number"]
        if not all(map(_THREE_DECIMALS.fullmatch, written)) or money.scaled:
            return money
        currency = self._currency_of(money, country)
        by_hour = money.period == "hour" and currency in self._rules.hourly_at_most and currency != "$"
        north = money.period is None and country in _NO_POINTED_THOUSANDS
        if not by_hour and not (north and not all(text.endswith("00") for text in written)):
            return money
        low, high = (amount and amount / 1000 for amount in (money.minimum, money.maximum))
        return money._replace(minimum=low, maximum=high)

    def _without_borrowed_period(self, tokens: list[Token], money: Money, country: str | None) -> Money:
        """The same without a period that is another's: "$100,000+ Monthly outings"."""
        if money.period in {None, "year"}:
            return money
        least = self._rules.yearly_at_least.get(self._currency_of(money, country))
        if least is None or ends(money)[0] < least * (_NO_MONTHS_PAY if money.period == "month" else 1):
            return money
        if any(t.kind == "period" and t.text.startswith(_RIGHT_BEHIND) for t in tokens[money.first : money.last]):
            return money
        return money._replace(period=None, last=money.amounts_end)

    def _is_of_place(self, money: Money, country: str | None) -> bool:
        return self._currency_of(money, country) == self._rules.country_currencies.get(country or "")

    def _is_by_piece(self, tokens: list[Token], money: Money) -> bool:
        """Whether the amount is for something that is not a time, or for one that is none of ours (two weeks)."""
        behind = tokens[money.last : money.last + 2]
        if not behind:
            return False
        if behind[0].text in self._other_periods:
            return True
        if len(behind) == 1:
            return False
        word = behind[1]
        each = behind[0].text in _EACH and word.kind == "word" and not word.text.startswith(_NO_PIECES)
        return each or (behind[0].text == "for" and (word.text in _FOR or word.kind == "number"))

    def _is_clearly_named(self, tokens: list[Token], money: Money, country: str | None) -> bool:
        """Whether a range to live on follows its name with no other amount between, whatever stands behind it."""
        for token in reversed(tokens[max(0, money.first - _CLAUSE) : money.first]):
            if token.kind == "number":
                return False
            if token.text in self._pay_words or token.text.endswith(self._pay_endings):
                break
        return money.is_range and self._is_a_living(money._replace(period=money.period or "year"), country)

    def _has_a_package(self, tokens: list[Token], money: Money, country: str | None) -> bool:
        """Whether a year's pay comes with what comes with pay: "circa £48k + van"."""
        behind = tokens[money.last : money.last + _PACKAGE_REACHES]
        return (
            money.currency is not None
            and bool(behind)
            and behind[0].text in _WITH
            and not _PACKAGE.isdisjoint(t.text for t in behind)
            and self._is_a_years_pay(money, country)
        )

    def _heads_a_line(self, tokens: list[Token], money: Money, country: str | None) -> bool:
        """Whether enough to live on begins a line or a cell, and no more is said of it: "Up to £60,000 plus bonus"."""
        first = money.first
        while first > 0 and (tokens[first - 1].kind == "bound" or tokens[first - 1].text in _ABOUT):
            first -= 1
        if first > 1 and tokens[first - 1].text in _BULLETS:
            first -= 1
        behind = tokens[money.last] if money.last < len(tokens) else None
        in_cell = first > 0 and tokens[first - 1].text == "|"
        ends_cell = behind is None or behind.kind == "line" or behind.text == "|" or behind.text in _WITH
        fills = in_cell and money.scaled and ends_cell
        return (
            (money.currency is not None or (fills and money.is_range))
            and (in_cell or (first > 0 and tokens[first - 1].kind == "line"))
            and (
                behind is None
                or behind.kind == "line"
                or behind.text in _ENDS_A_HEAD
                or (in_cell and behind.text == "(")
            )
            and self._is_a_years_pay(money, country)
        )

    def _is_a_years_pay(self, money: Money, country: str | None) -> bool:
        """Whether an amount is enough to live on and, where no period is stated, not more than anybody's pay."""
        least = self._rules.yearly_at_least.get(self._currency_of(money, country), self._rules.yearly_at_least["$"])
        if money.period is None and ends(money)[1] > least * _MOST_HEADED:
            return False
        return self._is_a_living(money if money.period else money._replace(period="year"), country)

    def _is_a_living(self, money: Money, country: str | None) -> bool:
        """Whether an amount a time is enough to live on, so that even a stipend of it is pay."""
        currency = self._currency_of(money, country)
        least = self._rules.yearly_at_least.get(currency, self._rules.yearly_at_least["$"])
        yearly = self._conversion.yearly(ends(money)[0], money.period, currency)
        return yearly is not None and yearly >= least * _LEAST_STIPEND

    def _said_before(self, tokens: list[Token], money: Money, others: frozenset[str]) -> str | None:
        """What the clause before calls the amount: base, pay, other money, or its `time` only; the nearest counts.

        `mixed`: other money, but pay before that ("salary & bonus 1,580 gross").
        """
        lines = 0
        other = False
        ends_left = _SENTENCES if _is_alone(tokens, money) else 0
        clause = _of_this_amount(tokens[max(0, money.first - _CLAUSE) : money.first][::-1], others)
        inside = False  # Brackets: "Total compensation (base and bonus): $130,000".
        for distance, token in enumerate(clause):
            if inside or (token.text == ")" and "(" in {t.text for t in clause[distance:]}):
                inside = token.text != "("
                continue
            lines += token.kind == "line"
            ends_left -= token.kind == "stop"
            if ends_left < 0 or lines > 1 or (token.text in _CONNECTORS and not distance):
                break
            if lines == 0 and (token.text in others or token.text.endswith(self._other_endings)):
                if distance >= _OTHER_MONEY_REACHES:
                    break  # What is called pay before that is not this.
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
        """Whether a word of pay stands right before, as in "Salary: 50000"; with a currency it may stand farther."""
        reach = _NEAR if money.currency is None else _NEAR_CURRENCY
        near = tokens[max(0, money.first - reach) : money.first]
        return any(t.text in self._pay_words or t.text.endswith(self._pay_endings) for t in near)

    def _said_behind(self, tokens: list[Token], money: Money, others: frozenset[str]) -> str | None:
        """What directly follows: "bonus" makes it other money, "gross" pay; behind a comma or plus nothing counts."""
        between = tokens[money.amounts_end : money.last]
        if any(t.text in self._pay_words and t.kind != "period" for t in between):
            return "pay"
        for at, token in enumerate(tokens[money.last : money.last + 2], money.last + 1):
            if token.kind == "period" and at < len(tokens) and tokens[at].text in others:
                return "other"  # "in annual revenue"
            if token.text in _CONNECTORS or token.text in _MODES:
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
        smallest, largest = ends(money)
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
        smallest, largest = ends(money)
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
            return smallest >= (_LEAST_HOURLY if money.period == "hour" else max(_LEAST_YEARLY, least / 2))
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
        return self._conversion.currency(money.currency, country, ends(money)[0], money.period) or money.currency


def _of_this_amount(clause: list[Token], others: frozenset[str]) -> list[Token]:
    """A clause read backwards, up to what goes with the amount before: "$120,000 + equity, seniors: $150,000"."""
    for at, (token, sign, end) in enumerate(zip(clause, clause[1:], clause[2:], strict=False)):
        if sign.text in _WITH and token.text in others and end.kind in _ENDS_AN_AMOUNT:
            return clause[:at]
    return clause


def _in_order(money: Money) -> tuple[Money, bool]:
    """The ends the right way round, and whether they had to be swapped."""
    if money.minimum is None or money.maximum is None or money.minimum <= money.maximum:
        return money, False
    return money._replace(minimum=money.maximum, maximum=money.minimum), True


def _is_alone(tokens: list[Token], money: Money) -> bool:
    """Whether a range has its line for itself: then the sentence above says what it is."""
    behind = tokens[money.last : money.last + 1]
    alone = money.first > 0 and tokens[money.first - 1].kind == "line" and (not behind or behind[0].kind == "line")
    return money.is_range and alone


def _is_restated(tokens: list[Token], money: Money) -> bool:
    """Whether brackets call the amount the pay of full time: "£24,000 (£30,000 FTE)"."""
    before = [t.text for t in tokens[max(0, money.first - _RESTATES) : money.first]]
    behind = [t.text for t in tokens[money.last : money.last + _RESTATES]]
    if "(" not in before:
        return False
    inside = before[before.index("(") :] + (behind[: behind.index(")")] if ")" in behind else [])
    return not _RESTATED.isdisjoint(inside)
