"""Himalayas' search API: `/jobs/api/search?q=…&page=n`, 20 remote postings a page."""

from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in, param_faults, path_safe
from sources.settings import SourceSettings
from sources.terms import Terms

PAGE_SIZE = 20
_PARAMS = {
    "q",
    "country",
    "worldwide",
    "exclude_worldwide",
    "seniority",
    "employment_type",
    "company",
    "timezone",
    "sort",
}
_OF_A_PLACE = {"alpha2", "name", "slug"}
_EXAMPLE: dict[str, Any] = {
    "comments": "An example in Posthorn's own words",
    "updatedAt": 1795000000,
    "offset": 0,
    "limit": 20,
    "totalCount": 1,
    "jobs": [
        {
            "title": "Machine Learning Engineer",
            "excerpt": "Teach forecasts to a chain of bakeries.",
            "companyName": "Ovenbird",
            "companySlug": "ovenbird",
            "companyLogo": "https://cdn.himalayas.example/ovenbird.png",
            "employmentType": "Full Time",
            "minSalary": 120000,
            "maxSalary": 150000,
            "salaryPeriod": "annual",
            "currency": "CAD",
            "seniority": ["Senior", "Mid-level"],
            "locationRestrictions": ["Canada", "United States"],
            "timezoneRestrictions": [-5, -4],
            "categories": ["Machine-Learning-Engineer", "Python-Developer"],
            "parentCategories": ["Data"],
            "description": "<p>Ovenbird bakes what it will sell. Your models say how much, shop by shop.</p>",
            "pubDate": 1794900000,
            "expiryDate": 1797500000,
            "applicationLink": "https://himalayas.example/companies/ovenbird/jobs/machine-learning-engineer",
            "guid": "https://himalayas.example/companies/ovenbird/jobs/machine-learning-engineer",
        }
    ],
}


class Himalayas(SourceAdapter):
    """A search made of the campaign's query and country; `params` such as `{seniority: Senior}` override it."""

    name = "himalayas"
    settings = SourceSettings(base_url="https://himalayas.app", requests_per_minute=20, concurrency=1)
    terms = Terms(
        allowed_use="Free for applications, tools and job boards that link back and name Himalayas as the source; not "
        "for passing the postings to other job boards (Jooble, Google Jobs, LinkedIn).",
        attribution="Source: Himalayas",
        attribution_url="https://himalayas.app",
        url="https://himalayas.app/api",
        good_for="Remote jobs with the countries and time zones in which candidates may live, and pay as numbers",
    )
    example = _EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """One page; the cursor is its number."""
        campaign = {"q": request.campaign.query, "country": request.campaign.country.upper()}
        return await client.get(
            "/jobs/api/search", {**campaign, **request.source.params, "page": request.cursor or "1"}
        )

    def items(self, payload: Any) -> list[Any]:
        """The postings of `jobs`."""
        return list_in(payload, "jobs")

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """The next page while `totalCount` promises more; without it, behind a full page."""
        jobs = payload.get("jobs") if isinstance(payload, dict) else None
        if not isinstance(jobs, list) or not jobs:
            return None
        page, total = int(request.cursor or 1), values.amount(payload.get("totalCount"))
        more = len(jobs) >= PAGE_SIZE if total is None else page * PAGE_SIZE < total
        return str(page + 1) if more else None

    def check(self, query: SourceQuery) -> list[str]:
        """Only parameters that the search knows."""
        return param_faults(query, _PARAMS)

    def feed(self, query: SourceQuery) -> str:
        """The parameters that the query sets itself."""
        return path_safe(query.feed)

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """No location restriction means worldwide, which is no place."""
        fields = Item(item)
        identity = fields.text("guid", "applicationLink")
        if identity is None:
            raise MappingError("id_missing", "a Himalayas posting without guid")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("title"),
            company=_company(fields),
            url=fields.link("guid", "applicationLink"),
            apply_url=fields.link("applicationLink"),
            description_html=fields.text("description"),
            places=fields.take(_places, "locationRestrictions") or [],
            employment_types=fields.strings("employmentType"),
            remote="remote",
            seniority=", ".join(fields.strings("seniority")) or None,
            tags=[slug.replace("-", " ") for slug in fields.strings("categories")] + fields.strings("parentCategories"),
            pay=_pay(fields),
            posted_at=fields.moment("pubDate"),
            valid_through=fields.moment("expiryDate"),
            extra=fields.rest(),
        )


def _company(fields: Item) -> str | None:
    """The API has answered with the column's name ("name") in place of the company's; the slug still knows it."""
    name, slug = fields.look("companyName"), values.one_line(fields.look("companySlug"))
    if name == "name" and slug and slug != "name":
        return slug.replace("-", " ").title()
    return fields.line("companyName")


def _places(value: Any) -> list[Place] | None:
    """Countries by name, or as objects with name and code; a list that says more stays whole in extra."""
    entries = value if isinstance(value, list) else [value]
    found = [_place(entry) for entry in entries]
    return [place for place in found if place] if all(found) else None


def _place(entry: Any) -> Place | None:
    if not isinstance(entry, dict):
        return Place(text=name) if (name := values.one_line(entry)) else None
    name = values.one_line(entry.get("name"))
    return (
        Place(text=name, country=values.country(entry.get("alpha2"))) if name and entry.keys() <= _OF_A_PLACE else None
    )


def _pay(fields: Item) -> OfferedPay | None:
    low, high = fields.amount("minSalary"), fields.amount("maxSalary")
    if low is None and high is None:
        return None
    return OfferedPay(
        minimum=low,
        maximum=high,
        currency=fields.take(values.currency, "currency", "salaryCurrency"),
        period=fields.take(values.period, "salaryPeriod"),
    )


ADAPTER = Himalayas()
