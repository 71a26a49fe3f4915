"""Places are read with the country that fits best; the source's own fields count first."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts import Place
from enricher.domain.enrich import Enricher
from enricher.domain.gazetteer import Gazetteer
from enricher.errors import InvalidRulesError
from enricher.store.rule_files import PARSERS, load_rules
from tests.support.enrichment import posting

Expected = list[tuple[str | None, str | None, str | None]]


def read(enricher: Enricher, *places: Place) -> Expected:
    return [(p.city, p.region, p.country) for p in enricher.read(posting(places=list(places))).places]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("San Francisco, CA", [("San Francisco", "California", "us")]),
        ("Toronto, CA", [("Toronto", "Ontario", "ca")]),
        ("Kingston, CA", [("Kingston", "Ontario", "ca")]),
        ("Indianapolis, IN", [("Indianapolis", "Indiana", "us")]),
        ("Bengaluru, IN", [("Bengaluru", "Karnataka", "in")]),
        ("Bangalore, India", [("Bengaluru", "Karnataka", "in")]),
        ("Wilmington, DE", [("Wilmington", "Delaware", "us")]),
        ("Mannheim, DE", [("Mannheim", "Baden-Wurttemberg", "de")]),
        ("London", [("London", "England", "gb")]),
        ("London, ON", [("London", "Ontario", "ca")]),
        ("London, UK", [("London", "England", "gb")]),
        ("Dublin, CA, US, 94568", [("Dublin", "California", "us")]),
        ("Paris, TX", [("Paris", "Texas", "us")]),
        ("Paris", [("Paris", "Ile-de-France", "fr")]),
        ("München", [("Munich", "Bavaria", "de")]),
        ("Remote - US", [(None, None, "us")]),
        ("US | Remote, United States", [(None, None, "us")]),
        ("TX | Remote, United States", [(None, "Texas", "us")]),
        ("Germany", [(None, None, "de")]),
        ("Deutschland", [(None, None, "de")]),
        ("Milford, OH", [("Milford", "Ohio", "us")]),
        ("Smallville, KS", [("Smallville", "Kansas", "us")]),
        ("USA-WA-Tacoma", [("Tacoma", "Washington", "us")]),
        ("London or Dublin", [("London", "England", "gb"), ("Dublin", "Leinster", "ie")]),
        ("Berlin; Hamburg", [("Berlin", "Berlin", "de"), ("Hamburg", "Hamburg", "de")]),
        ("Hybrid, London", [("London", "England", "gb")]),
        ("San Francisco Bay Area", [("San Francisco", "California", "us")]),
        ("São Paulo, BR", [("São Paulo", "Sao Paulo", "br")]),
        ("東京都千代田区", [("Tokyo", "Tokyo", "jp")]),
        ("Remote", [(None, None, None)]),
        ("EMEA", [(None, None, None)]),
    ],
)
def test_location_texts(enricher: Enricher, text: str, expected: Expected) -> None:
    assert read(enricher, Place(text=text)) == expected


def test_the_fields_of_the_source_count_before_its_text(enricher: Enricher) -> None:
    place = Place(text="somewhere", city="Springfield", region="IL", country="US", latitude=39.8, longitude=-89.6)
    (found,) = enricher.read(posting(places=[place])).places
    assert (found.city, found.region, found.country, found.latitude) == ("Springfield", "Illinois", "us", 39.8)


def located(enricher: Enricher, **place: object) -> list[tuple[str | None, float | None, float | None]]:
    found = enricher.read(posting(places=[Place(**place)])).places  # type: ignore[arg-type] # of mixed types
    return [(p.city, p.latitude, p.longitude) for p in found]


def test_each_city_of_a_text_lies_where_the_gazetteer_says(enricher: Enricher) -> None:
    assert located(enricher, text="Hybrid, London or Dublin") == [("London", 51.51, -0.13), ("Dublin", 53.33, -6.25)]
    assert located(enricher, text="Portland, ME") == [("Portland", 43.66, -70.26)]


def test_what_is_no_known_city_has_no_coordinates(enricher: Enricher) -> None:
    assert located(enricher, text="Remote - US") == [(None, None, None)]
    assert located(enricher, text="Nowhereville, TX") == [("Nowhereville", None, None)]
    assert located(enricher, city="Nowhereville", country="us") == [("Nowhereville", None, None)]


def test_coordinates_of_the_source_count_before_those_of_the_gazetteer(enricher: Enricher) -> None:
    assert located(enricher, text="Berlin", latitude=52.49, longitude=13.42) == [("Berlin", 52.49, 13.42)]
    assert located(enricher, city="Berlin", country="de", latitude=52.49, longitude=13.42) == [("Berlin", 52.49, 13.42)]


def test_a_city_of_the_source_lies_in_the_region_that_it_gives(enricher: Enricher) -> None:
    assert located(enricher, city="Portland", region="ME", country="us") == [("Portland", 43.66, -70.26)]
    assert located(enricher, city="Portland", country="us") == [("Portland", 45.52, -122.68)]
    assert located(enricher, city="Portland", region="Nevada", country="us") == [("Portland", None, None)]


def test_a_line_of_the_gazetteer_without_coordinates_is_refused() -> None:
    lines = gzip.compress(b"Berlin\tde\tBerlin\t3426\tBerlino")
    with pytest.raises(InvalidRulesError, match="a line needs name, country, region, thousands of people, latitude"):
        PARSERS["taxonomy/places.tsv.gz"](lines)


def test_a_country_field_is_a_country_and_no_state(enricher: Enricher) -> None:
    assert read(enricher, Place(country="IN")) == [(None, None, "in")]
    assert read(enricher, Place(text="Pune", country="IN")) == [("Pune", "Maharashtra", "in")]
    assert read(enricher, Place(text="Georgia", country="US")) == [(None, "Georgia", "us")]
    assert read(enricher, Place(text="London, Dublin or Remote", country="ie"))[0] == ("Dublin", "Leinster", "ie")


def test_uk_is_gb_and_codes_are_lower_case(enricher: Enricher) -> None:
    assert read(enricher, Place(city="Leeds", country="UK")) == [("Leeds", None, "gb")]
    assert read(enricher, Place(city="Leeds", country="United Kingdom")) == [("Leeds", None, "gb")]


def test_a_text_that_names_no_place_is_kept_as_it_is(enricher: Enricher) -> None:
    (found,) = enricher.read(posting(place="Anywhere on Earth")).places
    assert found.text == "Anywhere on Earth"


def test_repeated_places_are_one(enricher: Enricher) -> None:
    assert len(read(enricher, Place(text="Berlin, Germany"), Place(text="Berlin, DE"))) == 1


@given(st.text(max_size=60))
def test_any_text_gives_a_place_that_keeps_it(enricher: Enricher, text: str) -> None:
    found = enricher.read(posting(places=[Place(text=text)])).places
    assert found
    assert all(p.text in {text, None, ""} for p in found)


def test_every_other_name_of_a_city_leads_to_a_city_that_is_known() -> None:
    rules = load_rules()
    gazetteer = Gazetteer(rules.places, rules.cities)
    assert [alias for alias in rules.places.city_aliases if not gazetteer.cities(alias)] == []
