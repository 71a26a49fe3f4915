"""Skills are found as whole words; words with everyday meanings only where context says so."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.domain.enrich import Enricher
from tests.support.enrichment import posting

CASES = [
    [*line.split("\t"), "", ""][:3]
    for line in (Path(__file__).parent / "cases" / "skills.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def names(cell: str) -> set[str]:
    return set(filter(None, cell.split(", ")))


def test_there_are_many_nasty_cases() -> None:
    assert len(CASES) >= 140


@pytest.mark.parametrize(("text", "present", "absent"), CASES, ids=[case[0][:60] for case in CASES])
def test_words_are_skills_only_where_they_mean_them(enricher: Enricher, text: str, present: str, absent: str) -> None:
    found = set(enricher.read(posting(body=text)).skills)
    assert names(present) <= found
    assert not names(absent) & found


def test_names_are_lower_case_distinct_and_sorted(enricher: Enricher) -> None:
    found = enricher.read(posting("Python developer", "PostgreSQL, postgres, Python 3, AWS")).skills
    assert found == ["aws", "postgresql", "python"]


def test_the_employer_is_no_skill_unless_listed_with_others(enricher: Enricher) -> None:
    said = "Snowflake is hiring. At Snowflake we care. Join Snowflake."
    assert enricher.read(posting(body=said, company="Snowflake Inc.")).skills == []
    listed = enricher.read(posting(body="You know Redshift, Snowflake and dbt.", company="Snowflake Inc.")).skills
    assert "snowflake" in listed


def test_tags_count_and_ambiguous_ones_only_beside_a_sure_one(enricher: Enricher) -> None:
    assert enricher.read(posting(tags=["Go", "Kubernetes"])).skills == ["go", "kubernetes"]
    assert enricher.read(posting(tags=["go", "excel", "marketing"])).skills == []


def test_evidence_leads_back_to_the_words(enricher: Enricher) -> None:
    job = posting("Ingénieur Python", "Équipe à Genève – você usa Kafka…\nDas Team nutzt PostgreSQL, Go und Terraform.")
    found = {e.value: e for e in enricher.read(job).evidence if e.field == "skills"}
    assert set(found) == {"python", "kafka", "postgresql", "go", "terraform"}
    for evidence in found.values():
        text = job.title if evidence.where == "title" else job.description_text
        assert text[evidence.start : evidence.end] == evidence.text
        assert evidence.text.lower() in {evidence.value, "postgres"}


@given(st.text(max_size=300), st.sampled_from(["Go", "React", "C", "Excel", "R", "sql", "€100k", "remote"]), st.text())
def test_any_text_is_read_and_spans_are_exact(enricher: Enricher, before: str, word: str, after: str) -> None:
    job = posting(before[:40], f"{before} {word} {after}")
    for evidence in enricher.read(job).evidence:
        if evidence.where in {"title", "description"} and evidence.end:
            text = job.title if evidence.where == "title" else job.description_text
            assert text[evidence.start : evidence.end].encode(errors="replace").decode() == evidence.text
