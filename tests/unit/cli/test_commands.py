"""The command line: what it understands, what it says, how it ends."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
import typer
from typer.testing import CliRunner

from posthorn.campaign import parse_source
from posthorn.main import app

URL = "http://127.0.0.1:8080"
CAMPAIGN = {"campaign_id": "0b7c6d1e-0000-4000-8000-000000000000", "campaign_name": "Mine", "query": "q"}


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTHORN_URL", raising=False)
    monkeypatch.delenv("POSTHORN_API_KEY", raising=False)


def test_a_source_is_written_as_name_and_parameters() -> None:
    assert parse_source("greenhouse:board=acme") == {"source": "greenhouse", "params": {"board": "acme"}}
    assert parse_source("sample") == {"source": "sample", "params": {}}


@pytest.mark.parametrize("written", ["", ":board=acme", "greenhouse:acme", "files:path"])
def test_a_source_of_another_form_is_refused(written: str) -> None:
    with pytest.raises(typer.BadParameter, match="not of the form"):
        parse_source(written)


@respx.mock
def test_nobody_at_the_gateway_ends_with_3_and_says_what_to_do() -> None:
    respx.get(f"{URL}/campaigns").mock(side_effect=httpx.ConnectError("refused"))
    result = run("campaign", "list")
    assert result.exit_code == 3
    assert "posthorn up" in result.stderr


@respx.mock
def test_problem_details_become_words_and_exit_code_1() -> None:
    problem = {
        "title": "The request is not valid",
        "status": 422,
        "errors": [{"pointer": "/body/country", "detail": "bad"}],
    }
    respx.post(f"{URL}/campaigns").mock(return_value=httpx.Response(422, json=problem))
    words = ["campaign", "create", "--name", "n", "--query", "q", "--country", "x", "--email", "e"]
    result = run(*words)
    assert result.exit_code == 1
    assert "country: bad" in result.stderr


@respx.mock
def test_json_is_the_only_thing_on_standard_output() -> None:
    respx.get(f"{URL}/campaigns").mock(return_value=httpx.Response(200, json=[CAMPAIGN]))
    result = run("campaign", "list", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [CAMPAIGN]


@respx.mock
def test_a_run_that_does_not_succeed_ends_with_4() -> None:
    respx.get(f"{URL}/campaigns").mock(return_value=httpx.Response(200, json=[CAMPAIGN]))
    started = httpx.Response(202, json={"run_id": "r1"})
    respx.post(f"{URL}/campaigns/{CAMPAIGN['campaign_id']}/runs").mock(return_value=started)
    ended = httpx.Response(200, json={"run_id": "r1", "state": "completed", "status": "partial"})
    respx.get(f"{URL}/runs/r1").mock(return_value=ended)
    assert run("run", "start", "Mine", "--json").exit_code == 4


@respx.mock
def test_a_run_is_followed_past_a_gateway_that_is_away_for_a_moment() -> None:
    away = httpx.Response(503, json={"title": "Not available", "status": 503})
    running = httpx.Response(200, json={"run_id": "r1", "state": "running", "status": "running"})
    ended = httpx.Response(200, json={"run_id": "r1", "state": "completed", "status": "succeeded"})
    respx.get(f"{URL}/runs/r1").mock(side_effect=[running, away, httpx.ConnectError("refused"), ended])
    assert run("run", "watch", "r1", "--json").exit_code == 0


@respx.mock
def test_nobody_at_the_gateway_of_a_run_to_follow_is_told_at_once_with_how_to_go_on() -> None:
    asked = respx.get(f"{URL}/runs/r1").mock(side_effect=httpx.ConnectError("refused"))
    result = run("run", "watch", "r1")
    assert result.exit_code == 3
    assert "posthorn run watch r1" in result.stderr
    assert asked.call_count == 1


@respx.mock
def test_a_name_that_two_campaigns_share_is_not_guessed() -> None:
    respx.get(f"{URL}/campaigns").mock(return_value=httpx.Response(200, json=[CAMPAIGN, CAMPAIGN]))
    result = run("campaign", "show", "Mine")
    assert result.exit_code == 1
    assert "more than one" in result.stderr


@respx.mock
def test_the_api_key_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHORN_API_KEY", "sesame")
    route = respx.get(f"{URL}/campaigns").mock(return_value=httpx.Response(200, json=[]))
    assert run("campaign", "list").exit_code == 0
    assert route.calls.last.request.headers["X-API-Key"] == "sesame"


@pytest.mark.parametrize(("words", "recreate"), [([], False), (["--recreate-silent-queues"], True)])
def test_migrate_deletes_queues_that_store_nothing_only_when_told_to(
    words: list[str], recreate: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[object, bool]] = []

    async def prepare(url: str, folder: Path, amqp_url: str | None, namespace: str, *, recreate: bool) -> None:
        asked.append((namespace, recreate))

    monkeypatch.setattr("posthorn.up.prepare", prepare)
    monkeypatch.setattr("posthorn.up.configure_logging", lambda *_: None)  # it would keep the runner's stderr
    monkeypatch.setenv("POSTHORN_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("NAMESPACE", "mine")
    assert run("migrate", *words).exit_code == 0
    assert asked == [("mine", recreate)]
