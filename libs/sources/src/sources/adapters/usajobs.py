"""USAJOBS, the US government's jobs: `/api/search`, 500 a page; needs USAJOBS_USER_AGENT and USAJOBS_AUTH_KEY."""

import html
import re
from typing import Any

from common.contracts import DateWindow, OfferedPay, PayPeriod, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.countries import country
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in, param_faults, whole_number_faults
from sources.settings import SourceSettings
from sources.terms import Terms
from sources.usajobs_codelists import code_lists
from sources.usajobs_records import is_record, record

#: The most the API gives, and what a page holds unless the query says otherwise.
MOST_PER_PAGE = 500
_PARAMS = {"keyword", "location_name", "radius_miles", "results_per_page"}
_DAYS: dict[DateWindow, int] = {"today": 1, "3days": 3, "week": 7, "month": 30}
_MOST_DAYS = 60
_NO_PLACE = re.compile(r"\b(anywhere|negotiable|multiple locations|remote job)\b", re.IGNORECASE)
_DESCRIPTOR = "MatchedObjectDescriptor"
_DETAILS = f"{_DESCRIPTOR}.UserArea.Details"
#: Parts of the body in the order of the announcement. How to apply and which documents to send stay in extra.
_BODY = {
    f"{_DETAILS}.JobSummary": "Summary",
    f"{_DETAILS}.MajorDuties": "Duties",
    f"{_DETAILS}.KeyRequirements": "Conditions of employment",
    f"{_DETAILS}.Requirements": "Requirements",
    f"{_DESCRIPTOR}.QualificationSummary": "Qualifications",
    f"{_DETAILS}.Education": "Education",
    f"{_DETAILS}.Evaluations": "How you will be evaluated",
    f"{_DETAILS}.OtherInformation": "Additional information",
    f"{_DETAILS}.Benefits": "Benefits",
}
_PERIODS: dict[str, PayPeriod] = {"PA": "year", "PH": "hour", "PD": "day", "PM": "month"}
_OF_A_PLACE = {"LocationName", "CountryCode", "CountrySubDivisionCode", "CityName", "Longitude", "Latitude"}
_OF_PAY = {"MinimumRange", "MaximumRange", "RateIntervalCode", "Description"}
_TAG = re.compile(r"</?[a-z][a-z0-9]*\b[^<>]*>", re.IGNORECASE)
EXAMPLE: dict[str, Any] = {
    "LanguageCode": "EN", "SearchParameters": {},
    "SearchResult": {
        "SearchResultCount": 1, "SearchResultCountAll": 1, "UserArea": {"NumberOfPages": "1", "IsRadialSearch": False},
        "SearchResultItems": [
            {
                "MatchedObjectId": "800000001", "RelevanceRank": 0,
                "MatchedObjectDescriptor": {
                    "PositionID": "EX-26-0001", "PositionTitle": "Data Scientist",
                    "PositionURI": "https://www.usajobs.example/job/800000001",
                    "ApplyURI": ["https://www.usajobs.example/job/800000001/apply"],
                    "PositionLocationDisplay": "Chicago, Illinois",
                    "PositionLocation": [
                        {
                            "LocationName": "Chicago, Illinois", "CountryCode": "United States",
                            "CountrySubDivisionCode": "Illinois", "CityName": "Chicago, Illinois",
                            "Longitude": -87.6298, "Latitude": 41.8781,
                        },
                    ],
                    "OrganizationName": "Bureau of Invented Statistics", "DepartmentName": "Department of Examples",
                    "SubAgency": "Field Division",
                    "JobCategory": [{"Name": "Data Science", "Code": "1560"}], "JobGrade": [{"Code": "GS"}],
                    "PositionSchedule": [{"Name": "Full time", "Code": "1"}],
                    "PositionOfferingType": [{"Name": "Permanent appointment", "Code": "15317"}],
                    "QualificationSummary": "One year of work with large sets of data.",
                    "PositionRemuneration": [
                        {"MinimumRange": "99000.0", "MaximumRange": "128000.0", "RateIntervalCode": "PA"},
                    ],
                    "PublicationStartDate": "2026-11-02T00:00:00.0000", "PositionStartDate": "2026-11-02T00:00:00.0000",
                    "PositionEndDate": "2026-12-31T23:59:59.9970", "ApplicationCloseDate": "2026-12-31T23:59:59.9970",
                    "UserArea": {
                        "Details": {
                            "JobSummary": "You find out what the numbers say.", "LowGrade": "12", "HighGrade": "13",
                            "MajorDuties": ["Build models.", "Explain them."], "Requirements": "US citizenship.",
                            "KeyRequirements": ["Background check"], "Education": "", "Benefits": "",
                            "Evaluations": "By a panel.", "OtherInformation": "", "HowToApply": "Online.",
                            "WhoMayApply": {"Name": "", "Code": ""}, "HiringPath": ["public"], "TotalOpenings": "2",
                            "TravelCode": "1", "ServiceType": "01", "SecurityClearance": "Secret",
                            "PromotionPotential": "13", "RemoteIndicator": False, "TeleworkEligible": True,
                        },
                        "IsRadialSearch": False,
                    },
                },
            },
        ],
    },
}  # fmt: skip


