"""`posthorn duplicates`: what it asks the gateway for and what it shows."""

import json

import httpx
import pytest
import respx
from typer.testing import CliRunner

from posthorn.main import app

URL = "http://127.0.0.1:8080"
ONE, OTHER = "a" * 32, "b" * 32
EVIDENCE = {
    "hash_key": OTHER, "title": "Baker [night]", "company": "Acme", "source": "lever", "matched": ONE,
    "reason": "same_text", "similarity": 0.976, "duplicate_class": "full", "kept_from": None, "kept_reason": None,
    "kept_similarity": None, "rules_version": "1",
}  # fmt: skip
MEMBER = EVIDENCE | {
    "source_job_id": "7", "url": None, "apply_url": "https://jobs.example.com/7", "places": [], "posted_at": None,
    "first_seen_at": "2026-11-20T12:00:00Z", "closed_at": None,
}  # fmt: skip
DECIDED = {
    "one": ONE,
    "other": OTHER,
    "verdict": "merge",
    "decided_by": "ada",
    "reason": "same oven",
    "decided_at": "x",
}
CLUSTER = {
    "cluster_id": ONE, "members": [MEMBER], "places": ["Leeds [UK]"], "first_seen_at": "2026-11-20T12:00:00Z",
    "sources": [{"source": "lever", "apply_url": "https://best.example.com"}],
    "fields": [{"field": "title", "value": "Baker", "source": "lever", "reason": "best_source", "others": 1}],
    "last_seen_at": "2026-11-21T12:00:00Z", "closed_at": None, "open": True, "decisions": [DECIDED],
}  # fmt: skip


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTHORN_URL", raising=False)
    monkeypatch.setattr("posthorn.output.screen.width", 250)


@respx.mock
def test_a_job_is_shown_with_the_evidence_for_each_posting() -> None:
    respx.get(f"{URL}/duplicates/{OTHER}").mock(httpx.Response(200, json=CLUSTER))
    shown = CliRunner().invoke(app, ["duplicates", "show", OTHER])
    assert shown.exit_code == 0
    for text in ("Baker [night]", "same_text (full)", "0.98", "Leeds [UK]", "by ada: same oven", "jobs.example.com/7",
                 "lever: https://best.example.com", "title as lever says (best_source, 1 differ): Baker",
                 "last seen 2026-11-21"):  # fmt: skip
        assert text in shown.stdout


@respx.mock
@pytest.mark.parametrize(
    ("arguments", "path", "body"),
    [
        (["split", OTHER], f"/duplicates/{OTHER}/split", {}),
        (["merge", ONE, OTHER], "/duplicates/merge", {"hash_keys": [ONE, OTHER]}),
    ],
    ids=["split", "merge"],
)
def test_decisions_are_sent_with_who_and_why(arguments: list[str], path: str, body: dict[str, object]) -> None:
    route = respx.post(f"{URL}{path}").mock(httpx.Response(200, json=CLUSTER))
    done = CliRunner().invoke(app, ["duplicates", *arguments, "--by", "ada", "--reason", "same oven", "--json"])
    assert json.loads(done.stdout) == CLUSTER
    assert json.loads(route.calls.last.request.content) == body | {"by": "ada", "reason": "same oven"}


@respx.mock
def test_lists_and_runs_tell_how_many_and_why() -> None:
    clusters = [{"cluster_id": ONE, "postings": 3, "title": "Baker", "company": "Acme", "sources": ["lever", "files"]}]
    respx.get(f"{URL}/duplicates").mock(httpx.Response(200, json={"clusters": clusters, "next": ONE}))
    listed = CliRunner().invoke(app, ["duplicates", "list"]).stdout
    assert all(text in listed for text in (ONE, "3", "lever, files", f"--after {ONE}"))
    apart = {"kept_from": ONE, "kept_reason": "texts_differ", "kept_similarity": 0.5}
    kept = EVIDENCE | {"matched": None, "reason": None} | apart
    told = {"merged": {"same_text": 2}, "classes": {"full": 2}, "kept_apart": {"texts_differ": 1}, "examples": [kept]}
    respx.get(f"{URL}/runs/r/dedupe-report").mock(httpx.Response(200, json=told))
    shown = CliRunner().invoke(app, ["duplicates", "report", "r"]).stdout
    assert all(text in shown for text in ("2 same_text", "1 texts_differ", "apart: texts_differ", "0.50"))
