"""`posthorn companies`: what it asks the gateway for and what it shows."""

import json

import httpx
import pytest
import respx
from typer.testing import CliRunner

from posthorn.main import app

URL = "http://127.0.0.1:8080/companies/queue"
ENTRY = {
    "company_lookup_key": "0123456789abcdef" * 2, "name": "Mercury [bank]", "domain": None,
    "enrichment_status": "not_found", "attempts": 0, "next_attempt_at": None, "last_error": None, "company_id": None,
    "reason": "ambiguous", "score": 100.0, "created_at": "2026-11-21T03:58:03Z", "updated_at": "2026-11-21T03:58:03Z",
}  # fmt: skip
QUEUE = {
    "asking": False, "detail": "Companies wait: GLASSDOOR_API_KEY not set.", "counts": {"not_found": 1},
    "items": [ENTRY], "next_cursor": None,
}  # fmt: skip


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTHORN_URL", raising=False)
    monkeypatch.setattr("posthorn.output.screen.width", 250)


@respx.mock
def test_the_list_shows_why_a_company_was_not_found_and_why_nobody_is_asked() -> None:
    route = respx.get(URL).mock(httpx.Response(200, json=QUEUE))
    shown = CliRunner().invoke(app, ["companies", "list", "--status", "not_found"])
    assert shown.exit_code == 0
    assert dict(route.calls.last.request.url.params) == {"limit": "50", "status": "not_found"}
    for text in (ENTRY["company_lookup_key"], "Mercury [bank]", "ambiguous 100", "1 not_found", "GLASSDOOR_API_KEY"):
        assert str(text) in shown.stdout
    assert json.loads(CliRunner().invoke(app, ["companies", "list", "--json"]).stdout) == QUEUE


@respx.mock
def test_a_refused_retry_is_told() -> None:
    respx.post(f"{URL}/k/retry").mock(httpx.Response(409, json={"title": "The look-up is success", "status": 409}))
    refused = CliRunner().invoke(app, ["companies", "retry", "k"])
    assert refused.exit_code == 1
    assert "The look-up is success" in refused.stderr
