"""Real items of every source, as its adapter finds them in real payloads."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.contracts import Campaign, SourceQuery
from sources.adapter import PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.registry import adapter_of
from sources.settings import SourceSettings
from tests.support.payloads import load

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CAMPAIGN = Campaign(
    campaign_id="c1",
    version=1,
    campaign_name="Data in Toronto",
    query="data engineer",
    country="ca",
    location="Toronto",
)
#: Which mapping of config/files.yml is made for which dump in the shared data.
DUMPS = {
    "postings/glassdoor_ds_2020.jsonl.gz": "glassdoor_ds_2020",
    "postings/indeed_ml_2022.jsonl.gz": "indeed_ml_2022",
    "postings/jobspy_*.jsonl.gz": "jobspy",
    "postings/linkedin_2024.jsonl.gz": "linkedin_2024",
    "postings/linkedin_data_analyst_2020.jsonl.gz": "linkedin_data_analyst_2020",
    "postings/microsoft_careers.jsonl.gz": "microsoft_careers",
    "postings/remotejobs_org.jsonl.gz": "remotejobs_org",
    "jsearch/table_of_search_results_2026.jsonl.gz": "jsearch_table",
}


def request(source: str, params: dict[str, Any], cursor: str | None = None) -> PageRequest:
    """A page to read for a campaign that looks for data engineers in Toronto."""
    return PageRequest(SourceQuery(source=source, params=params), CAMPAIGN, 1, cursor, NOW)


def local_client(source: str, **settings: Any) -> SourceClient:
    """A client for sources that need no network."""
    return SourceClient(source, SourceSettings(**settings), now=lambda: NOW)


async def read_pages(adapter: SourceAdapter, client: SourceClient, params: dict[str, Any]) -> list[list[Any]]:
    """The items of all pages of a query, page by page."""
    pages: list[list[Any]] = []
    asked = request(adapter.name, params)
    while True:
        payload = (await adapter.fetch(client, asked)).payload
        pages.append(adapter.items(payload))
        cursor = adapter.next_cursor(payload, asked)
        if cursor is None:
            return pages
        asked = request(adapter.name, params, cursor)


async def real_items(source: str, folder: Path) -> list[Any]:
    """All real items of a source in the shared data; for `sample` its own."""
    payloads = load(folder)
    if source == "greenhouse":
        return [job for jobs in payloads.greenhouse.values() for job in jobs]
    if source == "lever":
        return [posting for postings in payloads.lever.values() for posting in postings]
    if source == "jsearch":
        return payloads.jsearch
    queries = _dump_queries(folder) if source == "files" else iter([{}])
    adapter, client = adapter_of(source), local_client(source)
    found = [item for params in queries for page in await read_pages(adapter, client, params) for item in page]
    if source == "sample":
        # Without its three broken ones.
        return [item for item in found if isinstance(item, dict) and item.get("id") and item.get("title")]
    return found


def _dump_queries(folder: Path) -> Iterator[dict[str, Any]]:
    return ({"path": str(folder / path), "mapping": mapping} for path, mapping in DUMPS.items())
