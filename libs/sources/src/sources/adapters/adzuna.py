"""Adzuna's search: `/v1/api/jobs/{country}/search/{page}`, 50 ads a page; needs ADZUNA_APP_ID and ADZUNA_APP_KEY."""

from typing import Any
from urllib.parse import urlsplit

from common.contracts import DateWindow, OfferedPay, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError, SourceRejectedError
from sources.item import Item
from sources.page import list_in, param_faults
from sources.quota import Quota
from sources.settings import SourceSettings
from sources.terms import Terms

PAGE_SIZE = 50
#: Adzuna's countries, each with the currency in which its ads state pay (developer.adzuna.com).
CURRENCIES = {
    "at": "EUR", "au": "AUD", "be": "EUR", "br": "BRL", "ca": "CAD", "ch": "CHF", "de": "EUR", "es": "EUR", "fr": "EUR",
    "gb": "GBP", "in": "INR", "it": "EUR", "mx": "MXN", "nl": "EUR", "nz": "NZD", "pl": "PLN", "sg": "SGD", "us": "USD",
    "za": "ZAR",
}  # fmt: skip
#: Parameters of the search that a source query may set beside `country`.
_SEARCH = {
    "what", "what_and", "what_phrase", "what_or", "what_exclude", "title_only", "where", "distance", "max_days_old",
    "category", "company", "salary_min", "salary_max", "salary_include_unknown", "full_time", "part_time", "contract",
    "permanent", "sort_by", "sort_dir", "location0", "location1", "location2", "location3",
}  # fmt: skip
_DAYS: dict[DateWindow, int] = {"today": 1, "3days": 3, "week": 7, "month": 30}
#: A longer description is cut there, mostly with an ellipsis.
_CUT_AT = 500
_EXAMPLE: dict[str, Any] = {
    "count": 2,
    "mean": 61250.0,
    "__CLASS__": "Adzuna::API::Response::JobSearchResults",
    "results": [
        {
            "__CLASS__": "Adzuna::API::Response::Job",
            "id": "7700000001",
            "adref": "example-reference-1",
            "title": "Data Engineer",
            "description": "Riverbend Analytics moves meter readings of two million homes into one warehouse. You will "
            "own the pipelines that do it, in Python and SQL, with two colleagues who know the meters …",
            "created": "2026-11-18T09:30:00Z",
            "redirect_url": "https://www.adzuna.co.uk/jobs/land/ad/7700000001",
            "company": {"__CLASS__": "Adzuna::API::Response::Company", "display_name": "Riverbend Analytics"},
            "category": {"__CLASS__": "Adzuna::API::Response::Category", "label": "IT Jobs", "tag": "it-jobs"},
            "location": {
                "__CLASS__": "Adzuna::API::Response::Location",
                "display_name": "Leeds, West Yorkshire",
                "area": ["UK", "Yorkshire And The Humber", "West Yorkshire", "Leeds"],
            },
            "latitude": 53.7965,
            "longitude": -1.5478,
            "contract_time": "full_time",
            "contract_type": "permanent",
            "salary_min": 55000,
            "salary_max": 67500,
            "salary_is_predicted": "0",
        }
    ],
}


