"""The location factor as a job seeker would expect it."""

from typing import Any

import pytest

from ranker.domain.facts import Facts, Spot
from tests.support.ranking import judges, wish

TORONTO = Spot("Toronto", "Ontario", "ca", "Toronto, ON, Canada")
OTTAWA = Spot("Ottawa", "ON", "ca", "Ottawa, ON")
VANCOUVER = Spot("Vancouver", "British Columbia", "ca", "Vancouver, BC")
LONDON_GB = Spot("London", None, "gb", "London, UK")
LONDON_ON = Spot("London", "Ontario", "ca", "London, ON")


def share(spots: list[Spot], remote: str | None = None, **campaign: Any) -> int:
    """Percent of the factor's points."""
    facts = Facts(title="x", places=tuple(spots), remote_type=remote)
    return judges().by_factor["location"](facts, wish(**campaign)).share // 100


@pytest.mark.parametrize(
    ("spots", "location", "expected"),
    [
        ([TORONTO], None, 100),
        ([LONDON_GB], None, 0),
        ([TORONTO], "Toronto", 100),
        ([TORONTO], "toronto, on", 100),
        ([TORONTO], "Toronto, Ontario, Canada", 100),
        ([TORONTO], "Ontario", 100),
        ([OTTAWA], "ON", 100),
        ([OTTAWA], "Toronto, Ontario", 70),
        ([VANCOUVER], "Toronto, ON", 40),
        ([VANCOUVER], "Canada", 100),
        ([VANCOUVER, TORONTO], "Toronto", 100),
        ([LONDON_GB], "London, ON", 0),
        ([LONDON_ON], "London, ON", 100),
        ([Spot("Montréal", "Québec", "ca")], "Montreal", 100),
        ([Spot(text="Greater Toronto Area", country="ca")], "Toronto", 100),
        ([Spot(text="Torontonia", country="ca")], "Toronto", 40),
        ([Spot(text="Toronto")], "Toronto", 100),
        ([Spot(text="Somewhere")], "Toronto", 30),
        ([], "Toronto", 30),
        ([Spot(text="Worldwide")], None, 100),
    ],
)
def test_places_by_city_region_and_country(spots: list[Spot], location: str | None, expected: int) -> None:
    assert share(spots, location=location) == expected


@pytest.mark.parametrize(
    ("spots", "expected"),
    [
        ([TORONTO], 100),
        ([VANCOUVER], 100),
        ([Spot(text="Anywhere")], 100),
        ([Spot(text="Remote")], 100),
        ([Spot(text="North America")], 100),
        ([Spot(text="Europe")], 0),
        ([Spot(text="Remote - North America")], 100),
        ([Spot(text="Remote, EMEA")], 0),
        ([Spot(text="Remote Worldwide")], 100),
        ([LONDON_GB], 0),
        ([LONDON_GB, TORONTO], 100),
        ([], 80),
        ([Spot(text="Headquarters")], 80),
    ],
)
def test_remote_jobs_count_where_they_are_open_to_the_country(spots: list[Spot], expected: int) -> None:
    assert share(spots, "remote", location="Toronto, ON") == expected


def test_a_namesake_in_another_region_is_only_the_same_country() -> None:
    portland = Spot("Portland", "Maine", "us", "Portland, ME")
    assert share([portland], country="us", location="Portland, OR") == 40
    assert share([portland], country="us", location="Portland, ME") == 100
    assert share([portland], country="us", location="Portland") == 100


def test_uk_is_an_alias_of_gb_on_both_sides() -> None:
    assert share([LONDON_GB], country="uk", location="London") == 100
    assert share([Spot("Leeds", None, "uk")], country="gb") == 100


def test_a_campaign_that_wants_remote_names_no_city() -> None:
    assert share([VANCOUVER], country="ca", location="Remote") == 100


def test_a_city_is_found_by_its_other_name() -> None:
    assert share([Spot("Bengaluru", "Karnataka", "in")], country="in", location="Bangalore") == 100
