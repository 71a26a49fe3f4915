"""`posthorn read` turns lines of postings into lines of everything they say."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from common.contracts import Posting
from common.settings import REPOSITORY
from enricher.domain.enrich import Enricher, Enrichment
from posthorn.main import app
from posthorn.plain_postings import NAMES
from posthorn.posting_lines import Line
from posthorn.read import PostingReader

PLAIN = {
    "id": 7, "title": "Senior Python Engineer", "company": "Acme", "location": ["Berlin, Germany"],
    "description": "<p>5+ years of experience.</p><ul><li>Python &amp; SQL</li></ul><p>60-70k € per year</p>",
}  # fmt: skip
CANONICAL = {"source_job_id": "x1", "title": "Go developer", "places": [{"text": "Paris"}], "remote": "hybrid"}
STORED = {
    "hash_key": "0" * 32, "version": 1, "content_hash": "1" * 32, "source": "s", "source_job_id": "9",
    "title": "Clerk", "company": "Acme", "description_text": "Pay: $20 per hour", "places": [{"country": "us"}],
}  # fmt: skip


def run(text: str, *arguments: str) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    result = CliRunner().invoke(app, ["read", *arguments], input=text)
    rows, faults = ([json.loads(x) for x in stream.splitlines()] for stream in (result.stdout, result.stderr))
    return result.exit_code, rows, faults


def read_by(reader: PostingReader, *given: dict[str, Any]) -> list[dict[str, Any]]:
    lines = [Line("-", number, one) for number, one in enumerate(given, 1)]
    return list(reader.rows([(line, reader.posting(line)) for line in lines]))


def test_every_form_of_a_posting_is_read_in_its_order() -> None:
    code, rows, faults = run("\n".join(json.dumps(x) for x in (PLAIN, CANONICAL, STORED)))
    assert (code, faults) == (0, [])
    assert [(r["line"], r["id"], r["title"]) for r in rows] == [
        (1, 7, "Senior Python Engineer"), (2, "x1", "Go developer"), (3, "9", "Clerk"),
    ]  # fmt: skip
    first, second, third = rows
    assert (first["years_minimum"], first["seniority"], first["skills"]) == (5, "senior", ["python", "sql"])
    assert (first["salary"]["yearly_maximum"], first["salary"]["currency"]) == (70000, "EUR")
    assert (second["remote_type"], second["places"][0]["city"], second["skills"]) == ("hybrid", "Paris", ["go"])
    assert (third["salary"]["period"], third["salary"]["currency"]) == ("hour", "USD")


def test_evidence_leads_to_the_words_in_the_row() -> None:
    (row,) = run(json.dumps(PLAIN))[1]
    spans = [e for e in row["evidence"] if e["end"] and e["where"] in {"title", "description"}]
    assert {e["field"] for e in spans} == {"skills", "salary", "seniority", "years", "occupation"}
    assert all(row[e["where"]][e["start"] : e["end"]] == e["text"] for e in spans)


def test_bad_lines_are_told_with_their_numbers_and_the_others_read() -> None:
    lines = ["{", json.dumps(PLAIN), "", "[1]", '{"company": "Acme"}', '{"title": {"a": 1}}']
    code, rows, faults = run("\n".join(lines), "--json")
    assert code == 1
    assert [r["line"] for r in rows] == [2]
    assert [(f["line"], f["file"]) for f in faults] == [(1, "-"), (4, "-"), (5, "-"), (6, "-")]
    assert "neither title nor description" in faults[2]["error"]


def test_more_lines_than_are_read_together_are_read_in_their_order() -> None:
    lines = [json.dumps(PLAIN | {"id": n, "title": f"Clerk {n}"}) for n in range(123)]
    lines[60] = "{"
    code, rows, faults = run("\n".join(lines))
    assert code == 1
    assert [(r["line"], r["id"]) for r in rows] == [(n + 1, n) for n in range(123) if n != 60]
    assert [f["line"] for f in faults] == [61]


@pytest.mark.parametrize("many", [1, 60])
def test_a_bug_ends_the_command_behind_what_was_read_before_it(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    read_all = Enricher.read_all

    def breaking(self: Enricher, postings: Sequence[Posting]) -> list[Enrichment]:
        if any(posting.title == "Bad" for posting in postings):
            raise ZeroDivisionError("a bug")
        return read_all(self, postings)

    monkeypatch.setattr(Enricher, "read_all", breaking)
    lines = [json.dumps(PLAIN | {"title": title}) for title in ("Clerk", "Cook", "Bad", *["Nurse"] * many)]
    result = CliRunner().invoke(app, ["read"], input="\n".join(lines))
    assert isinstance(result.exception, ZeroDivisionError)
    assert [json.loads(row)["title"] for row in result.stdout.splitlines()] == ["Clerk", "Cook"]


def test_a_file_that_is_not_there_is_refused() -> None:
    result = CliRunner().invoke(app, ["read", "no-such-file.jsonl"])
    assert result.exit_code == 2


@pytest.fixture(scope="module")
def reader() -> PostingReader:
    return PostingReader()


def test_the_page_names_every_field_of_input_and_output(reader: PostingReader) -> None:
    page = (REPOSITORY / "docs" / "reading.md").read_text()
    (row,) = read_by(reader, PLAIN)
    names = {*row, *row["places"][0], *row["salary"], *row["evidence"][0], *NAMES}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_the_example_of_the_page_is_read_as_it_says(reader: PostingReader, tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "reading.md").read_text()
    given, told = (part.split("```")[0] for part in page.split("```json\n")[1:3])
    (row,) = read_by(reader, json.loads(given))
    assert {name: row[name] for name in json.loads(told)} == json.loads(told)
