"""States pay in the ways of the country: structured, as text, by hour, day, month or year, or not at all."""

from collections.abc import Callable
from typing import Any

Pay = dict[str, Any] | str | None

#: Local pay for one US dollar of pay, and the step to which amounts are rounded; a matter of realism, not of exchange.
_LEVELS = {"us": (1.0, 500), "ca": (1.15, 500), "gb": (0.62, 500), "ch": (0.95, 1000), "jp": (75.0, 100_000)} | {
    "sg": (1.1, 1000), "au": (1.25, 1000), "pl": (2.0, 1000), "se": (7.0, 5000)
}  # fmt: skip
_EURO = (0.62, 500)
_HOURS = 2080


def local_range(country: str, low: float, high: float) -> tuple[int, int]:
    """A yearly range in US dollars as a rounded local one."""
    factor, step = _LEVELS.get(country, _EURO)
    return round(low * factor / step) * step, round(high * factor / step) * step


def yearly_text(country: str, low: int, high: int) -> tuple[str, str]:
    """Both ends of a range as a sentence of that country would write them."""
    sign = {"us": "${:,}", "ca": "CA${:,}", "gb": "£{:,}", "ch": "CHF {:,}", "jp": "¥{:,}", "sg": "S${:,}"}
    sign |= {"au": "A${:,}", "pl": "{:,} PLN", "se": "{:,} SEK"}
    form = sign.get(country, "€{:,}")
    return form.format(low), form.format(high)


def structured(currency: str, period: str = "year", divisor: int = 1) -> Callable[[int, int], Pay]:
    """Amounts in fields, as a board with a pay form gives them."""

    def pay(low: int, high: int) -> Pay:
        ends = (low / divisor, high / divisor)
        low_end, high_end = (round(e, 2) if divisor == _HOURS else round(e / 10) * 10 for e in ends)
        return {"min": low_end, "max": high_end, "currency": currency, "period": period}

    return pay


def _nothing(low: int, high: int) -> Pay:
    return None


def _words(words: str) -> Callable[[int, int], Pay]:
    return lambda low, high: words


def _hourly(low: int, high: int) -> Pay:
    return f"${low / _HOURS:.2f} - ${high / _HOURS:.2f} per hour"


_EURO_WAYS: tuple[Callable[[int, int], Pay], ...] = (
    structured("EUR"),
    lambda low, high: f"€{low:,} – €{high:,} gross per year",
    _nothing,
    lambda low, high: f"{low / 12:,.0f} – {high / 12:,.0f} EUR monthly",
)
_WAYS: dict[str, tuple[Callable[[int, int], Pay], ...]] = {
    "us": (
        structured("USD"),
        lambda low, high: f"${low:,} - ${high:,} a year",
        lambda low, high: f"${low // 1000}K–${high // 1000}K",
        _nothing,
        _words("Competitive"),
        structured("USD"),
        _words("DOE"),
    ),
    "ca": (
        structured("CAD"),
        lambda low, high: f"${low:,} - ${high:,}",
        lambda low, high: f"CA${low / _HOURS:.2f}/hr",
        _nothing,
        lambda low, high: f"C${low:,} to C${high:,} per annum",
    ),
    "gb": (
        lambda low, high: f"£{low // 1000}k - £{high // 1000}k per annum",
        structured("GBP"),
        lambda low, high: f"£{round(high / 220 / 25) * 25} per day",
        _words("Competitive salary + bonus"),
        _nothing,
    ),
    "de": (
        structured("EUR"),
        lambda low, high: f"{low:,} € – {high:,} € brutto/Jahr".replace(",", "."),
        _nothing,
        lambda low, high: f"ab {round(low / 12 / 50) * 50:,} € brutto im Monat".replace(",", "."),
    ),
    "fr": (
        structured("EUR"),
        lambda low, high: f"{low:,} € à {high:,} € brut annuel".replace(",", " "),
        lambda low, high: f"{round(low / 12 / 50) * 50:,} € bruts par mois".replace(",", " "),
        _nothing,
    ),
    "ch": (
        lambda low, high: f"CHF {low:,} – {high:,}".replace(",", "'"),
        structured("CHF"),
        structured("CHF", "month", 13),
        _nothing,
    ),
    "jp": (
        lambda low, high: f"年収{low // 10_000}万円〜{high // 10_000}万円",
        structured("JPY"),
        lambda low, high: f"月給{low // 120_000}万円以上",
        _nothing,
    ),
    "sg": (lambda low, high: f"S${low // 12:,} - S${high // 12:,} per month", structured("SGD", "month", 12)),
    "au": (lambda low, high: f"${low:,} + super", structured("AUD"), _nothing),
    "pl": (
        lambda low, high: f"{low // 12:,} - {high // 12:,} PLN / month".replace(",", " "),
        structured("PLN", "month", 12),
    ),
    "se": (_nothing, structured("SEK", "month", 12)),
}  # fmt: skip
_HOURLY_WAYS: dict[str, tuple[Callable[[int, int], Pay], ...]] = {
    "us": (_hourly, structured("USD", "hour", _HOURS), lambda low, high: f"From ${low / _HOURS:.0f} an hour"),
    "ca": (structured("CAD", "hour", _HOURS), _hourly),
    "gb": (lambda low, high: f"£{low / _HOURS:.2f} per hour", structured("GBP", "hour", _HOURS)),
}


def ways(country: str, hourly: bool) -> tuple[Callable[[int, int], Pay], ...]:
    """How employers of a country state pay: functions of the yearly local range."""
    if hourly and country in _HOURLY_WAYS:
        return _HOURLY_WAYS[country]
    return _WAYS["de"] if country == "at" else _WAYS.get(country, _EURO_WAYS)
