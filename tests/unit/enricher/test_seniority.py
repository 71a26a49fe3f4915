"""Seniority comes from the title first, then from the source, then from a plain statement in the body."""

import pytest

from enricher.domain.enrich import Enricher
from tests.support.enrichment import posting


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("Software Engineer", None),
        ("Senior Software Engineer", "senior"),
        ("Sr. Data Analyst", "senior"),
        ("Software Engineer II", "mid"),
        ("Software Engineer III - Boston", "senior"),
        ("Paralegal I", "junior"),
        ("I manage things", None),
        ("Junior Designer", "junior"),
        ("Mid-Level Developer", "mid"),
        ("Lead Developer", "lead"),
        ("Lead Generation Specialist", None),
        ("Staff Engineer", "principal"),
        ("Staff Nurse", None),
        ("Principal Architect", "principal"),
        ("Engineering Manager", "manager"),
        ("Senior Engineering Manager", "manager"),
        ("Product Manager", "mid"),
        ("Senior Product Manager", "senior"),
        ("Project Manager (m/w/d)", "mid"),
        ("Account Executive", None),
        ("Executive Assistant to the CEO", None),
        ("Director of Engineering", "director"),
        ("Head of Data", "director"),
        ("Art Director", None),
        ("VP Engineering", "executive"),
        ("Chief Technology Officer", "executive"),
        ("Chief of Staff", None),
        ("Data Science Intern", "intern"),
        ("Internal Auditor", None),
        ("International Sales", None),
        ("Werkstudent Marketing (m/w/d)", "intern"),
        ("Stagiaire en finance", "intern"),
        ("Teamleiter Vertrieb", "lead"),
        ("Geschäftsführer", "executive"),
        ("Senior Director, Lead Manager", "director"),
        ("Intern to the Vice President", "intern"),
        ("Graduate Engineer", "junior"),
    ],
)
def test_level_of_a_title(enricher: Enricher, title: str, level: str | None) -> None:
    assert enricher.read(posting(title)).seniority == level


def test_the_title_counts_before_the_source(enricher: Enricher) -> None:
    assert enricher.read(posting("Senior Engineer", seniority="Entry level")).seniority == "senior"
    assert enricher.read(posting("Engineer", seniority="Mid-Senior level")).seniority == "mid"
    assert enricher.read(posting("Engineer", seniority="Not Applicable")).seniority is None


def test_a_plain_statement_in_the_body_counts_last(enricher: Enricher) -> None:
    body = "This is an entry-level position. You work with senior engineers."
    assert enricher.read(posting("Engineer", body)).seniority == "junior"
    assert enricher.read(posting("Engineer", "You work with senior engineers and our lead.")).seniority is None
