"""Pay is read by a grammar; what is not said stays unknown."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts import OfferedPay, Salary
from enricher.domain.enrich import Enricher
from enricher.domain.pay.tokens import parse_number
from tests.support.enrichment import posting


def pay(enricher: Enricher, text: str, place: str | None = None) -> Salary | None:
    return enricher.read(posting(body=text, place=place)).salary


US, GB, CA, DE, JP = "Austin, TX", "London, UK", "Toronto, ON", "Berlin, Germany", "Tokyo, Japan"


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("Salary: $120,000 - $150,000 per year.", US, (120000, 150000, "USD", "year")),
        ("Salary: $120,000 - $150,000 per year.", CA, (120000, 150000, "CAD", "year")),
        ("Salary: $120,000 - $150,000 per year.", None, (120000, 150000, None, "year")),
        ("Base pay $120k–$150k", US, (120000, 150000, "USD", "year")),
        ("Annual base salary between $70-90k.", US, (70000, 90000, "USD", "year")),
        ("The rate is $45.50/hr.", US, (45.5, 45.5, "USD", "hour")),
        ("Pay: up to $30 per hour", US, (None, 30, "USD", "hour")),
        ("Salary from £45,000 a year", GB, (45000, None, "GBP", "year")),
        ("£45k to £55k per annum", GB, (45000, 55000, "GBP", "year")),
        ("Gehalt: 45.000 – 55.000 € brutto/Jahr", DE, (45000, 55000, "EUR", "year")),
        ("Stundenlohn 13,90 €", DE, (13.9, 13.9, "EUR", "hour")),
        ("Das Jahresgehalt liegt zwischen EUR 75.000 und EUR 105.000.", DE, (75000, 105000, "EUR", "year")),
        ("3.200 € brutto pro Monat", DE, (3200, 3200, "EUR", "month")),
        ("Salaire : 35-45k€ / an + avantages", None, (35000, 45000, "EUR", "year")),
        ("Rémunération : entre 2 200 € et 2 600 € brut mensuel", None, (2200, 2600, "EUR", "month")),
        ("Salario: 40.000 € – 45.000 € brutos/año", None, (40000, 45000, "EUR", "year")),
        ("年収500万円〜800万円", JP, (5000000, 8000000, "JPY", "year")),
        ("月給300,000円", JP, (300000, 300000, "JPY", "month")),
        ("Salary: CAD $90,000 to $110,000 a year", US, (90000, 110000, "CAD", "year")),
        ("Salary ₹12,00,000 - ₹18,00,000 per annum", None, (1200000, 1800000, "INR", "year")),
        ("Salary: 12 - 18 LPA INR", None, (1200000, 1800000, "INR", "year")),
        ("Compensation: USD 130000-160000 annually", None, (130000, 160000, "USD", "year")),
        ("Day rate: £500 per day", GB, (500, 500, "GBP", "day")),
        ("Weekly pay: $1,200 per week", US, (1200, 1200, "USD", "week")),
        ("Salary: kr 45 000 per month", "Stockholm, Sweden", (45000, 45000, "SEK", "month")),
    ],
)
def test_pay_in_text(
    enricher: Enricher, text: str, place: str | None, expected: tuple[float | str | None, ...]
) -> None:
    salary = pay(enricher, text, place)
    assert salary is not None
    amounts = [None if a is None else float(a) for a in (salary.minimum, salary.maximum)]
    assert (*amounts, salary.currency, salary.period) == expected
    assert salary.source == "text"


@pytest.mark.parametrize(
    "text",
    [
        "Competitive salary.",
        "We raised $50M in Series B funding.",
        "A $10,000 sign-on bonus.",
        "401(k) with 4% match, up to $5,250 tuition reimbursement per year.",
        "$1,500 annual learning stipend.",
        "Manage a budget of $2,000,000 per year.",
        "Grow revenue from $10M to $50M.",
        "Gym reimbursement up to $50/month.",
        "We closed a $463 million Series D round.",
        "A market of ~$200B.",
        "Referral bonus: 2,000 € per hire.",
        "Tickets restaurant (9,50 € / jour).",
        "Our annual budget supports approximately 6,800 employees.",
        "Salary depends on experience. Founded in 2019.",
        "Call 555-0100 for pay questions.",
        "Every year you get €20,000 per year to spend on tools.",
    ],
)
def test_other_money_is_no_pay(enricher: Enricher, text: str) -> None:
    assert pay(enricher, text, US) is None


def test_no_period_is_invented(enricher: Enricher) -> None:
    salary = pay(enricher, "Salary: 15.000 €", DE)
    assert salary is not None
    assert (salary.minimum, salary.period, salary.yearly_minimum) == (15000, None, None)
    salary = pay(enricher, "Salary: $4,000", US)
    assert salary is not None
    assert (salary.minimum, salary.period) == (4000, None), "dollars are paid by the week, month and year"


def test_an_amount_that_can_only_be_yearly_says_so_in_its_evidence(enricher: Enricher) -> None:
    read = enricher.read(posting(body="Base salary: $150,000 - $180,000", place=US))
    (evidence,) = [e for e in read.evidence if e.field == "salary"]
    assert evidence.rule == "pay.text.period_by_amount"
    assert evidence.text == "$150,000 - $180,000"


def offered(enricher: Enricher, place: str | None = US, **fields: object) -> Salary:
    salary = enricher.read(posting(place=place, pay=OfferedPay(**fields))).salary  # type: ignore[arg-type]  # fields by name
    assert salary is not None
    return salary


def test_hourly_pay_becomes_yearly_in_both_currencies_at_a_dated_rate(enricher: Enricher) -> None:
    salary = offered(enricher, minimum=Decimal(50), maximum=Decimal(60), currency="USD", period="hour")
    assert (salary.yearly_minimum, salary.yearly_maximum) == (104_000, 124_800)
    assert salary.reference_currency == "CAD"
    assert (salary.reference_minimum, salary.reference_maximum) == (145_954, 175_144)
    assert salary.rate_date is not None


@pytest.mark.parametrize(("period", "factor"), [("hour", 2080), ("day", 260), ("week", 52), ("month", 12), ("year", 1)])
def test_factors_of_periods(enricher: Enricher, period: str, factor: int) -> None:
    salary = offered(enricher, minimum=Decimal(2000), currency="XXX", period=period)
    assert salary.yearly_minimum == 2000 * factor


def test_yen_are_never_taken_one_to_one(enricher: Enricher) -> None:
    salary = offered(enricher, minimum=Decimal(6_000_000), currency="JPY", period="year")
    assert salary.yearly_minimum == 6_000_000
    assert salary.reference_minimum is not None
    assert 40_000 < salary.reference_minimum < 80_000


def test_an_unknown_currency_has_no_reference_amount(enricher: Enricher) -> None:
    for currency in (None, "XYZ", "$"):
        salary = offered(enricher, place=None, minimum=Decimal(90_000), currency=currency, period="year")
        assert salary.yearly_minimum == 90_000
        assert (salary.reference_minimum, salary.reference_currency, salary.rate_date) == (None, None, None)


def test_an_unknown_period_of_the_source_stays_unknown(enricher: Enricher) -> None:
    salary = offered(enricher, minimum=Decimal(90_000), currency="USD")
    assert (salary.period, salary.yearly_minimum, salary.reference_minimum) == (None, None, None)


def test_ends_the_wrong_way_round_are_swapped_and_told(enricher: Enricher) -> None:
    pay_given = OfferedPay(minimum=Decimal(90_000), maximum=Decimal(70_000), currency="USD", period="year")
    read = enricher.read(posting(pay=pay_given))
    assert read.salary is not None
    assert (read.salary.minimum, read.salary.maximum) == (70_000, 90_000)
    assert [e.rule for e in read.evidence if e.field == "salary"] == ["pay.provider.swapped"]


@pytest.mark.parametrize(
    ("minimum", "period"), [(Decimal(25), "year"), (Decimal(90_000), "hour"), (Decimal("1e15"), "year")]
)
def test_an_implausible_year_is_not_believed(enricher: Enricher, minimum: Decimal, period: str) -> None:
    salary = offered(enricher, minimum=minimum, currency="USD", period=period)
    assert salary.minimum == minimum
    assert (salary.yearly_minimum, salary.reference_minimum) == (None, None)


def test_zero_means_that_the_source_states_nothing(enricher: Enricher) -> None:
    given_pay = OfferedPay(minimum=Decimal(0), maximum=Decimal(0), currency="USD", period="year")
    assert enricher.read(posting(pay=given_pay)).salary is None


def test_the_source_counts_before_the_text(enricher: Enricher) -> None:
    given_pay = OfferedPay(minimum=Decimal(100_000), currency="USD", period="year")
    read = enricher.read(posting(body="Salary: $50,000 a year", place=US, pay=given_pay))
    assert read.salary is not None
    assert (read.salary.minimum, read.salary.source) == (100_000, "provider")


def test_words_of_the_source_are_read_by_the_same_grammar(enricher: Enricher) -> None:
    salary = offered(enricher, text="$16 - $17.07 hourly")
    assert (salary.minimum, salary.maximum, salary.currency, salary.period) == (16, Decimal("17.07"), "USD", "hour")
    assert enricher.read(posting(pay=OfferedPay(text="Competitive"))).salary is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234.50", "1234.50"), ("1.234,50", "1234.50"), ("45.000", "45000"), ("13,9", "13.9"), ("12,00,000", "1200000"),
     ("2 200", "2200"), ("1'500", "1500"), ("7", "7"), ("134,300.00", "134300.00")],
)  # fmt: skip
def test_written_numbers(text: str, number: str) -> None:
    assert parse_number(text) == Decimal(number)


@given(low=st.integers(20, 300), width=st.integers(0, 200), dash=st.sampled_from(["-", " - ", "–", " — ", " to "]))
def test_any_range_of_thousands_is_read_exactly(enricher: Enricher, low: int, width: int, dash: str) -> None:
    high = low + min(width, low * 6)
    salary = pay(enricher, f"The base salary range is ${low},000{dash}${high},500 per year.", US)
    assert salary is not None
    assert (salary.minimum, salary.maximum, salary.yearly_maximum) == (low * 1000, high * 1000 + 500, high * 1000 + 500)


def test_amounts_of_title_and_body_are_not_taken_for_ranges_of_one_pay(enricher: Enricher) -> None:
    job = posting("20K-$13", "20K-$13 Go")
    for evidence in enricher.read(job).evidence:
        assert "\n" not in evidence.text
