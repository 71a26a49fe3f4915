"""Salary, skills, title, keywords and the factors with short lists of values."""

from datetime import date
from typing import Any

import pytest

from ranker.domain.explain import explain
from ranker.domain.facts import Facts, Pay
from tests.support.ranking import AS_OF, judges, wish


def verdict(factor: str, facts: Facts, **campaign: Any) -> tuple[int, str]:
    """Percent of the factor's points, and the reason."""
    found = judges().by_factor[factor](facts, wish(**campaign))
    return found.share // 100, found.reason


def paying(low: int, high: int, currency: str = "CAD") -> Facts:
    return Facts(title="x", pay=Pay(low, high, currency))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (100_000, 120_000, 100),
        (130_000, 130_000, 100),
        (150_001, 200_000, 75),
        (80_000, 100_000, 60),
        (80_000, 120_000, 80),
        (80_000, 160_000, 90),
        (60_000, 85_000, 30),
        (50_000, 70_000, 0),
        (10_000, 20_000, 0),
    ],
)
def test_salary_by_overlap_with_the_wanted_range(low: int, high: int, expected: int) -> None:
    assert verdict("salary", paying(low, high), min_salary=100_000, max_salary=150_000, currency="CAD")[0] == expected


def test_the_wanted_salary_is_converted_to_the_reference_currency() -> None:
    share, reason = verdict("salary", paying(140_000, 150_000), min_salary=100_000, currency="USD")
    assert share == 100
    assert "100,000 USD" in reason
    assert "140,000 CAD at the rate of 2026-06-01" in reason


@pytest.mark.parametrize("currency", ["XXX", "", None])
def test_a_wanted_salary_without_a_known_currency_follows_the_rule_for_missing_data(currency: str | None) -> None:
    share, reason = verdict("salary", paying(1, 10**6), min_salary=100_000, currency=currency)
    assert share == 50
    assert "cannot be compared" in reason


def test_pay_in_another_currency_than_the_reference_is_never_compared_one_to_one() -> None:
    assert verdict("salary", paying(200_000, 200_000, "JPY"), min_salary=100_000, currency="CAD")[0] == 50


def test_only_a_maximum_wanted() -> None:
    assert verdict("salary", paying(50_000, 60_000), max_salary=80_000, currency="CAD")[0] == 100
    assert verdict("salary", paying(90_000, 95_000), max_salary=80_000, currency="CAD")[0] == 75


def test_skills_say_which_were_found_and_which_not() -> None:
    facts = Facts(title="x", skills=("python", "node.js", "sql", "excel"))
    share, reason = verdict("skills", facts, skills=["Python", "NodeJS", "SQL", "Docker", "Spark"])
    assert share == 60
    assert reason == "3 of 5 skills: Python, NodeJS, SQL; missing: Docker, Spark"


def test_cplusplus_csharp_and_c_are_three_skills() -> None:
    assert verdict("skills", Facts(title="x", skills=("c++",)), skills=["C", "C#"])[0] == 0


@pytest.mark.parametrize(
    ("query", "title", "expected"),
    [
        ("data engineer", "Senior Data Engineer (m/w/d)", 100),
        ("data engineer", "Data Engineers", 100),
        ("data engineer", "Software Engineer", 50),
        ("data engineer", "Database Engineering", 0),
        ("senior dev", "Sr. Developer", 100),
        ("go developer", "Go-to-market Lead", 0),
        ("go developer", "Go Developer", 100),
        ("r developer", "R&D Manager", 0),
        ("c++ engineer", "C Engineer", 50),
        ("jobs in the", "The Job", 66),
        ("développeur", "Developpeur web", 100),
        ("node.js", "Node.js engineer", 100),
        ("", "anything", 100),
        ("data", "", 0),
    ],
)
def test_title_by_words_of_the_query(query: str, title: str, expected: int) -> None:
    assert verdict("position_title", Facts(title=title), query=query)[0] == expected


def test_keywords_count_less_in_the_summary_than_in_the_title() -> None:
    facts = Facts(title="Data Engineer", summary="You write Python for data teams.")
    share, reason = verdict("keywords", facts, query="python data spark")
    assert share == 50
    assert reason.startswith("2 of 3 query words")
    assert "in the summary only: python" in reason


@pytest.mark.parametrize(
    ("level", "expected"), [("senior", 100), ("lead", 50), ("mid", 50), ("director", 0), (None, 50)]
)
def test_seniority_gives_a_part_to_the_level_next_to_it(level: str | None, expected: int) -> None:
    assert verdict("seniority", Facts(title="x", seniority=level), seniority=["senior"])[0] == expected


def test_any_of_several_preferences_counts() -> None:
    facts = Facts(title="x", employment_types=("PART_TIME", "TEMPORARY"), company_size="51-200", remote_type="hybrid")
    assert verdict("employment_type", facts, employment_type_preference=["FULL_TIME", "PART_TIME"])[0] == 100
    assert verdict("employment_type", facts, employment_type_preference=["FULL_TIME"])[0] == 0
    assert verdict("company_size", facts, company_size_preference=["1-10", "51-200"])[0] == 100
    assert verdict("company_size", facts, company_size_preference=["1-10"])[0] == 0
    assert verdict("remote_type", facts, remote_preference=["remote", "hybrid"])[0] == 100
    assert verdict("remote_type", facts, remote_preference=["remote"])[0] == 50


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (AS_OF, 100),
        (date(2026, 12, 1), 100),
        (date(2026, 11, 19), 100),
        (date(2026, 11, 18), 95),
        (date(2026, 11, 13), 85),
        (date(2026, 10, 21), 40),
        (date(2026, 8, 22), 5),
        (date(2026, 8, 21), 0),
        (date(1970, 1, 1), 0),
        (None, 30),
    ],
)
def test_recency_falls_by_whole_days(day: date | None, expected: int) -> None:
    assert verdict("recency", Facts(title="x", day=day))[0] == expected


def test_recency_says_when_only_the_first_sighting_is_known() -> None:
    assert "first seen" in verdict("recency", Facts(title="x", day=AS_OF, first_seen=True))[1]


@pytest.mark.parametrize(("rating", "expected"), [(None, 50), (5.0, 100), (4.2, 85), (1.0, 0), (-1.0, 0)])
def test_company_rating_by_stars(rating: float | None, expected: int) -> None:
    facts = Facts(title="x", company_rating=rating)
    assert verdict("company_rating", facts, weights={"company_rating": 10})[0] == expected


def test_every_factor_without_data_or_preference_names_its_rule() -> None:
    blank = {e.factor: e for e in explain(Facts(title=""), wish(query=""), judges())}
    assert blank["skills"].points == blank["skills"].max_points == 0
    assert blank["skills"].reason.startswith("no preference: left out")
    asked = wish(
        skills=["a"], min_salary=1, currency="CAD", seniority=["mid"], remote_preference=["remote"],
        company_size_preference=["1-10"], employment_type_preference=["FULL_TIME"],
        weights={"company_rating": 1, "keywords": 1},
    )  # fmt: skip
    for told in explain(Facts(title=""), asked, judges()):
        percent = judges().rules.file.missing[told.factor]
        assert told.reason.endswith(f"({percent} % by rule)"), told
