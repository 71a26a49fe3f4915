"""Reads single values of loosely typed payloads: text, numbers, times, pay periods, countries."""

import html
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from html.entities import html5
from typing import Any, cast

from common.contracts import PayPeriod

#: Postings lie between these; anything else is a mistake of the source (seconds read as days, year 0001).
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
#: From here on a number is a time in milliseconds, not seconds: 1e11 s is the year 5138, 1e11 ms is 1973.
_MILLISECONDS_FROM = 1e11
_LEAST_A_YEAR = 10_000
_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,6})?|[+-]?\d{1,3}(,\d{3}){1,4}(\.\d{1,6})?")
_DEGREES = re.compile(r"[+-]?\d{1,3}(\.\d{1,20})?", re.ASCII)
_PERIODS: dict[str, PayPeriod] = {
    word: cast("PayPeriod", period)
    for period, words in {
        "hour": "hour hourly hr h",
        "day": "day daily d",
        "week": "week weekly wk",
        "month": "month monthly mo mth",
        "year": "year yearly yr annual annually annum pa",
    }.items()
    for word in words.split()
}
#: With its semicolon: without one it may be a name, such as R&D or AT&T.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_BREAK = re.compile(r"</?(?:br|div|li|p)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?(?:a|b|em|font|i|mark|span|strong|u)\b[^<>]*>", re.IGNORECASE)
_YES, _NO = {"true", "yes", "y", "1", "1.0"}, {"false", "no", "n", "0", "0.0"}
_SAYS_NOTHING = {"", "-", "n/a", "na", "none", "null", "unspecified", "not specified", "unknown", "undefined"}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)
_DAY_IN_WORDS = re.compile(
    rf"(?:(?P<month>{_MONTH})\.? (?P<day>\d{{1,2}})|(?P<number>\d{{1,2}}) (?P<named>{_MONTH})\.?),? (?P<year>\d{{4}})",
    re.IGNORECASE | re.ASCII,
)
_YEAR_FIRST = re.compile(r"^(\d{4})/(\d{2})/(\d{2})")
_NOT_WORD = re.compile(r"[^a-z]+")


def text(value: Any) -> str | None:
    """A non-empty text without NUL bytes, stripped; numbers are written out; anything else gives None."""
    if isinstance(value, str):
        return (value.replace("\x00", "") if "\x00" in value else value).strip() or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)


def one_line(value: Any) -> str | None:
    """A text with single spaces and no line breaks, free of the markup and entities in which some sources write it."""
    found = text(value)
    if found and "&" in found:
        found = _ENTITY.sub(_unescaped, found)
    if found and "<" in found:
        found = _TAG.sub("", _BREAK.sub(" ", found))
    return " ".join(found.split()) or None if found else None


def _unescaped(entity: re.Match[str]) -> str:
    whole = entity.group()
    return html.unescape(whole) if whole[1] == "#" or whole[1:] in html5 else whole


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; one that stands alone is a list of one, as in JSON made of XML."""
    entries = [value] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, dict)]


def link(value: Any) -> str | None:
    """A text that looks like an absolute web address."""
    found = text(value)
    return found if found and found.lower().startswith(("http://", "https://")) else None


def amount(value: Any) -> Decimal | None:
    """An exact number from a number or a plain number in text (`85,000.00`); no words, no currency signs."""
    written = str(value).strip() if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    if isinstance(value, float):
        try:
            found = Decimal(written)
        except InvalidOperation:
            return None
        return found if found.is_finite() and abs(found) < 10**15 else None
    return Decimal(written.replace(",", "")) if len(written) < 40 and _PLAIN_NUMBER.fullmatch(written) else None


def coordinate(value: Any, limit: int) -> float | None:
    """Degrees within ±limit; in text they may have more decimals than amounts have."""
    if isinstance(value, str) and _DEGREES.fullmatch(value.strip()):
        degrees: float | None = float(value)
    else:
        found = amount(value)
        degrees = None if found is None else float(found)
    return degrees if degrees is not None and abs(degrees) <= limit else None


def moment(value: Any) -> datetime | None:
    """A time in UTC from ISO 8601, RFC 2822 or a Unix time in s or ms; None unless it lies in 1990-2100.

    A time without zone is taken as UTC. Whether a time lies in the future is for who knows the present. Nothing
    relative ("2 days ago") and no 01/02/03: both would be guesses.
    """
    try:
        found = _moment(value)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found is not None and _EARLIEST <= found < _LATEST else None


def _moment(value: Any) -> datetime | None:
    number = amount(value)
    if number is not None:
        seconds = float(number) / 1000 if abs(number) >= _MILLISECONDS_FROM else float(number)
        return datetime.fromtimestamp(seconds, UTC)
    if not isinstance(value, str):
        return None
    written = value.strip()
    try:
        found = datetime.fromisoformat(_YEAR_FIRST.sub(r"\1-\2-\3", written).removesuffix(" UTC"))
    except ValueError:
        found = _in_words(written) or parsedate_to_datetime(written)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _in_words(written: str) -> datetime | None:
    """A day whose month is named: `November 5, 2026`, `5 Nov 2026`."""
    found = _DAY_IN_WORDS.fullmatch(written)
    if found is None:
        return None
    month = _MONTHS.index((found["month"] or found["named"])[:3].lower()) + 1
    return datetime(int(found["year"]), month, int(found["day"] or found["number"]), tzinfo=UTC)


def period(value: Any) -> PayPeriod | None:
    """The pay period that a word or code names: YEAR, yearly, per-year-salary, HOURLY, "per hour"."""
    if not isinstance(value, str):
        return None
    words = _NOT_WORD.sub(" ", value.lower()[:40]).split()
    found = {_PERIODS[word] for word in words if word in _PERIODS}
    return found.pop() if len(found) == 1 else None


def yearly(*amounts: Decimal | None) -> PayPeriod | None:
    """`year` for pay of a source that gives yearly amounts only, None below 10,000: hourly to monthly ones slip in."""
    return "year" if any(found is not None and found >= _LEAST_A_YEAR for found in amounts) else None


def currency(value: Any) -> str | None:
    """An ISO 4217 code in upper case; a sign such as `$` is none, since it says only half."""
    found = text(value)
    return found.upper() if found and len(found) == 3 and found.isascii() and found.isalpha() else None


def country(value: Any) -> str | None:
    """An ISO 3166-1 alpha-2 code in lower case (`uk` is gb); a name is none."""
    found = text(value)
    if found is None or len(found) != 2 or not (found.isascii() and found.isalpha()):
        return None
    return "gb" if found.lower() == "uk" else found.lower()


def remote(value: Any) -> str | None:
    """What a remote flag or wording says: true gives `remote`; false gives None, as it seldom means "on site".

    Words that leave it open, such as `unspecified`, give None, too.
    """
    if isinstance(value, str) and value.strip().lower() in _SAYS_NOTHING:
        return None
    if isinstance(value, str) and value.strip().lower() not in _YES | _NO:
        return one_line(value)
    affirmed = value in (True, 1) or (isinstance(value, str) and value.strip().lower() in _YES)
    return "remote" if affirmed else None
