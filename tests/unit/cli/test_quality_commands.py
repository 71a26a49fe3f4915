"""`posthorn quality`: what it asks the gateway for and what it shows."""

import json
from typing import Any

import httpx
import pytest
import respx
from typer.testing import CliRunner

from posthorn.main import app

URL = "http://127.0.0.1:8080"
FAILED = {
    "reason": "job_untitled", "severity": "critical", "source": "", "verdict": "failed",
    "detail": "jobs_untitled is 1, exactly 0", "measure": "jobs_untitled", "value": 1, "usual": None, "threshold": 0,
    "sample": None, "evidence": {"units": [], "jobs": [{"hash_key": "a" * 32, "title": "", "company": "Acme"}]},
}  # fmt: skip
BLOCKED: dict[str, Any] = {
    "run_id": "r1", "gate": "blocked", "releasing": False, "judged_at": "2026-11-21T12:00:00Z", "rules_version": "2",
    "held_batches": 2, "held_jobs": 150, "results": [FAILED, FAILED | {"reason": "fine", "verdict": "passed"}],
    "decisions": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["quality", *arguments])
    return result.exit_code, result.output


@respx.mock
@pytest.mark.parametrize("arguments", [("r1",), ("show", "r1")])
def test_a_blocked_run_is_shown_with_its_reasons_and_fails_the_command(arguments: tuple[str, ...]) -> None:
    respx.get(f"{URL}/runs/r1/quality").mock(httpx.Response(200, json=BLOCKED))
    code, output = run(*arguments)
    assert code == 4
    for told in ("blocked", "150 jobs in 2 batches are held", "job_untitled", "exactly 0", "aaaaaaaa", "Acme"):
        assert told in output
    assert "fine" not in output
    assert "fine" in run(*arguments, "--all")[1]


@respx.mock
@pytest.mark.parametrize("what", ["release", "discard"])
def test_a_decision_names_who_and_why(what: str) -> None:
    decided = BLOCKED | {"gate": "released"}
    asked = respx.post(f"{URL}/runs/r1/quality/{what}").mock(httpx.Response(202, json=decided))
    code, output = run(what, "r1", "--reason", "looked", "--by", "ada", "--json")
    assert (code, json.loads(output)["gate"]) == (0, "released")
    assert json.loads(asked.calls[0].request.content) == {"by": "ada", "reason": "looked"}
    assert run(what, "r1")[0] == 2


def test_the_rules_are_shown_without_a_gateway() -> None:
    code, output = run("rules", "--json")
    rules = {rule["reason"]: rule for rule in json.loads(output)}
    assert (code, rules["rejected_share_high"]["severity"]) == (0, "critical")
    assert rules["rejected_share_high"]["holds_if"] == "rejected / fetched is at most 0.5; judged from 50 on"
    assert "source_volume_low" in run("rules")[1]
