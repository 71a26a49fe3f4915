"""What postings state beside their texts: the same requisition makes them one job, another one or other pay two."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from common.contracts import OfferedPay
from normalizer.domain.duplicates import compare
from normalizer.domain.listing import Listing
from normalizer.domain.openings import requisitions
from tests.quality.duplicates import own_pairs, reader

READER = reader()
BODY = own_pairs()[0]["a"]["body"]
OTHER = next(pair["a"]["body"] for pair in own_pairs() if pair["a"]["text"] == "sales")
DAY = date(2026, 3, 2)


def listing(title: str = "Platform Engineer", body: str = BODY, place: str = "Berlin", **known: Any) -> Listing:
    return READER.listing(known.pop("reference", "a"), "board", "Acme GmbH", title, [place], body, day=DAY, **known)


def reason(one: Listing, other: Listing) -> tuple[str, str]:
    found, turned = compare(one, other, READER.rules), compare(other, one, READER.rules)
    assert (found.verdict, found.reason) == (turned.verdict, turned.reason)
    return found.verdict, found.reason


@pytest.mark.parametrize(
    ("title", "body", "named"),
    [
        ("Welder", "Job ID: 48213 / full time", {"48213"}), ("Welder", "Kennziffer: 2026-0078. Wir", {"20260078"}),
        ("Welder", "Stellen-ID: DE_RS_17575 bei uns", {"17575"}), ("Welder (JR0091822)", "We weld.", {"0091822"}),
        ("Welder #20417", "Requisition number 20417-A and more", {"20417", "20417a"}),
        ("Welder", "Référence : r582-2026_1771432944 Le poste", {"5822026"}),
        ("Welder", "Vacancy number EX-26-000145 is open", {"26000145"}),
        ("Welder", "We have had no job number two since 2019, and 4000 people work here.", set()),
        ("Welder 2027", "Reference: Handbook of Welding 5005. Job nr. 12. Ref. no. 2026", set()),
        ("Welder", f"{'We weld. ' * 300}Job ID: 77120", {"77120"}),
    ],
)  # fmt: skip
def test_requisitions_are_read_where_they_are_called_so(title: str, body: str, named: set[str]) -> None:
    assert requisitions(title, body) == named


def test_one_requisition_is_one_job_in_all_its_towns_and_in_other_words() -> None:
    one, other = f"Job ID: 48213. {BODY}", f"{OTHER} Requisition no. 48213"
    assert reason(listing(body=one), listing(body=other, place="Hamburg")) == ("merge", "same_requisition")
    assert reason(listing(body=one), listing("Baker", other))[0] == "retain"


def test_a_requisition_is_known_under_another_name_of_the_brand_too() -> None:
    one = listing(body=f"Job ID: 48213. {BODY}", place="Hamburg")
    other = READER.listing("b", "board", "Acme Deutschland", "Platform Engineer", [], f"{OTHER} Job-ID: 48213", day=DAY)
    stranger = READER.listing("c", "board", "Metabase", "Platform Engineer", [], f"{OTHER} Job-ID: 48213", day=DAY)
    assert reason(one, other) == ("merge", "same_requisition")
    assert reason(one, stranger)[0] == "retain"


def test_letters_that_lost_the_backslash_of_their_escapes_are_letters() -> None:
    one, other = (
        listing(f"Fachkraft f{letter}r R{letter}ckbau", f"{BODY} Wir gr{letter}{letter}en.")
        for letter in ("ü", "u00fc")
    )
    assert (one.block, one.text.digest) == (other.block, other.text.digest)


def test_requisitions_of_several_towns_stay_apart_and_one_text_at_one_place_is_one_job() -> None:
    one, other = (listing(body=f"{BODY} Job ID: {number}") for number in (48213, 48214))
    elsewhere = listing(body=f"{BODY} Job ID: 48214", place="Hamburg")
    assert reason(one, other)[0] == "merge"
    assert reason(one, listing(body=BODY, place="Hamburg")) == ("merge", "same_text")
    assert reason(one, elsewhere)[0] == "retain"
    titled = (
        listing(f"Platform Engineer (R-{number})", place=place) for number, place in ((4821, "Bonn"), (4822, "Ulm"))
    )
    assert reason(*titled) == ("retain", "another_requisition")


@pytest.mark.parametrize(
    ("lowest", "highest", "verdict"),
    [(61_000, 79_000, "retain"), (74_000, 114_000, "merge"), (75_000, 116_000, "merge"), (None, 79_000, "merge")],
)
def test_grades_of_one_title_that_one_source_announces_at_once_stay_apart(
    lowest: int | None, highest: int, verdict: str
) -> None:
    def paid(minimum: int | None, maximum: int) -> OfferedPay:
        ends = (None if end is None else Decimal(end) for end in (minimum, maximum))
        low, high = ends
        return OfferedPay(minimum=low, maximum=high, currency="USD", period="year")

    one = listing(body=f"{BODY} You have done so at the grade below for a year.", pay=paid(74_000, 114_000))
    other = listing(body=f"{OTHER[:90]} {BODY}", pay=paid(lowest, highest))
    assert reason(one, other)[0] == verdict


def test_pay_that_differs_later_or_elsewhere_under_one_text_tells_nothing() -> None:
    pays = [OfferedPay(minimum=Decimal(n), maximum=Decimal(n + 9), currency="EUR", period="hour") for n in (20, 40)]
    one, same = listing(pay=pays[0]), listing(pay=pays[1])
    assert reason(one, same) == ("merge", "same_text")
    other = listing(body=f"{OTHER[:90]} {BODY}", pay=pays[1])
    later = READER.listing(
        "b", "board", "Acme GmbH", "Platform Engineer", ["Berlin"], other.body, day=DAY + timedelta(30), pay=pays[1]
    )
    assert reason(one, other) == ("retain", "another_pay")
    assert reason(one, later)[0] == "merge"


@pytest.mark.parametrize(
    ("title", "place", "verdict"),
    [
        ("Lead Data Engineer Routing Platform Depots", "Germany", "merge"),
        ("Lead Engineer Routing Platform Depots", "Germany", "retain"),
        ("Lead Data Engineer Routing Platform Depots", "Hamburg, Germany", "retain"),
    ],
)  # fmt: skip
def test_windows_of_one_advert_are_one_job_where_one_names_no_town_and_the_title_says_enough(
    title: str, place: str, verdict: str
) -> None:
    one, other = (
        listing(title, body, town, cut=True) for body, town in ((BODY[:250], place), (BODY[260:], "Berlin, Germany"))
    )
    assert reason(one, other)[0] == verdict


def test_a_town_told_with_and_without_its_region_is_one_where_there_is_no_text() -> None:
    one, other = (
        listing(body="", place=place) for place in ("Jersey City, NJ", "Jersey City, New Jersey, United States")
    )
    assert reason(one, other) == ("merge", "no_text_to_compare")
    assert reason(one, listing(body="", place="Trenton, NJ")) == ("retain", "too_little_text")