class UsaJobs(SourceAdapter):
    """A search made of the campaign: query and location; `params` override them and may add a radius.

    Maps announcements of the search since 2016 and records of past announcements (`control_number`, `position_title`).
    """

    name = "usajobs"
    settings = SourceSettings(
        base_url="https://data.usajobs.gov", requests_per_minute=30, concurrency=2, needs=("user_agent", "auth_key")
    )
    dated = True
    terms = Terms(
        allowed_use="public data of the US government; register an e-mail address for the key, give it to nobody",
        good_for="federal jobs of the USA with pay, grade, clearance, duties and closing date",
        url="https://developer.usajobs.gov/guides/",
    )
    example = EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """One page; the cursor is the page number. The host that USAJOBS wants named is that of the address."""
        params = {**_search(request), "Page": request.cursor or "1", "Fields": "Full"}
        headers = {"User-Agent": client.credential("user_agent"), "Authorization-Key": client.credential("auth_key")}
        return await client.get("/api/search", params, headers)

    def items(self, payload: Any) -> list[Any]:
        """The announcements of the search, the records of the historic API, or a list of either that stands alone."""
        if isinstance(payload, dict) and isinstance(payload.get("SearchResult"), dict):
            return list_in(payload["SearchResult"], "SearchResultItems")
        historic = isinstance(payload, dict) and isinstance(payload.get("data"), list)
        return list_in(payload, None if isinstance(payload, list) else "data" if historic else "SearchResult")

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """The next page until all that were found are read; the API shows no more than 10,000 of them."""
        result = payload.get("SearchResult") if isinstance(payload, dict) else None
        if not isinstance(result, dict) or not result.get("SearchResultItems"):
            return None
        page, total = int(request.cursor or 1), values.amount(result.get("SearchResultCountAll"))
        return str(page + 1) if total is not None and page * _page_size(request.source) < total else None

    def check(self, query: SourceQuery) -> list[str]:
        """Known parameters with values that the search takes."""
        faults = param_faults(query, _PARAMS)
        for name in ("keyword", "location_name"):
            if not isinstance(query.params.get(name, ""), str):
                faults.append(f"params.{name} must be text")
        for name, most in (("radius_miles", 10_000), ("results_per_page", MOST_PER_PAGE)):
            faults += whole_number_faults(query, name, 1, most)
        return faults

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Codes are decoded by `config/usajobs_codelists.yml`; what has no field of its own is in extra, `decoded`."""
        fields = Item(item)
        return record(fields) if is_record(fields) else _announcement(fields)


def _page_size(query: SourceQuery) -> int:
    return int(query.params.get("results_per_page") or MOST_PER_PAGE)


def _search(request: PageRequest) -> dict[str, Any]:
    """The parameters of the search; those of the query go before what the campaign says."""
    given, campaign = request.source.params, request.campaign
    place = given.get("location_name", campaign.location)
    return {
        "Keyword": given.get("keyword", campaign.query),
        "ResultsPerPage": _page_size(request.source),
        **({"LocationName": place} if place else {}),
        **({"Radius": given["radius_miles"]} if place and given.get("radius_miles") else {}),
        **_recent(request),
    }


def _recent(request: PageRequest) -> dict[str, Any]:
    """The search reaches 60 days back; beyond them it is asked without."""
    days = request.days_back or _DAYS.get(request.campaign.date_window)
    return {"DatePosted": days} if days and days <= _MOST_DAYS else {}


def _announcement(fields: Item) -> SourcePosting:
    # The number of the announcement is the control number of the records, too.
    identity = fields.text("MatchedObjectId", f"{_DESCRIPTOR}.PositionID")
    if identity is None:
        raise MappingError("id_missing", "an announcement of USAJOBS without MatchedObjectId")
    decoded = _decoded(fields)
    return SourcePosting(
        source_job_id=identity,
        title=fields.line(f"{_DESCRIPTOR}.PositionTitle"),
        company=fields.line(f"{_DESCRIPTOR}.OrganizationName", f"{_DESCRIPTOR}.DepartmentName"),
        url=fields.link(f"{_DESCRIPTOR}.PositionURI"),
        apply_url=fields.take(_only_link, f"{_DESCRIPTOR}.ApplyURI"),
        description_html=_body(fields),
        places=_places(fields),
        employment_types=_types(fields),
        remote=_remote(fields),
        department=fields.line(f"{_DESCRIPTOR}.DepartmentName"),
        tags=_decoded_list(fields, f"{_DESCRIPTOR}.JobCategory", code_lists().occupational_series),
        pay=_pay(fields),
        posted_at=fields.moment(f"{_DESCRIPTOR}.PublicationStartDate", f"{_DESCRIPTOR}.PositionStartDate"),
        valid_through=fields.moment(f"{_DESCRIPTOR}.ApplicationCloseDate", f"{_DESCRIPTOR}.PositionEndDate"),
        extra={**fields.rest(), **({"decoded": decoded} if decoded else {})},
    )


def _remote(fields: Item) -> str | None:
    """Wholly remote, or now and then from home, which USAJOBS calls telework."""
    for name, meaning in (("RemoteIndicator", "remote"), ("TeleworkEligible", "telework eligible")):
        if fields.take(values.remote, f"{_DETAILS}.{name}", f"{_DESCRIPTOR}.{name}"):
            return meaning
    return None


def _only_link(value: Any) -> str | None:
    """The address of a list that holds no other."""
    return values.link(value[0] if isinstance(value, list) and len(value) == 1 else value)


def _body(fields: Item) -> str | None:
    parts = ((title, fields.take(_markup, path)) for path, title in _BODY.items())
    return "\n".join(f"<h3>{title}</h3>\n{text}" for title, text in parts if text) or None


def _markup(value: Any) -> str | None:
    """Text, with or without tags, or a list of such texts."""
    if isinstance(value, list):
        entries = [_markup(entry) for entry in value]
        return (
            "<ul>" + "".join(f"<li>{entry}</li>" for entry in entries) + "</ul>" if entries and all(entries) else None
        )
    found = values.text(value)
    return found if found is None or _TAG.search(found) else html.escape(found, quote=False)


def _entries(fields: Item, path: str) -> list[dict[str, Any]]:
    return values.objects(fields.look(path))


def _known_if(fields: Item, path: str, keys: set[str]) -> None:
    """A list whose entries say nothing beside what was read is not kept."""
    found = fields.look(path)
    if isinstance(found, list) and all(isinstance(entry, dict) and entry.keys() <= keys for entry in found):
        fields.known(path)


def _places(fields: Item) -> list[Place]:
    path = f"{_DESCRIPTOR}.PositionLocation"
    found = [place for place in map(_place, _entries(fields, path)) if place != Place()]
    if not found:
        shown = fields.line(f"{_DESCRIPTOR}.PositionLocationDisplay")
        return [Place(text=shown)] if shown else []
    _known_if(fields, path, _OF_A_PLACE)
    fields.repeated([place.text or "" for place in found], f"{_DESCRIPTOR}.PositionLocationDisplay")
    return found


def _place(entry: dict[str, Any]) -> Place:
    """`Anywhere` and `Negotiable After Selection` lie at 0, 0 and are no cities."""
    latitude = values.coordinate(entry.get("Latitude"), 90)
    longitude = values.coordinate(entry.get("Longitude"), 180)
    city = values.one_line(entry.get("CityName"))
    somewhere = bool(latitude or longitude) and not (city and _NO_PLACE.search(city))
    region = values.one_line(entry.get("CountrySubDivisionCode"))
    return Place(
        text=values.one_line(entry.get("LocationName")) or city,
        city=city.partition(",")[0] if city and somewhere else None,
        region=region if region != "N/A" else None,
        country=_country(entry.get("CountryCode")),
        latitude=latitude if somewhere else None,
        longitude=longitude if somewhere else None,
    )


def _country(value: Any) -> str | None:
    """By name; codes are those of the list (`AU` is Austria), which are not ISO's."""
    named = values.one_line(value)
    return country(code_lists().countries.get(named.upper(), named)) if named else None


