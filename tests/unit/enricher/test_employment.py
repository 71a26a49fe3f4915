"""Employment types are upper-case names; the source counts before title and body."""

import pytest

from enricher.domain.enrich import Enricher
from tests.support.enrichment import posting


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (["FULLTIME"], ["FULL_TIME"]),
        (["Full-time", "full_time"], ["FULL_TIME"]),
        (["Part-time", "Contract"], ["CONTRACTOR", "PART_TIME"]),
        (["Vollzeit"], ["FULL_TIME"]),
        (["permanent"], []),
        (["PER_DIEM"], ["PER_DIEM"]),
        (["Internship"], ["INTERN"]),
        (["gibberish"], []),
    ],
)
def test_words_of_sources(enricher: Enricher, stated: list[str], expected: list[str]) -> None:
    assert enricher.read(posting(employment_types=stated)).employment_types == expected


@pytest.mark.parametrize(
    ("title", "body", "expected"),
    [
        ("Nurse (Part-Time)", "", ["PART_TIME"]),
        ("Contract Manager", "", []),
        ("Java Developer - 6 month contract", "", ["CONTRACTOR"]),
        ("Internal Auditor", "", []),
        ("Engineer", "This is a full-time position.", ["FULL_TIME"]),
        ("Engineer", "Job Type: Full-time", ["FULL_TIME"]),
        ("Engineer", "We employ 200 full-time equivalents.", []),
        ("Engineer", "Wir suchen dich in Vollzeit.", ["FULL_TIME"]),
    ],
)
def test_title_then_body(enricher: Enricher, title: str, body: str, expected: list[str]) -> None:
    assert enricher.read(posting(title, body)).employment_types == expected


def test_the_title_is_not_read_where_the_source_says(enricher: Enricher) -> None:
    assert enricher.read(posting("Nurse (Part-Time)", employment_types=["FULL_TIME"])).employment_types == ["FULL_TIME"]
