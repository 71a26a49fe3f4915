"""`posthorn source`: sources and how they are, and the words that must stand beside jobs."""

import json
from typing import Any

import httpx
import respx
from typer.testing import CliRunner

from posthorn.main import app

URL = "http://127.0.0.1:8080"
DAY = {"day": "2026-11-20", "requests": 9, "pages": 3, "failed": 1, "postings": 200, "new": 17, "seconds": 4.0,
       "errors": {"http_503": 4}}  # fmt: skip
TERMS = {"allowed_use": "personal", "attribution": "Jobs by Remotive", "attribution_url": "https://remotive.com",
         "retention_days": 30, "url": None, "good_for": "remote jobs"}  # fmt: skip
SOURCE = {
    "name": "remotive", "state": "degraded", "because": ["1 of 3 pages failed on 2026-11-20: 4x http_503"],
    "base_url": "https://remotive.com", "credentials_missing": [], "appeared_fields": ["salary_v2"], "latest": DAY,
    "quotas": [{"per": "day", "allowed": 24, "used": 9, "resets_at": "2026-11-21T07:00:00Z"}], "terms": TERMS,
    "days": [DAY], "feeds": [
        {"feed": "acme", "left_out": None, "sweep": {
            "finished_at": "2026-11-20T07:00:00Z", "postings": 120, "missing": 5, "closed": 3, "closed_in_all": 12,
            "held": False}},
        {"feed": "umbrella", "left_out": "pages_left_out", "sweep": None},
    ],
}  # fmt: skip


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


@respx.mock
def test_the_list_shows_state_and_reason() -> None:
    respx.get(f"{URL}/sources").mock(return_value=httpx.Response(200, json=[SOURCE]))
    shown = run("source", "list").stdout
    assert "remotive  degraded" in shown
    assert "http_503" in shown
    assert "17" in shown


@respx.mock
def test_one_source_shows_quotas_terms_and_days() -> None:
    respx.get(f"{URL}/sources/remotive").mock(return_value=httpx.Response(200, json=SOURCE))
    shown = run("source", "show", "remotive").stdout
    for part in ("9 of 24 a day", "Jobs by Remotive https://remotive.com", "30 days", "2026-11-20", "salary_v2"):
        assert part in shown
    words = " ".join(shown.split())
    assert "acme: read whole 2026-11-20T07:00, 120 postings, 5 missing, 3 closed by it, 12 in all" in words
    assert "umbrella: not read whole: pages_left_out" in words
    assert json.loads(run("source", "show", "remotive", "--json").stdout) == SOURCE


@respx.mock
def test_pause_and_resume_are_asked_of_the_gateway() -> None:
    asked = [respx.post(f"{URL}/sources/remotive/{verb}").respond(json=SOURCE) for verb in ("pause", "resume")]
    assert [run("source", verb, "remotive").exit_code for verb in ("pause", "resume")] == [0, 0]
    assert [route.call_count for route in asked] == [1, 1]


@respx.mock
def test_jobs_are_shown_with_what_their_sources_demand_once() -> None:
    campaign = {"campaign_id": "0b7c6d1e-0000-4000-8000-000000000000", "campaign_name": "Mine"}
    job = {
        "title": "T", "company": "C", "rank": {"rank_score": 1.0}, "places": [], "remote_type": None, "salary": None,
        "hash_key": "a" * 32, "attribution": {"text": "Jobs by Remotive", "url": "https://remotive.com"},
    }  # fmt: skip
    respx.get(f"{URL}/campaigns").respond(json=[campaign])
    shared = {"postings": 2, "places": [], "sources": [{"source": "x", "attribution": {"text": "From X", "url": None}}]}
    page = {"items": [job, job, {**job, "attribution": None, "source": "y", "cluster": shared}], "next_cursor": None}
    respx.get(f"{URL}/campaigns/{campaign['campaign_id']}/jobs").respond(json=page)
    listed = run("jobs", "Mine").stdout
    assert [listed.count(words) for words in ("Jobs by Remotive https://remotive.com", "From X", "also at x")] == [
        1,
        1,
        1,
    ]
