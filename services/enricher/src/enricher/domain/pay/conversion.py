"""Makes pay comparable: currency by sign and country, yearly amounts, reference currency at dated rates."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from common.contracts import PayPeriod
from enricher.domain.rules import PayRules, RateRules

#: An amount of more digits is nobody's pay; to multiply 1e999999999 is an error, to write it out endless.
_MOST_DIGITS = 30
#: What a sign means that is not the country's own currency.
_DOLLAR = "USD"


class Conversion:
    """Periods, currencies and rates, ready to be asked."""

    def __init__(self, pay: PayRules, rates: RateRules) -> None:
        self._factors = pay.yearly_factors
        self._named = {w: code for code, words in pay.currencies.items() for w in words}
        self._local = pay.local_currencies
        self._by_amount = pay.local_by_amount
        self._plausible = pay.plausible_yearly
        self._plausible_reference = pay.plausible_reference
        self.reference = rates.reference
        own = rates.rates[rates.reference]
        self._ratios = {currency: own.per_usd / rate.per_usd for currency, rate in rates.rates.items()}
        self._dates = {currency: min(rate.date, own.date) for currency, rate in rates.rates.items()}

    def currency(
        self, written: str | None, country: str | None, amount: Decimal | None = None, period: PayPeriod | None = None
    ) -> str | None:
        """ISO 4217 code of a written currency; a shared sign counts only with the country of the job.

        Where a country writes two currencies with one sign, the amount (a month's, where no period is known) decides.
        """
        if not written:
            return None
        word = written.strip().lower()
        if code := self._named.get(word):
            return code
        if amount is not None and (decided := self._by_amount.get(word, {}).get(country or "")):
            own, least = decided
            return own if amount * self._factors[period or "month"] >= least else _DOLLAR
        if word in self._local:
            return self._local[word].get(country or "")
        return written.strip().upper() if len(word) == 3 and word.isascii() and word.isalpha() else None

    def yearly(self, amount: Decimal | None, period: PayPeriod | None, currency: str | None) -> int | None:
        """Whole units a year; None without a period, or where the result cannot be a year's pay."""
        if amount is None or period is None or amount.adjusted() > _MOST_DIGITS:
            return None
        value = int((amount * self._factors[period]).to_integral_value(ROUND_HALF_EVEN))
        if not self._plausible[0] <= value <= self._plausible[1]:
            return None
        in_reference = self.in_reference(value, currency)
        low, high = self._plausible_reference
        return value if in_reference is None or low <= in_reference <= high else None

    def in_reference(self, yearly: int | None, currency: str | None) -> int | None:
        """The yearly amount in the reference currency; None without a known rate."""
        ratio = self._ratios.get(currency or "")
        return None if yearly is None or ratio is None else int((yearly * ratio).to_integral_value(ROUND_HALF_EVEN))

    def rate_date(self, currency: str | None) -> date | None:
        """Day of the rate used for a currency: the older of its own and the reference's."""
        return self._dates.get(currency or "")
