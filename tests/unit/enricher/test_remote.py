"""The remote type heeds the source first, hybrid before remote, and negations."""

import pytest

from enricher.domain.enrich import Enricher
from tests.support.enrichment import posting


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("This is a fully remote position.", "remote"),
        ("You can work from home.", "remote"),
        ("This is not a remote position.", "onsite"),
        ("Remote work is not available for this role.", "onsite"),
        ("No remote work.", "onsite"),
        ("Sorry, we do not offer remote work.", "onsite"),
        ("Unfortunately this role cannot be remote.", "onsite"),
        ("Hybrid role: three days in the office.", "hybrid"),
        ("Remote work possible, 2 days per week in the office.", "hybrid"),
        ("Two days from home every week.", "hybrid"),
        ("You manage our hybrid cloud and remote sensing data.", None),
        ("You support remote employees and remote teams.", None),
        ("This is an on-site position in Austin.", "onsite"),
        ("5 days a week in the office.", "onsite"),
        ("Wir bieten 2 Tage Homeoffice.", "hybrid"),
        ("Poste en full remote.", "remote"),
        ("We sell remote control toys.", None),
        ("Not only remote-first but kind.", "remote"),
        ("We build software.", None),
    ],
)
def test_body(enricher: Enricher, body: str, expected: str | None) -> None:
    assert enricher.read(posting(body=body)).remote_type == expected


@pytest.mark.parametrize(
    ("title", "place", "expected"),
    [
        ("Engineer (Remote)", None, "remote"),
        ("Engineer - Hybrid", "Remote", "hybrid"),
        ("Engineer (not remote)", None, "onsite"),
        ("Engineer", "Remote - US", "remote"),
        ("Engineer", "Hybrid - London", "hybrid"),
        ("Engineer", "London, UK", None),
    ],
)
def test_title_and_places(enricher: Enricher, title: str, place: str | None, expected: str | None) -> None:
    assert enricher.read(posting(title, place=place)).remote_type == expected


def test_the_source_counts_first(enricher: Enricher) -> None:
    assert enricher.read(posting(body="Fully remote.", remote="onsite")).remote_type == "onsite"
    assert enricher.read(posting(body="", remote="Hybrid")).remote_type == "hybrid"


def test_a_bare_flag_gives_way_to_a_clear_hybrid(enricher: Enricher) -> None:
    assert enricher.read(posting(body="Great job.", remote="true")).remote_type == "remote"
    assert enricher.read(posting(body="Hybrid role.", remote="true")).remote_type == "hybrid"
    assert enricher.read(posting(body="Great job.", remote="false")).remote_type is None


def test_evidence_names_rule_and_words(enricher: Enricher) -> None:
    read = enricher.read(posting(body="Dies ist für Zürich: fully remote!"))
    (evidence,) = [e for e in read.evidence if e.field == "remote_type"]
    assert (evidence.rule, evidence.text, evidence.start) == ("remote.body", "fully remote", 21)


@pytest.mark.parametrize(
    ("title", "place", "body", "where", "words"),
    [
        ("Engineer (Remote, US)", "Remote", "", "title", "US"),
        ("Engineer", "Remote - Canada", "", "places", "Canada"),
        ("Engineer", None, "Ein Büro in Zürich; remote within Germany.", "description", "Germany"),
        ("Engineer", "Remote", "Zürich? No: you must be based in the US or Canada.", "description", "US or Canada"),
        ("Engineer EMEA", "Remote", "", "title", "Engineer EMEA"),
    ],
)
def test_the_limit_of_remote_work_is_told_with_its_words(
    enricher: Enricher, title: str, place: str | None, body: str, where: str, words: str
) -> None:
    read = enricher.read(posting(title, body, place=place))
    (limit,) = [e for e in read.evidence if e.field == "remote_regions"]
    assert (limit.value, limit.where, limit.text) == (", ".join(read.remote_regions), where, words)
    if where != "places":
        assert {"title": title, "description": body}[where][limit.start : limit.end] == words


def test_remote_work_without_a_limit_has_no_such_evidence(enricher: Enricher) -> None:
    read = enricher.read(posting("Engineer", "Fully remote."))
    assert (read.remote_regions, [e for e in read.evidence if e.field == "remote_regions"]) == ([], [])
