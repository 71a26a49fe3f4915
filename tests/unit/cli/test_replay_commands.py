"""`posthorn replay`, `backfill` and `bronze`: what they ask the gateway for, what they show, how they end."""

import json
from typing import Any

import httpx
import pytest
import respx
from typer.testing import CliRunner

from posthorn.main import app

URL = "http://127.0.0.1:8080"
BOOKS = {
    "fetched": 2, "new": 0, "updated": 1, "unchanged": 1, "duplicate": 0, "rejected": 0, "failed": 0, "open": 0,
    "balanced": True, "reasons": {},
}  # fmt: skip
ENDED = {
    "run_id": "replay-1", "state": "completed", "status": "succeeded", "replay_of": None, "books": BOOKS, "stages": [],
    "errors": [], "failed_units": 0,
}  # fmt: skip
EXAMPLE = {"hash_key": "1" * 32, "before": "Enginer [x]", "after": None}
FIELD = {"stage": "normalize", "field": "title", "postings": 7, "rules_version": "2", "examples": [EXAMPLE]}
DIFF = {"run_id": "replay-1", "dry_run": True, "fields": [FIELD]}
PAGE_ID = "0b7c6d1e-0000-4000-8000-000000000000"
PAGE = {
    "id": PAGE_ID, "run_id": "r1", "source": "lever", "feed": "acme", "page": 1, "items": 9, "bytes": 10,
    "archive_key": "bronze/lever/acme/page=0001.json.gz", "fetched_at": "2026-11-20T07:00:00Z", "removed_at": None,
    "error": None,
}  # fmt: skip


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTHORN_URL", raising=False)
    monkeypatch.delenv("POSTHORN_API_KEY", raising=False)
    monkeypatch.setattr("posthorn.output.screen.width", 250)


def run(*words: str) -> Any:
    return CliRunner().invoke(app, words)


def answers(path: str, body: Any, method: str = "GET", status: int = 200) -> respx.Route:
    return respx.route(method=method, url__startswith=f"{URL}{path}").mock(
        httpx.Response(status, content=json.dumps(body))
    )


@respx.mock
def test_a_replay_is_followed_to_its_end_and_its_diff_shown() -> None:
    begun = answers("/runs/replay", {"run_id": "replay-1"}, "POST", 202)
    answers("/runs/replay-1/diff", DIFF)
    answers("/runs/replay-1", ENDED)
    result = run("replay", "--from", "2026-11-01", "--source", "lever", "--dry-run")
    assert result.exit_code == 0, result.output
    assert json.loads(begun.calls[0].request.content) == {
        "from": "2026-11-01", "sources": ["lever"], "run_ids": [], "dry_run": True
    }  # fmt: skip
    assert "what would change" in result.stdout
    assert "7  title" in result.stdout
    assert '"Enginer [x]" -> null' in result.stdout


@respx.mock
def test_a_backfill_that_a_source_cannot_do_ends_with_code_4() -> None:
    answers("/campaigns", [{"campaign_id": "c1", "campaign_name": "data"}])
    begun = answers("/runs/backfill", {"run_id": "replay-1"}, "POST", 202)
    answers("/runs/replay-1", ENDED | {"status": "failed", "errors": ["start: cannot backfill lever"]})
    result = run("backfill", "data", "--from", "2026-11-01", "--to", "2026-11-02", "--source", "lever:board=acme")
    assert result.exit_code == 4
    assert "cannot backfill lever" in result.stdout
    assert json.loads(begun.calls[0].request.content)["sources"][0]["params"] == {"board": "acme"}


@respx.mock
def test_pages_are_listed_and_printed_by_id_and_by_key() -> None:
    listed = answers("/pages?", [PAGE])
    answers(f"/pages/{PAGE_ID}/raw", {"ingest": 1})
    by_key = answers("/pages/raw", {"ingest": 2})
    assert PAGE["archive_key"] in run("bronze", "ls", "--date", "2026-11-20").stdout
    assert dict(listed.calls[0].request.url.params) == {"from": "2026-11-20", "to": "2026-11-20", "limit": "100"}
    assert json.loads(run("bronze", "cat", PAGE_ID).stdout) == {"ingest": 1}
    assert json.loads(run("bronze", "cat", str(PAGE["archive_key"])).stdout) == {"ingest": 2}
    assert by_key.calls[0].request.url.params["key"] == PAGE["archive_key"]


@respx.mock
def test_a_check_goes_on_to_its_end_and_fails_with_what_it_found() -> None:
    fault = {"id": PAGE_ID, "archive_key": "k1", "fault": "damaged", "detail": "sha256 is 1, expected 2"}
    parts = [
        {"checked": 500, "removed": 0, "faults": [fault], "next": PAGE_ID},
        {"checked": 3, "removed": 1, "faults": [], "next": None},
    ]
    checked = respx.get(url__startswith=f"{URL}/bronze/check").mock(
        side_effect=[httpx.Response(200, json=part) for part in parts]
    )
    answers("/bronze/unindexed", {"objects": 505, "unindexed": 2, "keys": ["k2"]})
    result = run("bronze", "verify", "--run", "r1")
    assert result.exit_code == 1
    assert checked.calls[1].request.url.params["after"] == PAGE_ID
    for words in ("damaged: k1", "not indexed: k2", "and 1 more", "503 pages checked, 1 damaged or missing, 1 expired"):
        assert words in result.stdout
