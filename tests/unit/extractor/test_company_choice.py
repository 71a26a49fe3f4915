"""Among the companies that a provider found, the one that was meant is chosen, and none where that is not clear."""

import json
from pathlib import Path

import pytest

from extractor.domain.company_choice import Candidate, CompanyChooser
from sources.companies.glassdoor import GlassdoorSearch
from sources.companies.names import CompanyNames
from sources.companies.rules import load_rules

RULES = load_rules()
CHOOSER = CompanyChooser(CompanyNames(RULES.names), RULES.choice)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller GmbH", "Mueller"),
        ("The Home Depot", "Home Depot, Inc."),
        ("JP Morgan Chase", "JPMorgan Chase & Co."),
        ("Amazon Web Services", "Amazon Web Services (AWS)"),
        ("Société Générale", "Societe Generale S.A."),
        ("AT&T", "AT & T Inc"),
        ("Acme GmbH & Co. KG", "ACME"),
        ("Microsft Corporation", "Microsoft"),
    ],
)
def test_two_ways_of_writing_one_name(one: str, other: str) -> None:
    assert CHOOSER.choose(one, None, [Candidate(other)]).position == 0
    assert CHOOSER.choose(other, None, [Candidate(one)]).position == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Intel", "Intel 471"),
        ("Google", "Google Ventures"),
        ("Meta", "Metabase"),
        ("Apple", "Apple Bank"),
        ("Stripe", "Stripes"),
        ("Studio 54", "Studio 55"),
        ("First National Bank of Omaha", "First National Bank of Alaska"),
        ("International Business Machines", "International Business Machines UK"),
        ("Delta", "Alpha"),
        ("GmbH", "AG"),
    ],
)
def test_two_companies_with_names_alike(one: str, other: str) -> None:
    for asked, found in ((one, other), (other, one)):
        choice = CHOOSER.choose(asked, None, [Candidate(found)])
        assert (choice.position, choice.reason) == (None, "no_likeness")
        assert 0 <= choice.score < RULES.choice.threshold


def test_an_equal_domain_beats_names() -> None:
    found = [Candidate("Intel", "https://intel.io"), Candidate("Intel Corporation Ltd", "https://www.intel.com/x")]
    choice = CHOOSER.choose("Intel", "intel.com", found)
    assert (choice.position, choice.score, choice.reason) == (1, 100, "domain")
    renamed = CHOOSER.choose("Facebook", "meta.com", [Candidate("Meta", "https://careers.meta.com")])
    assert (renamed.position, renamed.reason) == (0, "domain")


def test_of_equal_domains_the_name_decides() -> None:
    found = [Candidate("Acme India", "https://acme.com"), Candidate("Acme", "http://acme.com")]
    assert CHOOSER.choose("ACME Inc.", "acme.com", found).position == 1


def test_a_name_that_is_only_alike_counts_where_no_domain_contradicts() -> None:
    alike = Candidate("Microsoft", "https://microsoft.com")
    assert CHOOSER.choose("Microsft", None, [alike]).position == 0
    assert CHOOSER.choose("Microsft", "microsft.example", [alike]).reason == "no_likeness"


def test_two_of_one_name_are_ambiguous_until_a_domain_tells_them_apart() -> None:
    found = [Candidate("Mercury", "https://mercury.com"), Candidate("Mercury Inc", "https://mercuryinsurance.com")]
    assert CHOOSER.choose("Mercury", None, found).reason == "ambiguous"
    assert CHOOSER.choose("Mercury", "mercuryinsurance.com", found).position == 1
    assert CHOOSER.choose("Mercury", None, []).reason == "nothing_found"


def test_the_exact_name_wins_over_one_as_close_as_the_margin() -> None:
    found = [Candidate("Constellations Brandss Internationals"), Candidate("Constellation Brands International")]
    assert CHOOSER.choose("Constellation Brands International", None, found).position == 1


@pytest.mark.parametrize(
    ("name", "domain", "chosen"),
    [("Google", None, "Google"), ("Google LLC", "google.com", "Google"), ("Google Cloud", None, "Google Cloud"),
     ("Google Ventures", None, None), ("DeepMind", "deepmind.google", "Google DeepMind")],
)  # fmt: skip
def test_the_real_answer_for_google(shared_data: Path, name: str, domain: str | None, chosen: str | None) -> None:
    search = GlassdoorSearch()
    payload = json.loads((shared_data / "glassdoor/company_search_google.json").read_text("utf8"))
    read = [search.read(item) for item in search.items(payload)]
    choice = CHOOSER.choose(name, domain, [Candidate(facts.name, facts.website) for facts in read])
    assert (None if choice.position is None else read[choice.position].name) == chosen
