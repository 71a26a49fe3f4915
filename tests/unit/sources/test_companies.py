"""Names and addresses of employers, sizes in bins, the rules, and what Glassdoor answers."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.settings import config_path
from sources.companies.glassdoor import GlassdoorSearch
from sources.companies.names import CompanyNames
from sources.companies.rules import CompanyRulesError, load_rules, parse_rules
from sources.companies.sizes import size_bin
from sources.errors import MappingError, PagePayloadError

NAMES = CompanyNames(load_rules().names)
ENDS = yaml.safe_load(config_path("enums.yml").read_text())["upper_ends"]


def test_spellings_of_one_employer_have_one_key() -> None:
    keys = {NAMES.key(name, None) for name in ("The Home Depot", "Home Depot, Inc.", "HOME  DEPOT", "home depot llc")}
    assert len(keys) == 1
    assert NAMES.key("Acme", "https://www.acme.com/jobs") == NAMES.key("ACME Inc", "http://careers.acme.com")


def test_namesakes_are_told_apart_by_their_domains() -> None:
    keys = [NAMES.key("Mercury", url) for url in (None, "https://mercury.com", "https://mercuryinsurance.com")]
    assert len(set(keys)) == 3


@pytest.mark.parametrize("name", ["", "  ", "Confidential", "Confidential Company", "n/a", "Stealth Startup", "!!!"])
def test_a_name_of_nobody_has_no_key(name: str) -> None:
    assert NAMES.key(name, "https://acme.com") is None


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.Acme.com/x?y", "acme.com"),
        ("careers.acme.co.uk", "acme.co.uk"),
        ("https://jobs.de", "jobs.de"),
        ("https://cloud.google.com", "cloud.google.com"),
        ("https://www.linkedin.com/company/acme", None),
        ("https://acme.bamboohr.com", None),
        ("https://notlinkedin.com", "notlinkedin.com"),
        ("http://[", None),
        ("mailto:x", None),
        (None, None),
    ],
)
def test_the_domain_is_the_companys_own(url: str | None, domain: str | None) -> None:
    assert NAMES.domain(url) == domain


@pytest.mark.parametrize(
    ("stated", "size"),
    [("10000+ Employees", "10001+"), ("1001 to 5000 Employees", "1001-5000"), ("1 to 50 Employees", "11-50"),
     ("Unknown", None)],
)  # fmt: skip
def test_sizes_as_glassdoor_writes_them(stated: str, size: str | None) -> None:
    assert size_bin(stated, ENDS) == size


def test_the_real_answer_is_read(shared_data: Path) -> None:
    search = GlassdoorSearch()
    payload = json.loads((shared_data / "glassdoor/company_search_google.json").read_text("utf8"))
    google, cloud, *_ = [search.read(item) for item in search.items(payload)]
    assert (google.company_id, google.rating, google.reviews) == ("9079", 4.4, 67752)
    assert (google.size, google.location, google.revenue) == (
        "10000+ Employees",
        "Mountain View, CA",
        "$10+ billion (USD)",
    )
    assert (cloud.size, cloud.revenue, cloud.industry) == (None, None, "Internet & Web Services")


@pytest.mark.parametrize("payload", ["<html>", {"status": "ERROR", "error": "no"}, {"data": None}, [], None])
def test_what_is_no_answer_is_refused(payload: Any) -> None:
    with pytest.raises(PagePayloadError):
        GlassdoorSearch().items(payload)


def test_a_company_of_odd_types_is_read_or_refused() -> None:
    odd = GlassdoorSearch().read({"company_id": "7", "name": "A\n B", "rating": "11", "review_count": -1, "website": 3})
    assert (odd.name, odd.rating, odd.reviews, odd.website) == ("A B", None, None, None)
    for item in (None, {"name": "A"}, {"company_id": 1, "name": " "}):
        with pytest.raises(MappingError):
            GlassdoorSearch().read(item)


@pytest.mark.parametrize(
    ("section", "change"),
    [("choice", {"threshold": 101}), ("choice", {"other_word": 99}), ("look_up", {"attempts": 0}),
     ("names", {"legal_forms": "inc"}), ("look_up", {"more": 1})],
)  # fmt: skip
def test_rules_that_cannot_be_used_are_refused(section: str, change: dict[str, Any]) -> None:
    document = yaml.safe_load(config_path("companies.yml").read_text("utf8"))
    document[section] |= change
    with pytest.raises(CompanyRulesError, match=r"companies\.yml"):
        parse_rules(document)


def test_pauses_grow_up_to_the_longest() -> None:
    rules = load_rules().look_up
    pauses = [rules.pause(failed).total_seconds() / 60 for failed in (1, 2, 3, 9)]
    assert pauses == [5, 20, 80, 24 * 60]
    assert rules.ask_again_after is None
