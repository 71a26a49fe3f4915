"""Jobicy's API: `/api/v2/remote-jobs`, the newest remote postings in one answer; once an hour is enough."""

from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in, param_faults, path_safe
from sources.quota import Quota
from sources.settings import SourceSettings
from sources.terms import Terms

_PARAMS = {"count", "geo", "industry", "tag"}
_EXAMPLE: dict[str, Any] = {
    "apiVersion": "2.0",
    "documentationUrl": "https://jobicy.example/jobs-rss-feed",
    "friendlyNotice": "An example in Posthorn's own words",
    "jobCount": 1,
    "lastUpdate": "2026-11-18 08:00:00",
    "jobs": [
        {
            "id": 990001,
            "url": "https://jobicy.example/jobs/990001-customer-success-manager",
            "jobSlug": "990001-customer-success-manager",
            "jobTitle": "Customer Success Manager",
            "companyName": "Tidewater Ledger",
            "companyLogo": "https://jobicy.example/logos/tidewater.png",
            "jobIndustry": ["Customer Success &amp; Support"],
            "jobType": ["Full-Time"],
            "jobGeo": "Canada,  UK",
            "jobLevel": "Senior",
            "jobExcerpt": "Bookkeeping for small harbours: you look after two hundred of them.",
            "jobDescription": "<p>Bookkeeping for small harbours: you look after two hundred of them.</p>",
            "pubDate": "2026-11-18T07:12:00+00:00",
            "salaryMin": 70000,
            "salaryMax": 85000,
            "salaryCurrency": "CAD",
            "salaryPeriod": "yearly",
        }
    ],
}


class Jobicy(SourceAdapter):
    """The newest postings, or those of `params: {geo: canada, industry: data-science, tag: python, count: 50}`."""

    name = "jobicy"
    settings = SourceSettings(
        base_url="https://jobicy.com", requests_per_minute=2, concurrency=1, quotas=(Quota(requests=24, per="day"),)
    )
    terms = Terms(
        allowed_use="Sharing the postings with a link back and Jobicy named as the source; not passing them to other "
        "job boards (Jooble, Google Jobs, LinkedIn); reading once an hour at most.",
        attribution="Source: Jobicy",
        attribution_url="https://jobicy.com",
        url="https://jobicy.com/jobs-rss-feed",
        good_for="Remote jobs by region and industry, the newest hundred",
    )
    example = _EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """The one page, as long as Jobicy makes it."""
        return await client.get("/api/v2/remote-jobs", request.source.params)

    def items(self, payload: Any) -> list[Any]:
        """The postings of `jobs`."""
        return list_in(payload, "jobs")

    def check(self, query: SourceQuery) -> list[str]:
        """Only filters that Jobicy knows."""
        return param_faults(query, _PARAMS)

    def feed(self, query: SourceQuery) -> str:
        """The filters."""
        return path_safe(query.feed)

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Both forms of pay: yearly amounts, and since 2025 amounts with a period."""
        fields = Item(item)
        identity = fields.text("id")
        if identity is None:
            raise MappingError("id_missing", "a Jobicy posting without id")
        level = fields.line("jobLevel")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("jobTitle"),
            company=fields.line("companyName"),
            url=fields.link("url"),
            description_html=fields.text("jobDescription", "jobExcerpt"),
            description_is_excerpt=not Item(item).text("jobDescription"),
            places=[Place(text=part.strip()) for part in (fields.line("jobGeo") or "").split(",") if part.strip()],
            employment_types=fields.strings("jobType"),
            remote="remote",
            seniority=None if level == "Any" else level,
            tags=fields.strings("jobIndustry"),
            pay=_pay(fields),
            posted_at=fields.moment("pubDate"),
            extra=fields.rest(),
        )


def _pay(fields: Item) -> OfferedPay | None:
    low, high = fields.amount("salaryMin", "annualSalaryMin"), fields.amount("salaryMax", "annualSalaryMax")
    if low is None and high is None:
        return None
    annual = fields.look("salaryMin") is None and fields.look("salaryMax") is None
    return OfferedPay(
        minimum=low,
        maximum=high,
        currency=fields.take(values.currency, "salaryCurrency"),
        period="year" if annual else fields.take(values.period, "salaryPeriod"),
    )


ADAPTER = Jobicy()