def _decoded_list(fields: Item, path: str, meaning: dict[str, str]) -> list[str]:
    """What the codes of a list mean, else the names beside them; the list itself stays in extra."""
    found = (
        meaning.get(values.text(entry.get("Code")) or "") or values.one_line(entry.get("Name"))
        for entry in _entries(fields, path)
    )
    return list(dict.fromkeys(name for name in found if name))


def _types(fields: Item) -> list[str]:
    """Schedule and kind of appointment; in 2016 names were free text beside the code, so that the code decides."""
    lists, types = code_lists(), []
    for name, meaning in (("PositionSchedule", lists.schedule_types), ("PositionOfferingType", lists.offering_types)):
        path = f"{_DESCRIPTOR}.{name}"
        said = _decoded_list(fields, path, meaning)
        types += said
        if all(values.one_line(entry.get("Name")) in {None, *said} for entry in _entries(fields, path)):
            _known_if(fields, path, {"Code", "Name"})
    return types


def _pay(fields: Item) -> OfferedPay | None:
    """The first range, in dollars. An interval that is no period of ours, such as two weeks, is kept in words."""
    path = f"{_DESCRIPTOR}.PositionRemuneration"
    ranges = _entries(fields, path)
    if not ranges:
        return None
    low, high = values.amount(ranges[0].get("MinimumRange")), values.amount(ranges[0].get("MaximumRange"))
    code, words = _interval(ranges[0])
    if len(ranges) == 1 and (low or high) and code is not None:
        _known_if(fields, path, _OF_PAY)
    if not low and not high:
        return OfferedPay(text=words) if words and code not in _PERIODS else None
    period = _PERIODS.get(code or "")
    return OfferedPay(text=words if period is None else None, minimum=low, maximum=high, currency="USD", period=period)


