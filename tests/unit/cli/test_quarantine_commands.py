"""`posthorn quarantine`: what it asks the gateway for, what it shows, how it ends."""

import json
from typing import Any

import httpx
import pytest
import respx
from rich.console import Console
from typer.testing import CliRunner

from posthorn import screens
from posthorn.main import app

URL = "http://127.0.0.1:8080"
ENTRY = {
    "id": "0b7c6d1e-0000-4000-8000-000000000000", "created_at": "2026-11-21T03:58:03Z", "run_id": "r1", "unit_id": "u",
    "stage": "enrich", "event_type": "postings.normalized.v1", "is_message": False, "reason": "killer",
    "error": "killed by\nSIGSEGV", "reference": "k", "attempts": 0, "state": "open", "replay_run_id": None,
}  # fmt: skip
SELECTED = {"groups": [{"run_id": "r1", "ids": [ENTRY["id"]] * 2}], "more": False, "skipped": [], "replayed_by": []}
BEGUN = {
    "runs": [{"run_id": "replay-1", "replay_of": "r1", "entries": 2}], "detail": "Two.", "more": False,
    "skipped": [{"reason": "run_unknown", "detail": "Not ours.", "ids": ["x"]}], "replayed_by": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTHORN_URL", raising=False)
    monkeypatch.delenv("POSTHORN_API_KEY", raising=False)
    monkeypatch.setattr("posthorn.output.screen.width", 250)


def run(*words: str, says: str | None = None) -> Any:
    return CliRunner().invoke(app, ["quarantine", *words], input=says)


def answers(path: str, body: Any, method: str = "POST", status: int = 200) -> respx.Route:
    return respx.route(method=method, url=f"{URL}/quarantine{path}").mock(
        httpx.Response(status, content=json.dumps(body))
    )


@respx.mock
def test_the_list_is_of_all_services_and_one_that_is_away_is_named() -> None:
    answers("/ranker", {"items": [ENTRY], "next_cursor": None}, "GET")
    respx.route(method="GET", url__regex=f"{URL}/quarantine/(extractor|normalizer|gateway|notifier)").mock(
        httpx.Response(200, json={"items": [], "next_cursor": None})
    )
    answers("/enricher", {"title": "enricher is not available", "status": 503}, "GET", 503)
    result = run("list", "--reason", "killer")
    assert result.exit_code == 1
    assert "enricher is not available" in result.stderr
    assert ENTRY["id"] in result.stdout
    asked = [call.request.url.params for call in respx.calls]
    assert len(asked) == 6
    assert all((p["reason"], p["state"]) == ("killer", "open") for p in asked)


@respx.mock
def test_a_replay_is_begun_only_after_a_yes() -> None:
    answers("/enricher/select", SELECTED)
    begun = answers("/enricher/replay", BEGUN, status=202)
    assert run("replay", "enricher", "--reason", "killer", says="n\n").exit_code == 1
    assert not begun.called
    result = run("replay", "enricher", "--reason", "killer", "--no-wait", says="y\n")
    assert result.exit_code == 0
    assert "Replay 2 of enricher?" in result.stderr
    assert json.loads(begun.calls.last.request.content) == {"reason": "killer"}
    assert "replay-1: 2 of r1" in result.stdout
    assert "1 left out, run_unknown" in result.stdout


@respx.mock
def test_a_replay_that_does_not_succeed_ends_with_4() -> None:
    answers("/enricher/replay", BEGUN, status=202)
    ended = {"run_id": "replay-1", "state": "completed", "status": "partial"}
    respx.get(f"{URL}/runs/replay-1").mock(httpx.Response(200, json=ended))
    result = run("replay", "enricher", ENTRY["id"], "--yes", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["ended"] == [ended]


@respx.mock
def test_discarding_needs_a_reason() -> None:
    done = answers("/enricher/discard", {"discarded": 2})
    assert run("discard", "enricher", ENTRY["id"], "--yes").exit_code == 2
    assert not done.called
    result = run("discard", "enricher", ENTRY["id"], "--because", "spam", "--yes")
    assert result.stdout == "discarded 2\n"
    assert json.loads(done.calls.last.request.content) == {"ids": [ENTRY["id"]], "because": "spam"}


@respx.mock
def test_an_entry_is_shown_with_its_payload_as_it_came() -> None:
    odd = {"title": "[red]x[/]", "half": "\ud800"}
    done = [{"at": "2026-11-21T04:00:00Z", "action": "replayed", "reason": "", "run_id": "replay-1"}]
    answers(f"/enricher/{ENTRY['id']}", ENTRY | {"item": odd, "event": {}, "headers": {}, "history": done}, "GET")
    shown = run("show", "enricher", ENTRY["id"])
    assert shown.exit_code == 0
    assert '"[red]x[/]"' in shown.stdout
    assert "replayed replay-1" in shown.stdout
    assert json.loads(run("show", "enricher", ENTRY["id"], "--json").stdout)["item"] == odd


def test_a_run_with_something_set_aside_says_where_to_look() -> None:
    books = dict.fromkeys(screens.OUTCOMES, 0) | {"fetched": 3, "open": 0, "balanced": True, "reasons": {}}
    ended = {"run_id": "r1", "status": "succeeded", "stages": [], "errors": [], "failed_units": 0, "replay_of": "r0"}
    assert "posthorn quarantine list --run r1" not in _shown(ended | {"books": books})
    shown = _shown(ended | {"books": books | {"rejected": 3}})
    assert "posthorn quarantine list --run r1" in shown
    assert "replay of r0" in shown


def _shown(ended: dict[str, Any]) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(screens.run(ended))
    return capture.get()
