"""A source that is one file is known to extractor, normalizer, command, fake provider and documents by that alone."""

import asyncio
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from common.database.embedded import EmbeddedPostgres
from posthorn.embedded import embedded
from posthorn.fake_provider.app import Provider, running_provider
from posthorn.main import app
from sources.documents import FIELDS, SOURCES, documents
from sources.registry import register, unregister
from tests.support.data import REPOSITORY
from tests.support.stack import CAMPAIGN

TINY = '''
"""A board in one file."""

from sources.adapter import SourceAdapter
from sources.item import Item
from sources.page import list_in
from sources.settings import SourceSettings
from sources.terms import Terms
from common.contracts import SourcePosting


class Tiny(SourceAdapter):
    """The tiny board, whole."""

    name = "tiny"
    settings = SourceSettings(base_url="https://tiny.example")
    terms = Terms(allowed_use="any", good_for="showing that a source is one file")
    example = {"offers": [{"no": "T-1", "what": "Data Engineer", "who": "Acme", "where": "https://tiny.example/T-1",
                           "text": "Python.", "colour": "blue"}]}

    async def fetch(self, client, request):
        return await client.get("/offers")

    def items(self, payload):
        return list_in(payload, "offers")

    def map_to_common(self, item, feed=""):
        fields = Item(item)
        return SourcePosting(
            source_job_id=fields.text("no") or "", title=fields.line("what"), company=fields.line("who"),
            url=fields.link("where"), description_text=fields.text("text"), extra=fields.rest(),
        )


ADAPTER = Tiny()
'''


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[str]:
    file = tmp_path / "tiny.py"
    file.write_text(TINY)
    spec = importlib.util.spec_from_file_location("tiny", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    register(module.ADAPTER)
    yield "tiny"
    unregister("tiny")


def command(*words: str) -> Any:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_documents_and_the_command_know_it(tiny: str, tmp_path: Path) -> None:
    written = documents(REPOSITORY)
    assert "| `what` | `title` |" in written[FIELDS].partition("## tiny")[2].partition("\n## ")[0]
    assert "showing that a source is one file" in written[SOURCES]
    page = tmp_path / "page.json"
    page.write_text(json.dumps({"offers": [{"no": 7, "what": "Nurse", "who": "Acme", "colour": "red"}]}))
    (line,) = command("map", "tiny", str(page)).splitlines()
    assert (json.loads(line)["title"], json.loads(line)["extra"]) == ("Nurse", {"colour": "red"})


@pytest.mark.timeout(120)
async def test_it_is_read_normalised_and_listed(tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AMQP_URL", "POSTHORN_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    with running_provider(Provider(postings=30)) as provider, EmbeddedPostgres(tmp_path / "postgres") as postgres:
        for variable, value in provider.environment.items():
            monkeypatch.setenv(variable, value)
        async with embedded(postgres.url, tmp_path, "127.0.0.1", 0) as running:
            monkeypatch.setenv("POSTHORN_URL", running.url)
            run = await _run(running.url)
            listed = json.loads(await asyncio.to_thread(command, "source", "list", "--json"))
    assert (run["status"], run["books"]["balanced"], run["books"]["fetched"]) == ("succeeded", True, 30)
    assert run["books"]["new"] + run["books"]["duplicate"] == 30
    (shown,) = (source for source in listed if source["name"] == "tiny")
    assert shown["feeds"][0]["last_items"] == 30


async def _run(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        campaign = (await http.post("/campaigns", json=CAMPAIGN)).raise_for_status().json()["campaign_id"]
        sources = {"sources": [{"source": "tiny"}]}
        begun = (await http.post(f"/campaigns/{campaign}/runs", json=sources)).raise_for_status().json()
        async with asyncio.timeout(60):
            while (run := (await http.get(f"/runs/{begun['run_id']}")).json())["state"] == "running":  # noqa: ASYNC110 - a run is asked for
                await asyncio.sleep(0.05)
        found: dict[str, Any] = run
        return found
