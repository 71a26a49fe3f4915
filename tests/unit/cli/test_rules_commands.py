"""`posthorn rules`: what it asks the gateway for and what it shows."""

import json
from pathlib import Path

import httpx
import pytest
import respx
from typer.testing import CliRunner

from posthorn.main import app

URL = "http://127.0.0.1:8080"
VERSION = "3f2a9c01d4e5"
HERE = {
    "service": "ranker", "files": ["ranking.yml", "taxonomy/places.yml"], "activation": 1, "version": VERSION,
    "in_use": "shipped", "refused": "ranking.yml: no [field]",
}  # fmt: skip
RULES = {
    "activation": 1, "version": VERSION, "applies": "posthorn replay applies these",
    "sets": [{"version": VERSION, "files": ["ranking.yml"], "added_at": "2026-11-21T12:00:00Z", "active": True}],
    "services": [
        {"service": "ranker", "state": "refused", "rules": HERE},
        {"service": "enricher", "state": "away", "rules": None},
    ],
    "changes": [
        {"at": "2026-11-21T12:01:00Z", "action": "activated", "version": VERSION, "activation": 1, "by": "ann",
         "reason": "[new] weights", "run_id": None},
    ],
}  # fmt: skip
SET = {"version": VERSION, "files": {"ranking.yml": "a: 1\n"}}


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthorn.output.screen.width", 200)
    monkeypatch.setattr("posthorn.output.errors.width", 200)
    monkeypatch.setenv("POSTHORN_URL", URL)


def run(*arguments: str, ends: int = 0) -> str:
    done = CliRunner().invoke(app, ["rules", *arguments])
    assert done.exit_code == ends, done.output
    return done.output


def answered(path: str, body: object, status: int = 200) -> respx.Route:
    return respx.post(f"{URL}{path}").mock(return_value=httpx.Response(status, json=body))


def asked(route: respx.Route) -> dict[str, object]:
    return dict(json.loads(route.calls.last.request.content))


@respx.mock
def test_the_list_says_what_is_in_use_where_and_who_did_what() -> None:
    respx.get(f"{URL}/rules").mock(return_value=httpx.Response(200, json=RULES))
    shown = run("list")
    for words in (VERSION, "refused", "no [field]", "away", "activated #1", "[new] weights", "2026-11-21 12:01"):
        assert words in shown
    assert json.loads(run("list", "--json")) == RULES


@respx.mock
def test_files_are_added_under_the_longest_name_that_their_path_ends_with(tmp_path: Path) -> None:
    respx.get(f"{URL}/rules").mock(return_value=httpx.Response(200, json=RULES))
    route = answered("/rules", SET, 201)
    places, other = tmp_path / "taxonomy" / "places.yml", tmp_path / "mine.yml"
    places.parent.mkdir()
    places.write_text("b: 2\n")
    other.write_text("a: 1\n")
    run("add", str(places), f"ranking.yml={other}", "--reason", "because", "--by", "ann")
    assert asked(route) == {
        "files": {"taxonomy/places.yml": "b: 2\n", "ranking.yml": "a: 1\n"}, "base": "active", "by": "ann",
        "reason": "because",
    }  # fmt: skip
    assert "taxonomy/places.yml" in run("add", str(other), "--reason", "x", ends=1)
    assert "cannot be read" in run("add", f"ranking.yml={tmp_path}/none", "--reason", "x", ends=1)
    errors = [{"pointer": "/body/files/ranking.yml", "detail": "ranker: at line 3"}]
    answered("/rules", {"title": "The rules cannot be used", "status": 422, "errors": errors}, 422)
    assert "files/ranking.yml: ranker: at line 3" in run("add", f"ranking.yml={other}", "--reason", "x", ends=1)


@respx.mock
def test_a_set_is_called_by_the_beginning_of_its_version() -> None:
    respx.get(f"{URL}/rules").mock(return_value=httpx.Response(200, json=RULES))
    route = answered(f"/rules/{VERSION}/activate", RULES)
    assert "posthorn replay applies these" in run("activate", VERSION[:6], "--reason", "because", "--by", "ann")
    assert asked(route) == {"by": "ann", "reason": "because"}
    assert "no rule set '3f'" in run("activate", "3f", "--reason", "because", ends=1)
    back = answered("/rules/rollback", RULES)
    run("rollback", "--reason", "worse", "--by", "ann")
    assert asked(back) == {"by": "ann", "reason": "worse"}
    respx.get(f"{URL}/rules/{VERSION}").mock(return_value=httpx.Response(200, json=SET))
    assert run("show", VERSION, "--file", "ranking.yml") == "a: 1\n"
    assert "it has ranking.yml" in run("show", VERSION, "--file", "dq.yml", ends=1)


@respx.mock
def test_a_diff_is_a_dry_run_whose_report_is_shown() -> None:
    respx.get(f"{URL}/rules").mock(return_value=httpx.Response(200, json=RULES))
    route = answered(f"/rules/{VERSION}/diff", {"run_id": "replay-1"}, 202)
    assert (
        run("diff", VERSION, "--from", "2026-11-14", "--source", "lever", "--by", "ann", "--no-wait").strip()
        == "replay-1"
    )
    assert asked(route) == {"from": "2026-11-14", "sources": ["lever"], "run_ids": [], "by": "ann"}
