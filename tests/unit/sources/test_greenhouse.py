"""What Greenhouse's fields become."""

from decimal import Decimal
from typing import Any

import pytest

from common.contracts import OfferedPay, SourceQuery
from sources.adapters.greenhouse import ADAPTER
from sources.errors import MappingError

ITEM: dict[str, Any] = {
    "id": 8069161,
    "title": "Strategy Manager",
    "absolute_url": "https://boards.greenhouse.io/acme/jobs/8069161",
    "location": {"name": "New York, NY, US; Remote, US | Toronto"},
    "first_published": "2026-07-16T09:44:15-04:00",
    "updated_at": "2026-07-29T13:13:42-04:00",
}


def with_fields(*fields: tuple[str, Any]) -> dict[str, Any]:
    return {**ITEM, "metadata": [{"id": n, "name": name, "value": value} for n, (name, value) in enumerate(fields)]}


def test_content_is_unescaped_once() -> None:
    content = "&lt;p&gt;R&amp;amp;D &amp;nbsp; &lt;b&gt;5 &amp;lt; 6&lt;/b&gt; it&#39;s&lt;/p&gt;"
    assert (
        ADAPTER.map_to_common({**ITEM, "content": content}).description_html
        == "<p>R&amp;D &nbsp; <b>5 &lt; 6</b> it's</p>"
    )


def test_content_that_is_html_already_is_left_alone() -> None:
    content = "<p>5 &lt; 6</p>"
    assert ADAPTER.map_to_common({**ITEM, "content": content}).description_html == content


def test_several_places_are_told_apart() -> None:
    places = ADAPTER.map_to_common(ITEM).places
    assert [place.text for place in places] == ["New York, NY, US", "Remote, US", "Toronto"]


def test_offices_stand_in_for_a_missing_location() -> None:
    offices = [{"id": 1, "name": "HQ", "location": "Paris, France"}, {"id": 2, "name": "Berlin", "location": None}]
    posting = ADAPTER.map_to_common({**ITEM, "location": {"name": ""}, "offices": offices})
    assert [place.text for place in posting.places] == ["Paris, France", "Berlin"]
    assert posting.extra["offices"] == offices


def test_the_employer_is_named_by_the_item_or_by_the_board() -> None:
    assert ADAPTER.map_to_common({**ITEM, "company_name": "Acme Inc."}, "acme").company == "Acme Inc."
    assert ADAPTER.map_to_common(ITEM, "acme").company == "acme"
    assert ADAPTER.map_to_common(ITEM).company == "acme"


@pytest.mark.parametrize(
    ("fields", "pay"),
    [
        (
            [("Pay Frequency", "Hourly"), ("US: Pay Range", {"unit": "USD", "min_value": "21.5", "max_value": "28"})],
            OfferedPay(minimum=Decimal("21.5"), maximum=Decimal(28), currency="USD", period="hour"),
        ),
        (
            [("Annual Base Salary", {"unit": "cad", "amount": "90000.0"})],
            OfferedPay(minimum=Decimal("90000.0"), maximum=Decimal("90000.0"), currency="CAD", period="year"),
        ),
        ([("Salary", None), ("Reward Amount", {"unit": None, "amount": "0.0"})], None),
        ([("Budget", {"unit": "USD", "min_value": "1", "max_value": "2"})], None),
    ],
)  # fmt: skip
def test_pay_in_custom_fields(fields: list[tuple[str, Any]], pay: OfferedPay | None) -> None:
    assert ADAPTER.map_to_common(with_fields(*fields)).pay == pay


def test_published_pay_ranges_are_in_cents() -> None:
    ranges = [{"min_cents": 8199900, "max_cents": 11094000, "currency_type": "GBP", "title": "Annual salary range"}]
    assert ADAPTER.map_to_common({**ITEM, "pay_input_ranges": ranges}).pay == OfferedPay(
        text="Annual salary range", minimum=Decimal(81999), maximum=Decimal(110940), currency="GBP", period="year"
    )


def test_custom_fields_tell_workplace_type_and_level() -> None:
    posting = ADAPTER.map_to_common(
        with_fields(
            ("Work Type", ["Hybrid", "On-site"]), ("Employment Type", "Full-time"), ("Job Level", "Mid-Senior level")
        )
    )
    assert (posting.remote, posting.employment_types, posting.seniority) == (
        "Hybrid, On-site",
        ["Full-time"],
        "Mid-Senior level",
    )


def test_an_employment_type_that_is_none_is_not_taken() -> None:
    assert ADAPTER.map_to_common(with_fields(("Employment Type", "Regular"))).employment_types == []


def test_an_item_without_id_says_so() -> None:
    with pytest.raises(MappingError, match="id_missing"):
        ADAPTER.map_to_common({"title": "x"})


@pytest.mark.parametrize("board", [None, "", 5, "a/../b", "a b"])
def test_a_board_is_needed(board: Any) -> None:
    assert ADAPTER.check(SourceQuery(source="greenhouse", params={"board": board}))
    assert ADAPTER.check(SourceQuery(source="greenhouse", params={"board": "stripe"})) == []
