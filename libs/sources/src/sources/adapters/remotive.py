"""Remotive's public API: `/api/remote-jobs`, all its postings in one answer, a day late; at most four reads a day."""

from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting, SourceQuery
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in, param_faults, path_safe
from sources.quota import Quota
from sources.settings import SourceSettings
from sources.terms import Terms

_PARAMS = {"category", "company_name", "search"}
_EXAMPLE: dict[str, Any] = {
    "00-warning": "An example in Posthorn's own words",
    "0-legal-notice": "Link back to Remotive and name it as the source.",
    "job-count": 1,
    "total-job-count": 1,
    "jobs": [
        {
            "id": 9900001,
            "url": "https://remotive.example/remote-jobs/software-dev/backend-engineer-9900001",
            "title": "Backend Engineer (Python)",
            "company_name": "Quillstone",
            "company_logo": "https://remotive.example/job/9900001/logo",
            "company_logo_url": "https://remotive.example/job/9900001/logo",
            "category": "Software Development",
            "tags": ["python", "postgresql", "rabbitmq"],
            "job_type": "full_time",
            "publication_date": "2026-11-17T08:15:00",
            "candidate_required_location": "Canada, Europe",
            "salary": "$90k - $120k",
            "description": "<p>Quillstone prints books on demand. You keep the orders moving: <b>Python</b>, queues "
            "and a database that must not lose a page.</p><ul><li>Work from anywhere in Canada or Europe</li></ul>",
        }
    ],
}


class Remotive(SourceAdapter):
    """All postings, or those of `params: {category: software-dev}`, `{search: python}`, `{company_name: acme}`."""

    name = "remotive"
    settings = SourceSettings(
        base_url="https://remotive.com", requests_per_minute=2, concurrency=1, quotas=(Quota(requests=4, per="day"),)
    )
    terms = Terms(
        allowed_use="Sharing the postings further, with a link back and Remotive named as the source; not passing them "
        "to other job boards (Jooble, Neuvoo, Google Jobs, LinkedIn); not collecting sign-ups to show them.",
        attribution="Source: Remotive",
        attribution_url="https://remotive.com",
        url="https://remotive.com/api-documentation",
        good_for="Remote jobs checked by hand, mostly in software; shown with a delay of 24 hours",
    )
    lists_all = True
    example = _EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """The whole list, or the part that the query's parameters choose."""
        return await client.get("/api/remote-jobs", request.source.params)

    def items(self, payload: Any) -> list[Any]:
        """The postings of `jobs`."""
        return list_in(payload, "jobs")

    def check(self, query: SourceQuery) -> list[str]:
        """Only filters that Remotive knows."""
        return param_faults(query, _PARAMS)

    def feed(self, query: SourceQuery) -> str:
        """The filters."""
        return path_safe(query.feed)

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Where candidates may live is the place; pay is words."""
        fields = Item(item)
        identity = fields.text("id")
        if identity is None:
            raise MappingError("id_missing", "a Remotive posting without id")
        pay = fields.line("salary")
        category = fields.line("category")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("title"),
            company=fields.line("company_name"),
            url=fields.link("url"),
            description_html=fields.text("description"),
            places=_places(fields),
            employment_types=fields.strings("job_type"),
            remote="remote",
            tags=[*fields.strings("tags"), *([category] if category else [])],
            pay=OfferedPay(text=pay) if pay else None,
            posted_at=fields.moment("publication_date"),
            extra=fields.rest(),
        )


def _places(fields: Item) -> list[Place]:
    named = fields.line("candidate_required_location") or ""
    return [Place(text=part.strip()) for part in named.split(",") if part.strip()]


ADAPTER = Remotive()
