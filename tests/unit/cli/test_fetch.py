"""`posthorn fetch`: pages of a source as lines, and what is said where there are none."""

import json
from typing import Any

import httpx
import pytest
import respx
from typer.testing import CliRunner

from posthorn.main import app

BOARD = "https://boards-api.greenhouse.io/v1/boards/acme/jobs"
JOBS = [{"id": n, "title": f"Job {n}", "company_name": "Acme"} for n in range(3)]
SEARCH = "https://api.openwebninja.com/jsearch/search"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> respx.Router:
    """What answers instead of the network."""
    router = respx.Router(assert_all_called=False)
    monkeypatch.setattr("sources.network.transport_to", lambda trusted: httpx.MockTransport(router.async_handler))
    return router


def run(*words: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, printed pages, what was said."""
    result = CliRunner().invoke(app, ["fetch", *words])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def test_a_page_is_printed_as_it_is_archived_and_maps(web: respx.Router) -> None:
    web.get(url__startswith=BOARD).respond(json={"jobs": JOBS})
    code, pages, said = run("https://boards.greenhouse.io/acme", "--run", "local-test")
    assert (code, said) == (0, "greenhouse/acme: 1 pages, 3 postings\n")
    (page,) = pages
    ingest = page["ingest"]
    assert (ingest["ingest_run_id"], ingest["source"], ingest["feed"], ingest["page"]) == (
        "local-test",
        "greenhouse",
        "acme",
        1,
    )
    mapped = CliRunner().invoke(app, ["map", "greenhouse", "-"], input=json.dumps(page))
    assert [json.loads(line)["title"] for line in mapped.stdout.splitlines()] == ["Job 0", "Job 1", "Job 2"]


@pytest.fixture
def jsearch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A search of five pages; the numbers of those that were asked for."""
    monkeypatch.setenv("JSEARCH_API_KEY", "canary-key")
    monkeypatch.setenv("JSEARCH_REQUESTS_PER_MINUTE", "60000")
    return []


def answer(request: httpx.Request, asked: list[str]) -> httpx.Response:
    number = request.url.params["page"]
    asked.append(number)
    jobs = [{"job_id": f"{number}-{n}", "job_title": "Nurse"} for n in range(10)]
    return httpx.Response(200, json={"status": "OK", "data": jobs if int(number) <= 5 else []})


def test_pages_from_one_on_are_printed_and_that_there_are_more_is_said(web: respx.Router, jsearch: list[str]) -> None:
    web.get(url__regex=r".*jsearch.*").mock(side_effect=lambda request: answer(request, jsearch))
    code, pages, said = run("jsearch", "--query", "nurse", "--page", "2", "--pages", "2")
    assert (code, [page["ingest"]["page"] for page in pages]) == (0, [2, 3])
    assert said == "jsearch: 2 pages, 20 postings; there are more: --pages\n"
    assert jsearch == ["1", "2", "3"]
    assert "canary-key" not in json.dumps(pages)


def test_a_page_that_is_none_ends_with_its_reason(web: respx.Router) -> None:
    web.get(url__startswith=BOARD).respond(404, json={"status": 404, "error": "Job not found"})
    code, pages, said = run("greenhouse:board=acme")
    assert (code, pages) == (1, [])
    assert "http_404" in said


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("lovr", "there is no source 'lovr'"),
        ("greenhouse", "needs params.board"),
        ("greenhouse:acme", "name:key=value"),
        ("https://acme.example/careers", "posthorn source add"),
        ("https://", "no web address"),
    ],
)
def test_what_is_no_source_is_refused_with_what_to_write(written: str, told: str) -> None:
    code, pages, said = run(written)
    assert (code, pages) == (2, [])
    assert told in " ".join(said.replace("│", " ").split())


def test_without_its_key_a_source_says_which_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JSEARCH_API_KEY", raising=False)
    code, pages, said = run("jsearch", "--query", "nurse")
    assert (code, pages) == (1, [])
    assert "set JSEARCH_API_KEY" in said
