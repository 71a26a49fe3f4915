"""`posthorn fake-provider`: what it prints, serves and refuses."""

import json
from datetime import UTC, datetime
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


def test_comments_of_hacker_news_are_served_by_the_time_asked_for(served: Served) -> None:
    CliRunner().invoke(app, ["fake-provider", "--source", "hackernews", "--postings", "1000"])
    http = TestClient(served[0])

    def hits(tags: str, first: str, end: str) -> list[Any]:
        low, high = (int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) for day in (first, end))
        asked = {"tags": tags, "hitsPerPage": "500", "numericFilters": f"created_at_i>={low},created_at_i<{high}"}
        found: list[Any] = http.get("/hackernews/search_by_date", params=asked).json()["hits"]
        return found

    comments = hits("comment,(story_46000000)", "2026-11-05", "2026-11-07")
    days = [datetime.fromtimestamp(comment["created_at_i"], UTC).day for comment in comments]
    assert days == [6] * 24 + [5] * 24
    assert [thread["objectID"] for thread in hits("story,author_whoishiring", "2026-10-06", "2026-11-07")] == [
        "46000000"
    ]
    assert hits("story,author_whoishiring", "2026-08-06", "2026-09-07") == []


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
