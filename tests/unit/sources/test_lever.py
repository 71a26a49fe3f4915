"""What Lever's fields become."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from common.contracts import OfferedPay, Place
from sources.adapters.lever import ADAPTER, PAGE_SIZE
from sources.errors import MappingError
from tests.support.real_items import request

ITEM: dict[str, Any] = {
    "id": "ac97",
    "text": "Data Scientist",
    "hostedUrl": "https://jobs.lever.co/acme/ac97",
    "applyUrl": "https://jobs.lever.co/acme/ac97/apply",
    "createdAt": 1784292050770,
    "country": "GB",
    "workplaceType": "hybrid",
    "categories": {"commitment": "Full-time", "department": "Data", "team": "Core", "location": "London"},
    "description": "<div>Opening</div>",
    "descriptionPlain": "Opening",
    "additional": "<div>Closing</div>",
    "lists": [{"text": "You <will>", "content": "<li>model</li>"}],
}


def test_a_posting_is_mapped() -> None:
    posting = ADAPTER.map_to_common(ITEM)
    assert posting.company == "acme"
    assert posting.posted_at == datetime(2026, 7, 17, 12, 40, 50, 770000, tzinfo=UTC)
    assert (posting.employment_types, posting.department, posting.remote) == (["Full-time"], "Data", "hybrid")
    assert posting.extra == {"categories": {"team": "Core"}}


def test_the_body_is_description_lists_and_closing_words() -> None:
    assert ADAPTER.map_to_common(ITEM).description_html == (
        "<div>Opening</div>\n<h3>You &lt;will&gt;</h3><ul><li>model</li></ul>\n<div>Closing</div>"
    )


def test_without_html_the_plain_text_is_taken() -> None:
    posting = ADAPTER.map_to_common({"id": "1", "descriptionPlain": "Plain"})
    assert (posting.description_html, posting.description_text) == (None, "Plain")


def test_all_locations_are_places_and_only_the_first_has_the_country() -> None:
    categories = {"location": "London", "allLocations": ["London", "Dublin"]}
    assert ADAPTER.map_to_common({**ITEM, "categories": categories}).places == [
        Place(text="London", country="gb"),
        Place(text="Dublin"),
    ]


def test_pay_with_its_words() -> None:
    pay = {"min": 84000, "max": 102000, "currency": "USD", "interval": "per-year-salary"}
    posting = ADAPTER.map_to_common({**ITEM, "salaryRange": pay, "salaryDescriptionPlain": "For London."})
    assert posting.pay == OfferedPay(
        text="For London.", minimum=Decimal(84000), maximum=Decimal(102000), currency="USD", period="year"
    )


def test_an_unknown_interval_stays_in_extra() -> None:
    posting = ADAPTER.map_to_common({**ITEM, "salaryRange": {"min": 1, "interval": "one-time"}})
    assert posting.pay == OfferedPay(minimum=Decimal(1))
    assert posting.extra["salaryRange"] == {"interval": "one-time"}


def test_the_feed_names_the_employer_where_the_address_does_not() -> None:
    assert ADAPTER.map_to_common({**ITEM, "hostedUrl": "https://careers.acme.example/1"}, "acme").company == "acme"


def test_a_full_page_may_be_followed_by_another() -> None:
    assert ADAPTER.next_cursor([{}] * PAGE_SIZE, request("lever", {}, "100")) == "200"
    assert ADAPTER.next_cursor([{}] * (PAGE_SIZE - 1), request("lever", {})) is None


def test_an_item_without_id_says_so() -> None:
    with pytest.raises(MappingError, match="id_missing"):
        ADAPTER.map_to_common({"text": "x"})
