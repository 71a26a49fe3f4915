"""JSearch (OpenWebNinja): `/jsearch/search`, Google's job search in pages of ten; needs JSEARCH_API_KEY."""

from typing import Any

from common.contracts import Campaign, EmploymentType, OfferedPay, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError, PagePayloadError
from sources.item import Item
from sources.page import list_in, param_faults
from sources.settings import SourceSettings
from sources.terms import Terms

#: Parameters of the search that a source query may set beside those that the campaign gives.
_PARAMS = {"query", "country", "language", "date_posted", "work_from_home", "employment_types", "job_requirements"} | {
    "radius",
    "exclude_job_publishers",
    "num_pages",
    "fields",
}
_EMPLOYMENT: dict[EmploymentType, str] = {
    "FULL_TIME": "FULLTIME",
    "PART_TIME": "PARTTIME",
    "CONTRACTOR": "CONTRACTOR",
    "INTERN": "INTERN",
}
EXAMPLE: dict[str, Any] = {
    "status": "OK", "request_id": "00000000-0000-4000-8000-000000000001",
    "parameters": {"query": "data engineer in Toronto", "page": 1, "num_pages": 1, "country": "ca"},
    "data": [
        {
            "job_id": "ZXhhbXBsZS1qb2ItMQ==", "job_title": "Data Engineer", "employer_name": "Fernwood Freight",
            "employer_logo": "https://fernwood.example/logo.png", "employer_website": "https://fernwood.example",
            "job_publisher": "A Job Board", "job_employment_type": "Full-time", "job_employment_types": ["FULLTIME"],
            "job_apply_link": "https://board.example/jobs/1", "job_apply_is_direct": False,
            "apply_options": [
                {"publisher": "A Job Board", "apply_link": "https://board.example/jobs/1", "is_direct": False},
            ],
            "job_description": "You keep our pipelines in order.", "job_is_remote": True,
            "job_posted_at": "3 days ago", "job_posted_at_timestamp": 1793620800,
            "job_posted_at_datetime_utc": "2026-11-02T12:00:00.000Z",
            "job_offer_expiration_timestamp": 1798675200,
            "job_offer_expiration_datetime_utc": "2026-12-31T00:00:00.000Z",
            "job_location": "Toronto, ON", "job_city": "Toronto", "job_state": "Ontario", "job_country": "CA",
            "job_latitude": 43.65, "job_longitude": -79.38, "job_benefits": ["dental_coverage"],
            "job_google_link": "https://www.google.example/search?q=jobs",
            "job_min_salary": 95000, "job_max_salary": 125000, "job_salary": "95K-125K a year",
            "job_salary_currency": "CAD", "job_salary_period": "YEAR",
            "job_highlights": {"Qualifications": ["Three years of Python"]}, "job_required_skills": ["Python"],
            "job_required_experience": {"required_experience_in_months": 36}, "job_posting_language": "en",
            "job_required_education": {"bachelors_degree": True}, "job_onet_soc": "15124300", "job_onet_job_zone": "4",
        },
    ],
}  # fmt: skip


