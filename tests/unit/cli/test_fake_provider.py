"""`posthorn fake-provider`: what it prints, serves and refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from posthorn.main import app

Served = list[Any]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """The applications that would have been served."""
    found: Served = []
    monkeypatch.setattr(uvicorn, "run", lambda application, **_: found.append(application))
    return found


def test_the_variables_that_lead_to_it_are_printed(served: Served) -> None:
    result = CliRunner().invoke(
        app, ["fake-provider", "--port", "9191", "--source", "jsearch", "--source", "recruitee"]
    )
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "export JSEARCH_BASE_URL=http://127.0.0.1:9191/jsearch" in lines
    assert "export JSEARCH_API_KEY=fake-jsearch-api-key" in lines
    assert "export RECRUITEE_BASE_URL=http://127.0.0.1:9191/recruitee/{board}" in lines
    assert not any("LEVER" in line for line in lines)
    http = TestClient(served[0])
    assert http.get("/lever/v0/postings/acme").status_code == 404
    assert len(http.get("/recruitee/acme/api/offers/").json()["offers"]) == 100


def test_saved_payloads_and_faults_are_served(served: Served, tmp_path: Path) -> None:
    (tmp_path / "lever").mkdir()
    saved = [{"id": "1", "text": "Nurse"}]
    (tmp_path / "lever" / "acme_2026.json").write_text(json.dumps(saved))
    result = CliRunner().invoke(app, ["fake-provider", "--payloads", str(tmp_path), "--fault", "lever:server_error=1x"])
    assert result.exit_code == 0
    http = TestClient(served[0])
    assert http.get("/lever/v0/postings/acme").status_code == 503
    assert http.get("/lever/v0/postings/acme").json() == saved


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--source", "sample"], "no such source on the web: sample"),
        (["--fault", "flood=1"], "rate_limited"),
        (["--payloads", "/nowhere"], "there is no folder"),
    ],
)
def test_wrong_use_says_what_is_known(served: Served, words: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["fake-provider", *words])
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert served == []
