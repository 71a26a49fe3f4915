"""The rules are checked at load; weights always sum to 100 points."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranker.domain.batch import batch_of
from ranker.domain.currency import RatesError, parse_rates
from ranker.domain.explain import explain
from ranker.domain.facts import Facts
from ranker.domain.geography import GeographyError, parse_places
from ranker.domain.judges import Judges
from ranker.domain.rules import FACTORS, RulesError, parse_rules
from ranker.domain.vectors import CampaignVectors
from ranker.domain.weights import apportion, weights_of
from ranker.wiring import load_rules
from tests.support.ranking import AS_OF, GEOGRAPHY, RATES, campaign, judges, ranking_file, weights, wish

DEFAULT = {
    "location": 1500, "salary": 1500, "company_size": 1000, "skills": 1500, "position_title": 1500,
    "employment_type": 500, "seniority": 1000, "remote_type": 1000, "recency": 500,
}  # fmt: skip


EVERYTHING: dict[str, Any] = {
    "location": "Toronto", "min_salary": 1, "currency": "CAD", "company_size_preference": ["1-10"], "skills": ["sql"],
    "employment_type_preference": ["FULL_TIME"], "seniority": ["mid"], "remote_preference": ["remote"],
}  # fmt: skip


def test_default_and_mvp_weights_are_those_of_the_requirements() -> None:
    assert wish(**EVERYTHING).weights == DEFAULT
    assert wish(ranking_preset="mvp").weights == {"location": 4000, "recency": 2000, "keywords": 4000}


def test_overrides_are_renormalised_to_exactly_100_points() -> None:
    assert wish(**EVERYTHING, weights={"salary": 30, "company_size": 0, "company_rating": 5}).weights == {
        "location": 1364, "salary": 2727, "skills": 1364, "position_title": 1364, "employment_type": 455,
        "seniority": 909, "remote_type": 909, "recency": 454, "company_rating": 454,
    }  # fmt: skip


def test_what_a_campaign_does_not_ask_for_weighs_nothing_and_the_rest_weighs_more() -> None:
    assert {f: w for f, w in wish(query="nurse").weights.items() if w} == {
        "location": 4286, "position_title": 4286, "recency": 1428,
    }  # fmt: skip
    assert list(wish().weights) == list(DEFAULT)


def test_with_no_preference_full_every_factor_keeps_its_maximum() -> None:
    rules = parse_rules({**ranking_file(), "no_preference": "full"}, RATES, GEOGRAPHY)
    judging = Judges(rules)
    full = judging.wish(campaign(), AS_OF)
    assert full.weights == DEFAULT
    told = {e.factor: e for e in explain(Facts(title="Data Engineer"), full, judging)}
    assert (told["skills"].points, told["skills"].reason) == (1500, "no preference (100 % by rule)")
    (ranking,) = CampaignVectors([full], judging).rankings(batch_of([Facts(title="Data Engineer")], judging))
    assert ranking.points == [e.points for e in told.values()]


def test_where_nothing_that_is_asked_weighs_anything_the_weights_stay() -> None:
    assert wish(weights=dict.fromkeys(("location", "position_title", "recency"), 0.0)).weights["salary"] == 2308


def test_largest_remainder_gives_ties_to_the_earlier() -> None:
    assert apportion(dict.fromkeys("abc", Fraction(1)), 10_000) == {"a": 3334, "b": 3333, "c": 3333}


@given(weights, st.sampled_from(["default", "mvp", "none such"]), st.sets(st.sampled_from(FACTORS)))
def test_weights_sum_to_10000_whatever_a_campaign_says(
    overrides: dict[str, float], preset: str, asked: set[str]
) -> None:
    found, _ = weights_of(preset, overrides, asked, judges().rules)
    assert sum(found.values()) == 10_000
    assert all(w >= 0 for w in found.values())
    if found.keys() & asked:
        assert not any(w for factor, w in found.items() if factor not in asked)


def test_what_is_ignored_of_a_campaigns_weights_is_said() -> None:
    found, ignored = weights_of("none such", {"no_such": 1, "skills": -1}, FACTORS, judges().rules)
    assert found == DEFAULT
    assert len(ignored) == 3
    zero, told = weights_of("default", dict.fromkeys(FACTORS, 0.0), FACTORS, judges().rules)
    assert zero == DEFAULT
    assert told == ("all weights are 0",)


@pytest.mark.parametrize("shares", [{}, {"a": Fraction(0)}, {"a": Fraction(-1), "b": Fraction(2)}])
def test_nothing_to_apportion_is_an_error(shares: dict[str, Fraction]) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        apportion(shares, 100)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "one"}, "version"),
        ({"presets": {"mvp": {"location": 100}}}, "must be a preset `default`"),
        ({"presets": {"default": {"location": 99}}}, "not to 100"),
        ({"presets": {"default": {"location": 90, "luck": 10}}}, "unknown factors"),
        ({"missing": {"location": 10}}, "missing: differs"),
        ({"no_preference": "half"}, "no_preference"),
        ({"company_sizes": ["1-10", "1-10"]}, "named twice"),
        ({"recency": [[3, 100], [1, 50]]}, "recency"),
        ({"recency": []}, "recency"),
        ({"seniority": {"share": 50, "neighbours": [["senior", "boss"]]}}, "boss"),
        ({"luck": 1}, "luck"),
    ],
)
def test_wrong_rules_are_refused_with_the_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RulesError, match=message):
        parse_rules({**ranking_file(), **change}, RATES, GEOGRAPHY)


@pytest.mark.parametrize(
    "change",
    [{"reference": "XXX"}, {"rates": {"CAD": {"per_usd": "0", "date": "2026-01-01"}}}, {"rates": {"CAD": {}}}],
)
def test_wrong_rates_are_refused(change: dict[str, Any]) -> None:
    good = {"version": 1, "reference": "CAD", "rates": {"CAD": {"per_usd": "1.4", "date": "2026-01-01"}}}
    parse_rates(good)
    with pytest.raises(RatesError):
        parse_rates({**good, **change})


def test_the_version_changes_with_the_content() -> None:
    one = parse_rules(ranking_file(), RATES, GEOGRAPHY).version
    assert one == judges().rules.version
    assert parse_rules({**ranking_file(), "no_preference": "full"}, RATES, GEOGRAPHY).version != one
    assert one.startswith(f"{ranking_file()['version']}.")


def test_repository_files_load() -> None:
    assert load_rules().rates.reference == "CAD"


def test_place_names_of_another_shape_are_refused() -> None:
    with pytest.raises(GeographyError, match="city_aliases"):
        parse_places({"countries": {}, "regions": {}, "city_aliases": ["x"]})