class Adzuna(SourceAdapter):
    """A search made of the campaign, in its country or `params: {country: de}`; further params override the search."""

    name = "adzuna"
    settings = SourceSettings(
        base_url="https://api.adzuna.com",
        requests_per_minute=25,
        concurrency=2,
        needs=("app_id", "app_key"),
        quotas=(
            Quota(requests=25, per="minute"),
            Quota(requests=250, per="day"),
            Quota(requests=1000, per="week"),
            Quota(requests=2500, per="month"),
        ),
    )
    dated = True
    terms = Terms(
        allowed_use="Publishing the ads and personal research; other use by an organisation needs a licence after "
        "14 days. Every ad shown bears the label 'Jobs by Adzuna', at least 116 x 23 pixels.",
        attribution="Jobs by Adzuna",
        attribution_url="https://www.adzuna.com",
        url="https://developer.adzuna.com/docs/terms_of_service",
        good_for="Searches in 19 countries; descriptions are excerpts of 500 characters",
    )
    example = _EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """One page; the cursor is the page number."""
        given = request.source.params
        country = values.country(given.get("country") or request.campaign.country)
        if country not in CURRENCIES:
            raise SourceRejectedError(
                "country_unsupported",
                f"Adzuna has no {country!r}; set params.country of the source to one of {', '.join(CURRENCIES)}",
            )
        params = {**_search(request), **given, "results_per_page": PAGE_SIZE}
        params.pop("country", None)
        secrets = {name: client.credential(name) for name in ("app_id", "app_key")}
        return await client.get(f"/v1/api/jobs/{country}/search/{request.cursor or 1}", params, secrets=secrets)

    def items(self, payload: Any) -> list[Any]:
        """The ads of `results`."""
        return list_in(payload, "results")

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """The next page while `count` promises more; without a count, behind a full page."""
        results = payload.get("results") if isinstance(payload, dict) else None
        if not isinstance(results, list) or not results:
            return None
        page, count = int(request.cursor or 1), values.amount(payload.get("count"))
        more = len(results) >= PAGE_SIZE if count is None else page * PAGE_SIZE < count
        return str(page + 1) if more else None

    def check(self, query: SourceQuery) -> list[str]:
        """Parameters of the search, and a country that Adzuna has."""
        faults = param_faults(query, _SEARCH | {"country"})
        given = query.params.get("country")
        if given is not None and values.country(given) not in CURRENCIES:
            faults.append(f"params.country must be one of {', '.join(CURRENCIES)}")
        return faults

    def feed(self, query: SourceQuery) -> str:
        """The country that the query names; "" for the campaign's."""
        found = values.country(query.params.get("country"))
        return found if found in CURRENCIES else ""

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Pay that Adzuna predicted stays in extra, beside its mark: nobody offers it."""
        fields = Item(item)
        identity = fields.text("id")
        if identity is None:
            raise MappingError("id_missing", "an Adzuna ad without id")
        address = fields.link("redirect_url")
        country = feed if feed in CURRENCIES else _country_of(address)
        body = fields.text("description")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("title"),
            company=fields.line("company.display_name", "company"),
            url=address,
            description_text=body,
            description_is_excerpt=_is_cut(body),
            places=_places(fields, country),
            employment_types=[t for t in (fields.line("contract_time"), fields.line("contract_type")) if t],
            tags=fields.strings("category.label", "category"),
            pay=_pay(fields, country),
            posted_at=fields.moment("created"),
            extra=fields.rest(),
        )


def _is_cut(body: str | None) -> bool:
    return body is not None and (len(body) >= _CUT_AT or body.endswith(("…", "...")))


def _country_of(address: str | None) -> str | None:
    """The country of the Adzuna site that an ad's address leads to: adzuna.co.uk, adzuna.de; adzuna.com is the US."""
    try:
        host = urlsplit(address or "").hostname or ""
    except ValueError:
        return None
    found = "us" if host.endswith("adzuna.com") else values.country(host.rpartition(".")[2])
    return found if "adzuna." in host and found in CURRENCIES else None


def _search(request: PageRequest) -> dict[str, Any]:
    """The campaign as parameters of the search."""
    campaign = request.campaign
    days = request.days_back or _DAYS.get(campaign.date_window)
    types = campaign.employment_type_preference
    flags = {"FULL_TIME": "full_time", "PART_TIME": "part_time", "CONTRACTOR": "contract"}
    return {
        "what": campaign.query,
        **({"where": campaign.location} if campaign.location else {}),
        **({"max_days_old": days} if days else {}),
        # Adzuna's flags exclude each other: two of them find next to nothing.
        **({flags[types[0]]: 1} if len(types) == 1 and types[0] in flags else {}),
        "sort_by": "date",
    }


def _places(fields: Item, country: str | None) -> list[Place]:
    """The last part of `area` may be a district, so that no part of it is the city for certain."""
    written = fields.line("location.display_name", "location")
    area = fields.strings("location.area")
    latitude = fields.take(lambda v: values.coordinate(v, 90), "latitude")
    longitude = fields.take(lambda v: values.coordinate(v, 180), "longitude")
    if not written and not area and latitude is None and country is None:
        return []
    region = area[1] if len(area) > 1 else None
    return [
        Place(
            text=written or ", ".join(reversed(area)) or None,
            region=region,
            country=country,
            latitude=latitude,
            longitude=longitude,
        )
    ]


def _pay(fields: Item, country: str | None) -> OfferedPay | None:
    predicted = values.amount(fields.look("salary_is_predicted"))
    if predicted != 0 and predicted is not None:
        return None
    low, high = fields.amount("salary_min"), fields.amount("salary_max")
    if low is None and high is None:
        return None
    return OfferedPay(
        minimum=low, maximum=high, currency=CURRENCIES.get(country or ""), period=values.yearly(low, high)
    )


ADAPTER = Adzuna()
