"""`posthorn dedupe` and `posthorn score`: JSON Lines in and out, without server or database."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from posthorn.main import app

BODY = (
    "You will design and run the services that move parcels between our depots. Together with four colleagues you own"
    " the routing engine, its data and its on-call rota. We write Python and Rust, deploy many times a day, and read"
    " each other's code. You have run systems that people depend on, you like clear writing, and you ask before you"
    " build. We pay for a desk at home, thirty days of holiday and a train card. Our offices are close to the river."
)
OTHER = "You have done all of this at the grade below for a year, in a company that builds lifts or runs them."
POSTINGS: list[dict[str, Any]] = [
    {
        "id": "a",
        "title": "Platform Engineer (m/w/d)",
        "company": "Acme GmbH",
        "location": "Berlin",
        "description": BODY,
    },
    {"id": "b", "title": "Nurse", "company": "Acme GmbH", "location": "Berlin", "description": BODY},
    {"id": "c", "title": "Platform Engineer - Berlin", "company": "ACME", "location": "Berlin", "description": BODY},
    {"id": "d", "title": "Platform Engineer", "company": "Acme", "location": "Berlin", "description": BODY[:200] + "…"},
]


def piped(tmp_path: Path, arguments: list[str], lines: list[Any], *, name: str = "in.jsonl") -> tuple[Any, list[Any]]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    done = CliRunner().invoke(app, [*arguments, str(path)])
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def test_the_same_job_elsewhere_is_one_cluster_and_another_role_is_none(tmp_path: Path) -> None:
    done, rows = piped(tmp_path, ["dedupe"], POSTINGS, name="in.jsonl.gz")
    assert done.exit_code == 0
    assert [(row["id"], row["cluster_id"]) for row in rows] == [("a", "a"), ("b", "b"), ("c", "a"), ("d", "a")]
    assert (rows[2]["matched"], rows[2]["reason"], rows[2]["similarity"]) == ("a", "same_text", 1.0)
    assert (rows[3]["reason"], rows[3]["class"]) == ("excerpt_of_the_other", "partial")


def test_a_text_that_is_said_to_be_cut_is_compared_and_read_as_an_excerpt(tmp_path: Path) -> None:
    said = POSTINGS[0] | {"title": "Lead Platform Engineer Routing", "posted_at": "2026-03-02"}
    first = said | {"description": f"Half of an advert of 5 years, {' '.join(f'first{n}' for n in range(25))}"}
    other = said | {
        "id": "z", "title": f"{said['title']} (m/w/d)",
        "description": f"Quite another half of it, {' '.join(f'other{n}' for n in range(25))}",
    }  # fmt: skip
    cut = [line | {"description_is_excerpt": True} for line in (first, other)]
    assert [row["cluster_id"] for row in piped(tmp_path, ["dedupe"], [first, other])[1]] == ["a", "z"]
    assert [row["reason"] for row in piped(tmp_path, ["dedupe"], cut)[1]] == [None, "posted_again"]


def test_a_source_that_shows_an_id_again_shows_the_same_posting(tmp_path: Path) -> None:
    first = {"source": "lever", "source_job_id": "7", "title": "Baker", "company": "Crust"}
    _, rows = piped(tmp_path, ["dedupe"], [first, first | {"title": "Head Baker"}, first | {"source": "ashby"}])
    assert [row["cluster_id"] for row in rows] == ["lever:7", "lever:7", "lever:7"]
    assert [row["reason"] for row in rows] == [None, "same_source_and_id", "same_hash_key"]


def test_grades_of_one_title_and_place_stay_apart_by_what_they_pay(tmp_path: Path) -> None:
    first = POSTINGS[0] | {"title": "Platform Engineer", "posted_at": "2026-03-02"}
    lower, upper = {"salary": "USD 61,956 - 79,538 a year"}, {"salary": "USD 74,260 - 95,802 a year"}
    other = first | upper | {"id": "z", "description": f"{BODY} {OTHER}"}
    rows = [piped(tmp_path, ["dedupe"], [first | pay, other])[1][1] for pay in (lower, upper)]
    assert [(row["cluster_id"], row["reason"]) for row in rows] == [("z", None), ("a", "text_inside_the_other")]


def test_what_was_kept_apart_is_shown_when_asked_for(tmp_path: Path) -> None:
    other = POSTINGS[0] | {"id": "e", "description": " ".join(reversed(BODY.split()))}
    _, rows = piped(tmp_path, ["dedupe", "--retained"], [POSTINGS[0] | {"title": "Platform Engineer"}, other])
    assert rows[0] == {
        "id": "e", "kept_apart_from": "a", "reason": "texts_differ", "class": None, "similarity": rows[0]["similarity"],
    }  # fmt: skip


@pytest.mark.parametrize("command", ["dedupe", "score"])
def test_a_line_that_cannot_be_read_is_named_and_the_others_are_done(tmp_path: Path, command: str) -> None:
    campaign = tmp_path / "campaign.json"
    campaign.write_text('{"query": "engineer", "country": "de"}')
    options = ["--campaign", str(campaign)] if command == "score" else []
    done, rows = piped(tmp_path, [command, *options], [POSTINGS[0], "{broken", {"company": "Acme"}, POSTINGS[1]])
    assert done.exit_code == 1
    assert [row["id"] for row in rows] == ["a", "b"]
    assert [json.loads(line)["line"] for line in done.stderr.splitlines()] == [2, 3]


def test_a_score_is_the_sum_of_its_factors_and_says_why(tmp_path: Path) -> None:
    campaign = tmp_path / "campaign.json"
    campaign.write_text('{"query": "platform engineer", "country": "de", "skills": ["python", "cobol"]}')
    arguments = ["score", "--campaign", str(campaign), "--as-of", "2026-11-21"]
    done, rows = piped(tmp_path, arguments, POSTINGS[:2])
    assert done.exit_code == 0
    for row in rows:
        assert row["score"] == pytest.approx(sum(factor["points"] for factor in row["factors"]))
        assert all(factor["reason"] for factor in row["factors"])
    assert rows[0]["score"] > rows[1]["score"]
    skills = next(factor for factor in rows[0]["factors"] if factor["factor"] == "skills")
    assert "cobol" in skills["reason"]
    _, read = piped(tmp_path, ["read"], POSTINGS[:2])
    _, again = piped(tmp_path, arguments, read)
    assert [row["score"] for row in again] == [row["score"] for row in rows]


@pytest.mark.parametrize(
    ("written", "said"), [("[]", "object"), ('{"query": "x", "city": "y"}', "city"), ("{", "malformed|truncated")]
)
def test_a_campaign_that_is_none_is_refused_with_the_reason(tmp_path: Path, written: str, said: str) -> None:
    campaign = tmp_path / "campaign.json"
    campaign.write_text(written)
    done, _ = piped(tmp_path, ["score", "--campaign", str(campaign)], POSTINGS[:1])
    assert done.exit_code == 2
    assert any(word in done.stderr for word in said.split("|"))


def test_gzipped_lines_come_by_standard_input_too_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    zipped = gzip.compress(json.dumps(POSTINGS[0]).encode())
    done = CliRunner().invoke(app, ["dedupe"], input=zipped)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a"]
    (tmp_path / "cut.jsonl.gz").write_bytes(zipped[:-12])
    cut = CliRunner().invoke(app, ["dedupe", str(tmp_path / "cut.jsonl.gz")])
    assert cut.exit_code == 2
    assert "damaged" in cut.stderr
