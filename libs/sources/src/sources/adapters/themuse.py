"""The Muse's public API: `/api/public/jobs?page=n`, 20 postings a page, of which it shows the first hundred pages."""

from typing import Any

from common.contracts import Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in, param_faults, path_safe
from sources.quota import Quota
from sources.settings import SourceSettings
from sources.terms import Terms

_PARAMS = {"category", "level", "location", "company"}
#: The API refuses pages from here on.
_PAGES = 100
_EXAMPLE: dict[str, Any] = {
    "page": 0,
    "page_count": 1,
    "items_per_page": 20,
    "took": 3,
    "timed_out": False,
    "total": 1,
    "results": [
        {
            "id": 88000001,
            "name": "Senior Product Designer",
            "short_name": "senior-product-designer-000001",
            "type": "external",
            "model_type": "jobs",
            "contents": "<p>Marlow &amp; Finch makes learning games. You shape how eight-year-olds meet fractions.</p>",
            "publication_date": "2026-11-16T21:05:00Z",
            "locations": [{"name": "Toronto, Canada"}, {"name": "Flexible / Remote"}],
            "categories": [{"name": "Design and UX"}],
            "levels": [{"name": "Senior Level", "short_name": "senior"}],
            "tags": [{"name": "Education", "short_name": "education"}],
            "refs": {"landing_page": "https://www.themuse.example/jobs/marlowfinch/senior-product-designer"},
            "company": {"id": 15009999, "short_name": "marlowfinch", "name": "Marlow & Finch"},
        }
    ],
}


class TheMuse(SourceAdapter):
    """All postings, or by `params: {category: Data Science, level: [Senior Level], location: "Toronto, Canada"}`."""

    name = "themuse"
    settings = SourceSettings(
        base_url="https://www.themuse.com", requests_per_minute=60, concurrency=2,
        quotas=(Quota(requests=500, per="hour"),),
    )  # fmt: skip
    terms = Terms(
        allowed_use="Free within the API's terms: 500 requests an hour without a key.",
        attribution="Source: The Muse",
        attribution_url="https://www.themuse.com",
        url="https://www.themuse.com/developers/api/v2/terms",
        good_for="Postings of employers with a profile at The Muse, mostly in the USA, each with a level",
    )
    example = _EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """One page; the cursor is its number, from 0."""
        return await client.get("/api/public/jobs", {**request.source.params, "page": request.cursor or "0"})

    def items(self, payload: Any) -> list[Any]:
        """The postings of `results`."""
        return list_in(payload, "results")

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """The following page that exists and may be asked for."""
        if not isinstance(payload, dict) or not payload.get("results"):
            return None
        following, pages = int(request.cursor or 0) + 1, values.amount(payload.get("page_count")) or 0
        return str(following) if following < min(pages, _PAGES) else None

    def check(self, query: SourceQuery) -> list[str]:
        """Only filters that The Muse knows."""
        return param_faults(query, _PARAMS)

    def feed(self, query: SourceQuery) -> str:
        """The filters."""
        return path_safe(query.feed)

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """ "Flexible / Remote" stands among the locations; it is a way of working, not a place."""
        fields = Item(item)
        identity = fields.text("id")
        if identity is None:
            raise MappingError("id_missing", "a posting of The Muse without id")
        places = fields.take(_names, "locations") or []
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("name"),
            company=fields.line("company.name", "company"),
            url=fields.link("refs.landing_page"),
            description_html=fields.text("contents"),
            places=[Place(text=place) for place in places if not _is_remote(place)],
            remote="remote" if any(map(_is_remote, places)) else None,
            seniority=", ".join(fields.take(_names, "levels") or []) or None,
            tags=(fields.take(_names, "categories") or []) + (fields.take(_names, "tags") or []),
            posted_at=fields.moment("publication_date"),
            extra=fields.rest(),
        )


def _is_remote(place: str) -> bool:
    return place.lower() in {"flexible / remote", "remote"}


def _names(value: Any) -> list[str] | None:
    """The names of a list of objects that say nothing but their name, long and short."""
    entries = values.objects(value)
    if entries not in (value, [value]) or not all(entry.keys() <= {"name", "short_name"} for entry in entries):
        return None
    names = [name for entry in entries if (name := values.one_line(entry.get("name")))]
    return names if len(names) == len(entries) else None


ADAPTER = TheMuse()