def _interval(entry: dict[str, Any]) -> tuple[str | None, str | None]:
    """Code and words: at present the code stands under `RateIntervalCode`, in 2016 its meaning did."""
    meaning = code_lists().rate_intervals
    said = [words for key in ("RateIntervalCode", "Description") if (words := values.one_line(entry.get(key)))]
    code = next((code for code in meaning for words in said if words in {code, meaning[code]}), None)
    return code, meaning[code] if code else next(iter(said), None)


def _decoded(fields: Item) -> dict[str, Any]:
    """What codes without a field of ours mean, in words."""
    lists = code_lists()
    plans = [code for entry in _entries(fields, f"{_DESCRIPTOR}.JobGrade") if (code := values.text(entry.get("Code")))]
    grades = [values.text(fields.look(f"{_DETAILS}.{name}")) for name in ("LowGrade", "HighGrade")]
    known = dict.fromkeys(grade for grade in grades if grade)
    said = {
        "pay_plan": [lists.pay_plans[plan] for plan in plans if plan in lists.pay_plans],
        "grade": " to ".join(f"{plans[0]}-{grade}" for grade in known) if plans else None,
        "hiring_paths": _meanings(fields, "HiringPath", lists.hiring_paths),
        "security_clearance": _meanings(fields, "SecurityClearance", lists.security_clearances),
        "service_type": _meanings(fields, "ServiceType", lists.service_types),
        "travel": _meanings(fields, "TravelCode", lists.travel),
    }
    return {name: meaning for name, meaning in said.items() if meaning}


def _meanings(fields: Item, name: str, meaning: dict[str, str]) -> list[str]:
    found = fields.look(f"{_DETAILS}.{name}") or fields.look(f"{_DESCRIPTOR}.{name}")
    codes = (values.text(code) for code in (found if isinstance(found, list) else [found]))
    return [meaning[code.upper()] for code in codes if code and code.upper() in meaning]


ADAPTER = UsaJobs()
