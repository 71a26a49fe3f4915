"""Glassdoor company search (OpenWebNinja): `/realtime-glassdoor-data/company-search`; needs GLASSDOOR_API_KEY."""

from typing import Any

import msgspec

from sources.client import FetchedPage, SourceClient
from sources.errors import MappingError, PagePayloadError
from sources.item import Item
from sources.page import list_in
from sources.settings import SourceSettings
from sources.terms import Terms

_PATH = "/realtime-glassdoor-data/company-search"
#: What Glassdoor writes where it does not know.
_UNKNOWN = ("unknown", "n/a")


class CompanyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A company as the provider describes it; `size` in its own words, `rating` 0 to 5 (None: not rated)."""

    company_id: str
    name: str
    website: str | None = None
    industry: str | None = None
    size: str | None = None
    rating: float | None = None
    reviews: int | None = None
    location: str | None = None
    revenue: str | None = None


class GlassdoorSearch:
    """Finds companies by name or by domain."""

    name = "glassdoor"
    # One answer at a time: nobody waits for it, and the provider counts every request.
    settings = SourceSettings(
        base_url="https://api.openwebninja.com", needs=("api_key",), requests_per_minute=60, concurrency=1, attempts=2
    )
    terms = Terms(
        allowed_use="as the plan with OpenWebNinja allows", url="https://www.openwebninja.com/terms",
        good_for="size, rating, industry, site and revenue of employers",
    )  # fmt: skip

    async def fetch(self, client: SourceClient, query: str) -> FetchedPage:
        """Companies that fit a name or a domain; SourceUnavailableError, SourceRejectedError."""
        return await client.get(_PATH, {"query": query}, {"x-api-key": client.credential("api_key")})

    def items(self, payload: Any) -> list[Any]:
        """The companies of an answer, best first; PagePayloadError where it is none."""
        if isinstance(payload, dict) and str(payload.get("status", "OK")).upper() != "OK":
            raise PagePayloadError("page_is_error", f"Glassdoor answered {str(payload.get('error') or payload)[:200]}")
        return list_in(payload, "data")

    def read(self, item: Any) -> CompanyFacts:
        """A company in canonical field names; MappingError for one without id or name."""
        fields = Item(item)
        identity, name = fields.text("company_id"), fields.line("name")
        if identity is None or name is None:
            raise MappingError("company_unnamed", "a company without company_id or name")
        rating, reviews = fields.amount("rating"), fields.amount("review_count")
        return CompanyFacts(
            company_id=identity,
            name=name,
            website=fields.link("website"),
            industry=_known(fields.line("industry")),
            size=_known(fields.line("company_size")),
            # 0 stands for no rating: the lowest is 1.
            rating=float(rating) if rating and 0 < rating <= 5 else None,
            reviews=int(reviews) if reviews is not None and 0 <= reviews < 2**31 else None,
            location=fields.line("headquarters_location"),
            revenue=_known(fields.line("revenue")),
        )


def _known(text: str | None) -> str | None:
    return None if text is None or text.lower().startswith(_UNKNOWN) else text


#: Who can be asked about companies.
SEARCHES = {search.name: search for search in (GlassdoorSearch(),)}
