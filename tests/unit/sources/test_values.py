"""Single values of loosely typed payloads."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import values

MARCH = datetime(2026, 3, 9, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-03-09T18:30:00Z", MARCH),
        ("2026-03-09T14:30:00-04:00", MARCH),
        ("2026-03-09 18:30:00", MARCH),
        ("2026-03-09 18:30:00 UTC", MARCH),
        ("Mon, 09 Mar 2026 18:30:00 GMT", MARCH),
        (1773081000, MARCH),
        (1773081000.0, MARCH),
        (1773081000000, MARCH),
        ("1773081000", MARCH),
        ("2026-03-09", datetime(2026, 3, 9, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_utc(written: Any, read: datetime) -> None:
    assert values.moment(written) == read


@pytest.mark.parametrize(
    "written",
    ["2 days ago", "01/02/2026", "", "soon", 0, -5, 7, 9e15, 10**30, float("inf"), True, None, [], {}, "0001-01-01",
     "9999-12-31",     "1026-03-09", "2026-13-40", "99999999999999999999"],
)  # fmt: skip
def test_absurd_or_relative_times_are_unknown(written: Any) -> None:
    assert values.moment(written) is None


@pytest.mark.parametrize(
    ("written", "period"),
    [
        ("YEAR", "year"),
        ("yearly", "year"),
        ("per-year-salary", "year"),
        ("HOURLY", "hour"),
        ("per-hour-wage", "hour"),
        ("per-month-salary", "month"),
        ("weekly", "week"),
        ("Daily", "day"),
        ("Annual salary range", "year"),
        ("h", "hour"),
    ],
)
def test_pay_periods_are_recognised(written: str, period: str) -> None:
    assert values.period(written) == period


@pytest.mark.parametrize("written", ["fortnight", "", None, 5, "hourly or yearly", ["year"]])
def test_other_pay_periods_are_unknown(written: Any) -> None:
    assert values.period(written) is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (85000, "85000"),
        (50.5, "50.5"),
        ("85,000.00", "85000.00"),
        ("1,234,567", "1234567"),
        ("-3", "-3"),
        (" 12 ", "12"),
    ],
)
def test_plain_numbers_are_exact(written: Any, read: str) -> None:
    assert values.amount(written) == Decimal(read)


@pytest.mark.parametrize(
    "written", ["80K", "$80", "1.234,56", "1,2", "", True, None, float("nan"), float("inf"), [1], 10**60, "1e9"]
)
def test_what_is_no_plain_number_is_unknown(written: Any) -> None:
    assert values.amount(written) is None


@pytest.mark.parametrize(
    ("written", "read"), [("US", "us"), ("uk", "gb"), ("Canada", None), ("", None), (7, None), ("ÖÖ", None)]
)
def test_countries_are_codes(written: Any, read: str | None) -> None:
    assert values.country(written) == read


@pytest.mark.parametrize(("written", "read"), [("usd", "USD"), ("$", None), ("EURO", None), (123, None), ("€€€", None)])
def test_a_sign_is_no_currency(written: Any, read: str | None) -> None:
    assert values.currency(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (True, "remote"),
        (1.0, "remote"),
        ("true", "remote"),
        ("Hybrid", "Hybrid"),
        (False, None),
        (0, None),
        ("0.0", None),
        ("no", None),
        (2, None),
        ([], None),
        (None, None),
    ],
)
def test_a_false_remote_flag_says_nothing(written: Any, read: str | None) -> None:
    assert values.remote(written) == read


@pytest.mark.parametrize(
    "written", ["javascript:alert(1)", "//x.example", "www.x.example", "", None, 5, "mailto:a@b.example"]
)
def test_only_web_addresses_are_links(written: Any) -> None:
    assert values.link(written) is None


def test_texts_lose_nul_bytes_and_numbers_are_written_out() -> None:
    assert values.text(" a\x00b ") == "ab"
    assert values.text("\x00") is None
    assert values.text(7.0) == "7"
    assert values.text(True) is None
    assert values.one_line("Senior\n\t Engineer ") == "Senior Engineer"


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()) | st.dates().map(str))
def test_no_reader_ever_raises(value: Any) -> None:
    for read in (
        values.text,
        values.one_line,
        values.link,
        values.amount,
        values.moment,
        values.period,
        values.currency,
    ):
        read(value)
    values.country(value)
    values.remote(value)
    values.coordinate(value, 90)


@given(st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(2099, 12, 30)))  # noqa: DTZ001 - made aware below
def test_a_time_survives_every_notation(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    assert values.moment(moment.isoformat()) == moment
    if moment.year > 1973:
        assert values.moment(int(moment.timestamp()) * 1000) == moment
        assert values.moment(int(moment.timestamp())) == moment
