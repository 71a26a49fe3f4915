"""Dated exchange rates into the reference currency, from `config/fx_rates.yml`; an unknown currency stays unknown."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec


class RatesError(ValueError):
    """`fx_rates.yml` is not valid; the message says where."""


class Rate(msgspec.Struct, frozen=True):
    """Units of a currency for one US dollar on a day."""

    per_usd: Decimal
    date: date


class Rates(msgspec.Struct, frozen=True):
    """Rates by currency (ISO 4217); `reference` is the currency in which pay is compared."""

    version: int
    reference: str
    rates: dict[str, Rate]

    def convert(self, amount: int, currency: str) -> int | None:
        """`amount` in whole units of the reference currency, half to even; None for a currency without a rate."""
        if currency == self.reference:
            return amount
        if currency not in self.rates:
            return None
        return round(amount * Fraction(self.rates[self.reference].per_usd) / Fraction(self.rates[currency].per_usd))

    def date_of(self, currency: str) -> date:
        """The day of the rate that `convert` uses: the older of the two."""
        return min(self.rates[currency].date, self.rates[self.reference].date)


def parse_rates(raw: Mapping[str, Any]) -> Rates:
    """The rates in `raw`; RatesError where one is missing, unreadable or not positive."""
    try:
        rates = msgspec.convert(raw, Rates)
    except msgspec.ValidationError as error:
        raise RatesError(f"fx_rates.yml: {error}") from error
    if rates.reference not in rates.rates:
        raise RatesError(f"fx_rates.yml: no rate for the reference currency {rates.reference}")
    for currency, rate in rates.rates.items():
        if not (rate.per_usd.is_finite() and rate.per_usd > 0):
            raise RatesError(f"fx_rates.yml: {currency}: {rate.per_usd} is not a positive rate")
    return rates
