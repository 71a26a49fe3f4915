"""Arbeitnow's job board API: `/api/job-board-api?page=n`, newest first, 100 postings a page, mostly in Germany."""

from typing import Any

from common.contracts import Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in, param_faults, path_safe
from sources.settings import SourceSettings
from sources.terms import Terms

_PARAMS = {"search", "visa_sponsorship"}
_EXAMPLE: dict[str, Any] = {
    "data": [
        {
            "slug": "data-analyst-bergwerk-digital-hamburg-100001",
            "company_name": "Bergwerk Digital GmbH",
            "title": "Data Analyst (m/w/d)",
            "description": "<p>Bergwerk Digital wertet Sensordaten von Windparks aus.</p>"
            "<ul><li>SQL und Python</li><li>Dashboards in Metabase</li></ul>",
            "remote": True,
            "url": "https://www.arbeitnow.example/jobs/companies/bergwerk-digital/data-analyst-hamburg-100001",
            "tags": ["Remote", "Data Analysis"],
            "job_types": ["Full-time permanent", "berufserfahren"],
            "location": "Hamburg",
            "created_at": 1795000000,
        }
    ],
    "links": {"first": "https://www.arbeitnow.example/api/job-board-api?page=1", "prev": None, "next": None},
    "meta": {"current_page": 1, "from": 1, "per_page": 100, "to": 1},
}


class Arbeitnow(SourceAdapter):
    """The whole board from its newest posting on, or `params: {search: python}`, `{visa_sponsorship: true}`."""

    name = "arbeitnow"
    settings = SourceSettings(base_url="https://www.arbeitnow.com", requests_per_minute=20, concurrency=1)
    terms = Terms(
        allowed_use="Free public API that must not be abused; the list changes every hour.",
        attribution="Source: Arbeitnow",
        attribution_url="https://www.arbeitnow.com",
        url="https://www.arbeitnow.com/terms",
        good_for="Jobs in Germany and remote ones in Europe, taken from employers' applicant systems",
    )
    example = _EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """One page; the cursor is the page number."""
        return await client.get("/api/job-board-api", {**request.source.params, "page": request.cursor or "1"})

    def items(self, payload: Any) -> list[Any]:
        """The postings of `data`."""
        return list_in(payload, "data")

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """The following number while the page names a next one; its address itself is not followed."""
        if not isinstance(payload, dict) or not payload.get("data"):
            return None
        links = payload.get("links")
        more = isinstance(links, dict) and values.link(links.get("next"))
        return str(int(request.cursor or 1) + 1) if more else None

    def check(self, query: SourceQuery) -> list[str]:
        """Only filters that Arbeitnow knows."""
        return param_faults(query, _PARAMS)

    def feed(self, query: SourceQuery) -> str:
        """The filters."""
        return path_safe(query.feed)

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """`job_types` mixes employment types and levels; whoever reads them knows which words are which."""
        fields = Item(item)
        identity = fields.text("slug")
        if identity is None:
            raise MappingError("id_missing", "an Arbeitnow posting without slug")
        place = fields.line("location")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("title"),
            company=fields.line("company_name"),
            url=fields.link("url"),
            description_html=fields.text("description"),
            places=[Place(text=place)] if place else [],
            employment_types=fields.strings("job_types"),
            remote=fields.take(values.remote, "remote"),
            tags=fields.strings("tags"),
            posted_at=fields.moment("created_at"),
            extra=fields.rest(),
        )


ADAPTER = Arbeitnow()
