"""Texts and amounts that no honest posting has are read in bounded time and raise nothing."""

import time
from decimal import Decimal

import pytest

from common.contracts import OfferedPay
from enricher.domain.enrich import Enricher
from tests.fuzz.readers import READERS, read_texts
from tests.support.enrichment import posting

#: Far above what an honest posting takes, far below what the quadratic readers took.
LIMIT_SECONDS = 2.0


@pytest.mark.parametrize(
    "unit", [" ", "\t", "10k-", "$1", "1'", "1 ", "</", "$10k – ", "$100,000 - $120,000 per year "]
)
def test_an_endless_pay_text_is_read_in_bounded_time(enricher: Enricher, unit: str) -> None:
    started = time.process_time()
    enricher.read(posting(pay=OfferedPay(text=unit * (100_000 // len(unit)))))
    assert time.process_time() - started < LIMIT_SECONDS


@pytest.mark.parametrize("unit", ["go ", "go, ", "R, ", "spark, ", "excel/", "go, rust, ", "swift ", "\nGo"])
def test_an_endless_list_of_ambiguous_skills_is_read_in_bounded_time(enricher: Enricher, unit: str) -> None:
    started = time.process_time()
    enricher.read(posting(body=unit * (100_000 // len(unit))))
    assert time.process_time() - started < LIMIT_SECONDS


@pytest.mark.parametrize("size", ["1" * 5_000, "100 000 " * 10_000, "9" * 100_000 + "k"])
def test_a_company_size_of_thousands_of_digits_is_no_error(enricher: Enricher, size: str) -> None:
    enricher.read(posting(company_size=size))


@pytest.mark.parametrize("amount", ["1e999999999", "1e400", "1e-999999999", "NaN", "-Infinity", "sNaN"])
def test_an_amount_that_is_no_pay_gives_none(enricher: Enricher, amount: str) -> None:
    pay = OfferedPay(minimum=Decimal(amount), maximum=Decimal(amount), currency="CAD", period="year")
    salary = enricher.read(posting(pay=pay)).salary
    assert salary is None or salary.yearly_minimum is None


def test_hostile_texts_in_any_field_are_read_in_bounded_time() -> None:
    found = read_texts(seed=11, count=2)
    assert found.wrong == []
    assert found.count == 2 * len(READERS)
