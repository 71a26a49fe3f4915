"""`posthorn schedule` and `posthorn source add`: what they ask of the gateway, and what they say."""

import json
from typing import Any

import httpx
import pytest
import respx
from typer.testing import CliRunner

from posthorn.main import app

URL = "http://127.0.0.1:8080"
ID = "0b7c6d1e-0000-4000-8000-000000000000"
ACME = {"source": "greenhouse", "params": {"board": "acme"}}
CAMPAIGN = {"campaign_id": ID, "campaign_name": "Mine", "sources": [{"source": "sample", "params": {}}]}
SCHEDULE = {
    "campaign_id": ID, "campaign_name": "Mine", "source": None, "cron": "0 7 * * *", "time_zone": "America/Toronto",
    "paused": False, "is_active": True, "catch_up": "latest", "sla_minutes": 60,
    "next_starts": [{"local": "2026-11-22T07:00:00-05:00", "utc": "2026-11-22T12:00:00Z"}],
    "last_run_id": "20261121T120000Z-0b7c6d1e", "last_slot_at": "2026-11-21T12:00:00Z",
    "last_started_at": "2026-11-21T12:00:00Z", "last_state": "running", "last_sla_missed_at": "2026-11-21T13:00:01Z",
}  # fmt: skip
FOUND = {
    "address": "https://boards.greenhouse.io/acme", "source": ACME, "found_by": "address", "failure": None,
    "first_page": {"postings": 42, "more": False, "titles": ["Baker", "Cook"]}, "tried": [], "others": [],
}  # fmt: skip


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


@pytest.fixture(autouse=True)
def gateway(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("POSTHORN_URL", raising=False)
    with respx.mock(base_url=URL, assert_all_called=False) as mock:
        mock.get("/campaigns").respond(json=[CAMPAIGN])
        mock.get("/schedules").respond(json=[SCHEDULE])
        yield mock


def sent(route: respx.Route) -> Any:
    return json.loads(route.calls.last.request.content)


def test_the_list_shows_the_next_start_and_a_missed_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthorn.output.screen.width", 200)
    shown = run("schedule", "list").stdout
    assert "2026-11-22 07:00" in shown
    assert "SLA missed" in shown


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("partial", 4)])
def test_what_is_due_is_started_and_followed_to_its_end(gateway: respx.MockRouter, status: str, code: int) -> None:
    gateway.post("/schedules/start").respond(json={"run_ids": ["r1"]})
    gateway.get("/runs/r1").respond(json={"run_id": "r1", "state": "ended", "status": status})
    done = run("schedule", "start", "--json")
    assert (done.exit_code, json.loads(done.stdout)[0]["status"]) == (code, status)


def test_nothing_due_is_no_failure(gateway: respx.MockRouter) -> None:
    gateway.post("/schedules/start").respond(json={"run_ids": []})
    assert json.loads(run("schedule", "start", "--json").stdout) == []


def test_pausing_and_resuming_ask_for_that_campaign(gateway: respx.MockRouter) -> None:
    for how in ("pause", "resume"):
        route = gateway.post(f"/schedules/{ID}/{how}").respond(json=[SCHEDULE])
        assert run("schedule", how, "Mine", "--json").exit_code == 0
        assert route.called


def test_set_changes_what_is_given_and_takes_away_what_is_none(gateway: respx.MockRouter) -> None:
    route = gateway.patch(f"/campaigns/{ID}").respond(json=CAMPAIGN)
    words = ("--cron", "0 6 * * 1-5", "--time-zone", "Europe/Berlin", "--catch-up", "all", "--sla", "90")
    assert run("schedule", "set", "Mine", *words).exit_code == 0
    assert sent(route) == {
        "schedule_cron": "0 6 * * 1-5", "schedule_time_zone": "Europe/Berlin", "schedule_catch_up": "all",
        "sla_minutes": 90,
    }  # fmt: skip
    run("schedule", "set", "Mine", "--cron", "none", "--sla", "0")
    assert sent(route) == {"schedule_cron": None, "sla_minutes": None}


def test_a_source_of_the_campaign_gets_times_of_its_own(gateway: respx.MockRouter) -> None:
    route = gateway.patch(f"/campaigns/{ID}").respond(json=CAMPAIGN)
    assert run("schedule", "set", "Mine", "--source", "sample", "--cron", "0 0 * * *").exit_code == 0
    assert sent(route) == {"sources": [{"source": "sample", "params": {}, "schedule_cron": "0 0 * * *"}]}
    missing = run("schedule", "set", "Mine", "--source", "lever:board=x", "--cron", "0 0 * * *")
    assert missing.exit_code == 1
    assert "lever:board=x" in missing.stderr


@pytest.mark.parametrize("words", [(), ("--source", "sample", "--sla", "5")])
def test_what_cannot_be_set_is_refused_before_anything_is_asked(words: tuple[str, ...]) -> None:
    assert run("schedule", "set", "Mine", *words).exit_code == 2


def test_the_only_campaign_reads_what_was_recognised(gateway: respx.MockRouter) -> None:
    gateway.post("/sources/recognise").respond(json=FOUND)
    route = gateway.post(f"/campaigns/{ID}/sources").respond(json={**CAMPAIGN, "sources": [*CAMPAIGN["sources"], ACME]})
    result = run("source", "add", "https://boards.greenhouse.io/acme")
    assert result.exit_code == 0, result.output
    assert sent(route) == ACME
    assert "42 postings" in result.stdout
    assert "Baker" in result.stdout
    assert "'Mine' reads greenhouse:board=acme from now on" in " ".join(result.stdout.split())


def test_a_dry_run_adds_nothing_and_needs_no_campaign(gateway: respx.MockRouter) -> None:
    gateway.post("/sources/recognise").respond(json=FOUND)
    gateway.get("/campaigns").respond(json=[])
    result = run("source", "add", "boards.greenhouse.io/acme", "--dry-run", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["campaign"] is None


def test_without_a_campaign_the_command_that_makes_one_is_told(gateway: respx.MockRouter) -> None:
    gateway.post("/sources/recognise").respond(json=FOUND)
    gateway.get("/campaigns").respond(json=[])
    result = run("source", "add", "boards.greenhouse.io/acme")
    assert "--source greenhouse:board=acme" in " ".join(result.stdout.split())


def test_of_several_campaigns_none_is_guessed(gateway: respx.MockRouter) -> None:
    gateway.get("/campaigns").respond(json=[CAMPAIGN, {**CAMPAIGN, "campaign_name": "Other"}])
    recognise = gateway.post("/sources/recognise").respond(json=FOUND)
    result = run("source", "add", "boards.greenhouse.io/acme")
    assert result.exit_code == 1
    assert "Mine, Other" in result.stderr
    assert not recognise.called


@pytest.mark.parametrize(
    "found",
    [
        {**FOUND, "source": None, "first_page": None, "tried": ["the page carries no schema.org JobPosting"]},
        {**FOUND, "first_page": None, "failure": "http_404: no such board"},
    ],
)
def test_what_cannot_be_read_is_not_added_and_says_why(found: dict[str, Any], gateway: respx.MockRouter) -> None:
    gateway.post("/sources/recognise").mock(return_value=httpx.Response(200, json=found))
    result = run("source", "add", "https://acme.example/careers")
    assert result.exit_code == 1
    assert (found["failure"] or found["tried"][0]) in " ".join(result.stdout.split())
    assert "nothing was added" in result.stderr