class JSearch(SourceAdapter):
    """A search made of the campaign: query, place, country, age, employment types; `params` override any of them."""

    name = "jsearch"
    settings = SourceSettings(
        base_url="https://api.openwebninja.com", requests_per_minute=60, concurrency=2, needs=("api_key",)
    )
    dated = True
    terms = Terms(
        allowed_use="by a plan with OpenWebNinja, within its number of requests",
        good_for="one search over most job boards of a country, as Google sees them",
        url="https://www.openwebninja.com/api/jsearch",
    )
    example = EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """One page; the cursor is the page number."""
        params = {**_search(request.campaign), **request.source.params, "page": request.cursor or "1"}
        # The code of the United Kingdom is `gb`, whatever a query calls it.
        params["country"] = values.country(params["country"]) or params["country"]
        return await client.get("/jsearch/search", params, {"x-api-key": client.credential("api_key")})

    def items(self, payload: Any) -> list[Any]:
        """The postings of `data`."""
        if isinstance(payload, dict) and str(payload.get("status", "OK")).upper() != "OK":
            raise PagePayloadError("page_is_error", f"JSearch answered {str(payload.get('error') or payload)[:200]}")
        # A later version puts them beside a cursor.
        data = payload.get("data") if isinstance(payload, dict) else None
        return list_in(data, "jobs") if isinstance(data, dict) else list_in(payload, "data")

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """JSearch does not say how many pages there are: the first empty one ends the search."""
        data = payload.get("data") if isinstance(payload, dict) else None
        if not isinstance(data, list) or not data:
            return None
        read = values.amount(request.source.params.get("num_pages")) or 1
        return str(int(request.cursor or 1) + int(read))

    def check(self, query: SourceQuery) -> list[str]:
        """Only parameters that the search knows."""
        return param_faults(query, _PARAMS)

    def feed(self, query: SourceQuery) -> str:
        """One search, no parts."""
        return ""

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """All forms since 2023. Pay has the currency that the payload states, else none: the country is no proof."""
        fields = Item(item)
        identity = fields.text("job_id")
        if identity is None:
            raise MappingError("id_missing", "a JSearch posting without job_id")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("job_title"),
            company=fields.line("employer_name"),
            company_url=fields.link("employer_website"),
            url=fields.link("job_apply_link", "job_google_link"),
            apply_url=fields.link("job_apply_link"),
            description_text=_description(fields),
            places=_places(fields),
            employment_types=fields.strings("job_employment_types", "job_employment_type"),
            remote=fields.take(values.remote, "job_is_remote"),
            tags=fields.strings("job_required_skills"),
            pay=_pay(fields),
            language=fields.line("job_posting_language"),
            posted_at=fields.moment("job_posted_at_timestamp", "job_posted_at_datetime_utc"),
            valid_through=fields.moment("job_offer_expiration_timestamp", "job_offer_expiration_datetime_utc"),
            extra=fields.rest(),
        )


def _search(campaign: Campaign) -> dict[str, Any]:
    """The campaign as parameters of the search."""
    query = f"{campaign.query} in {campaign.location}" if campaign.location else campaign.query
    types = [_EMPLOYMENT[t] for t in campaign.employment_type_preference if t in _EMPLOYMENT]
    complete = len(types) == len(campaign.employment_type_preference)
    return {
        "query": query,
        "country": campaign.country,
        "date_posted": campaign.date_window,
        # A type that JSearch has no word for would be lost by filtering for the others.
        **({"employment_types": ",".join(types)} if types and complete else {}),
        **({"work_from_home": "true"} if campaign.remote_preference == ["remote"] else {}),
    }


def _description(fields: Item) -> str | None:
    """The text, with those highlights below it that it lacks.

    Highlights are cut out of the posting's full text. Mostly the description holds them, and adding them would count
    every skill twice; where the description is cut off, they are the only trace of what is missing.
    """
    body = fields.text("job_description") or ""
    highlights = fields.look("job_highlights")
    if not isinstance(highlights, dict) or not highlights:
        return body or None
    folded = _folded(body)
    parts = [body] if body else []
    for name, lines in sorted(highlights.items()):
        found = (values.text(line) for line in lines) if isinstance(lines, list) else ()
        missing = [line for line in found if line and _folded(line)[:60] not in folded]
        if missing:
            parts.append("\n".join([f"{name}:", *(f"- {line}" for line in missing)]))
    return "\n\n".join(parts) or None


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


def _places(fields: Item) -> list[Place]:
    city, region = fields.line("job_city"), fields.line("job_state")
    country = fields.take(values.country, "job_country")
    written = fields.line("job_location") or ", ".join(p for p in (city, region, country and country.upper()) if p)
    latitude = fields.take(lambda v: values.coordinate(v, 90), "job_latitude")
    longitude = fields.take(lambda v: values.coordinate(v, 180), "job_longitude")
    if not written and latitude is None:
        return []
    return [
        Place(text=written or None, city=city, region=region, country=country, latitude=latitude, longitude=longitude)
    ]


def _pay(fields: Item) -> OfferedPay | None:
    low, high = fields.amount("job_min_salary"), fields.amount("job_max_salary")
    words = fields.text("job_salary", "job_salary_string")
    if low is None and high is None and words is None:
        return None
    return OfferedPay(
        text=words,
        minimum=low,
        maximum=high,
        currency=fields.take(values.currency, "job_salary_currency"),
        period=fields.take(values.period, "job_salary_period"),
    )


ADAPTER = JSearch()
