"""What a campaign accepts, and how it says no."""

import pytest
from pydantic import ValidationError

from gateway.domain.campaign import CampaignCriteria

REQUIRED = {"campaign_name": "n", "query": "q", "country": "ca", "email": "me@example.com", "date_window": "month"}


def criteria(**more: object) -> CampaignCriteria:
    return CampaignCriteria.model_validate(REQUIRED | more)


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_each_required_field_is_required(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        CampaignCriteria.model_validate({k: v for k, v in REQUIRED.items() if k != missing})


def test_uk_is_taken_as_gb_in_any_case() -> None:
    assert criteria(country="UK").country == "gb"


def test_lists_may_be_written_with_commas_and_in_any_case() -> None:
    read = criteria(remote_preference="Remote, hybrid", employment_type_preference="full_time", skills="Python, SQL")
    assert read.remote_preference == ["remote", "hybrid"]
    assert read.employment_type_preference == ["FULL_TIME"]
    assert read.skills == ["Python", "SQL"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "Canada"), ("email", "nobody"), ("date_window", "year"), ("min_salary", -1),
        ("min_salary", "competitive"), ("seniority", ["boss"]), ("schedule_cron", "whenever"),
        ("schedule_time_zone", "Toronto"), ("schedule_time_zone", "../etc/passwd"), ("campaign_name", "a\x00b"),
        ("profile", "x"), ("sources", [{"source": "a b"}]), ("weights", {"skills": -1}), ("currency", "dollars"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        criteria(**{field: value})


def test_a_salary_needs_its_currency_and_the_right_order() -> None:
    with pytest.raises(ValidationError, match="needs its currency"):
        criteria(min_salary=1)
    with pytest.raises(ValidationError, match="must not be above"):
        criteria(min_salary=2, max_salary=1, currency="cad")
    assert criteria(min_salary=1, max_salary=2, currency="cad").currency == "CAD"


def test_what_is_written_is_read_back_equal() -> None:
    once = criteria(skills=["python"], sources=[{"source": "greenhouse", "params": {"board": "acme"}}])
    assert CampaignCriteria.model_validate(once.model_dump(mode="json")) == once


def test_a_source_takes_lists_of_values_but_no_objects() -> None:
    pages = {"source": "jobposting", "params": {"urls": ["https://a.example/1", "https://a.example/2"]}}
    assert criteria(sources=[pages]).sources[0].contract().params == pages["params"]
    with pytest.raises(ValueError, match="params"):
        criteria(sources=[{"source": "jobposting", "params": {"urls": [{"a": 1}]}}])
