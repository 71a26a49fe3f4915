"""Any web page that holds schema.org JobPosting objects as JSON-LD, as Google's job search reads them."""

import hashlib
import html
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from common.contracts import OfferedPay, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.countries import country
from sources.errors import MappingError
from sources.item import Item
from sources.json_ld import canonical_address, postings_in, postings_of_page
from sources.page import list_in, param_faults, path_safe
from sources.settings import SourceSettings
from sources.terms import Terms

_MOST_PAGES = 200
#: Under which an item says where it was found; names of JSON-LD's own begin with @.
_PAGE = "@page"
_ADDRESS = {
    "@type",
    "address",
    "addressLocality",
    "addressRegion",
    "addressCountry",
    "geo",
    "latitude",
    "longitude",
    "name",
}
_EXAMPLE: dict[str, Any] = {
    "url": "https://careers.glassworks.example/jobs/4711",
    "html": """<!doctype html><html><head><title>Optical Engineer</title>
<script type="application/ld+json">
{"@context": "https://schema.org/", "@type": "JobPosting", "title": "Optical Engineer",
 "identifier": {"@type": "PropertyValue", "name": "Glassworks", "value": "4711"},
 "url": "https://careers.glassworks.example/jobs/4711",
 "hiringOrganization": {"@type": "Organization", "name": "Glassworks", "sameAs": "https://glassworks.example",
                        "logo": "https://glassworks.example/logo.png"},
 "jobLocation": [{"@type": "Place", "address": {"@type": "PostalAddress", "addressLocality": "Ottawa",
                  "addressRegion": "ON", "addressCountry": "CA"}}],
 "jobLocationType": "TELECOMMUTE", "applicantLocationRequirements": {"@type": "Country", "name": "Canada"},
 "baseSalary": {"@type": "MonetaryAmount", "currency": "CAD",
                "value": {"@type": "QuantitativeValue", "minValue": 95000, "maxValue": 120000, "unitText": "YEAR"}},
 "employmentType": ["FULL_TIME"], "datePosted": "2026-11-10", "validThrough": "2026-12-31T23:59:59-05:00",
 "description": "<p>You grind lenses that look at stars.</p>", "skills": ["Zemax", "Python"], "industry": "Optics",
 "inLanguage": "en", "directApply": true, "qualifications": "A degree in physics, or lenses to show"}
</script></head><body><h1>Optical Engineer</h1></body></html>""",
}


class JobPosting(SourceAdapter):
    """The postings of one page, `params: {url: https://…}`, or of several, `{urls: [https://…, …]}`."""

    name = "jobposting"
    settings = SourceSettings(
        requests_per_minute=20, concurrency=2, max_response_bytes=8 * 1024 * 1024, respect_robots=True
    )
    terms = Terms(
        allowed_use="As the page's own terms say; employers publish this markup for search engines to read.",
        good_for="Careers pages of employers whose system has no source of its own here",
        url="https://schema.org/JobPosting",
    )
    lists_all = True
    example = _EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """One page of the list; the cursor counts them from 0. The payload is the address and the page's text."""
        address = _addresses(request.source)[int(request.cursor or 0)]
        parts = urlsplit(address)
        found = await client.get(
            urlunsplit(parts._replace(query="", fragment="")),
            parse_qs(parts.query, keep_blank_values=True),
            {"accept": "text/html, application/xhtml+xml, application/ld+json;q=0.9"},
        )
        return replace(found, payload={"url": address, "html": found.payload})

    def items(self, payload: Any) -> list[Any]:
        """The JobPosting objects of the page, each with the page's address; saved JSON-LD is taken too."""
        page = payload if isinstance(payload, dict) else {}
        content = page.get("html", payload)
        found = postings_of_page(content) if isinstance(content, str) else list(postings_in(content))
        if not found and not (isinstance(content, str) and "html" in page):
            return list_in(content)
        address = (values.link(page.get("url")) if "html" in page else None) or canonical_address(content)
        return [{**item, _PAGE: address} if address and isinstance(item, dict) else item for item in found]

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """The next address of the list."""
        following = int(request.cursor or 0) + 1
        return str(following) if following < len(_addresses(request.source)) else None

    def check(self, query: SourceQuery) -> list[str]:
        """One address or a list of them, without credentials, which would go to the archive."""
        faults = param_faults(query, {"url", "urls"})
        addresses = _addresses(query)
        if not 1 <= len(addresses) <= _MOST_PAGES or {"url", "urls"} <= query.params.keys():
            faults.append(f"jobposting needs params.url, or params.urls with 1 to {_MOST_PAGES} addresses")
        return faults + [f"{address!r} is no address of a web page" for address in addresses if not _is_page(address)]

    def feed(self, query: SourceQuery) -> str:
        """The addresses."""
        return path_safe(",".join(map(str, _addresses(query))))

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Values may stand alone or in lists and objects; what is read from a part of one leaves the rest in extra."""
        fields = Item(item)
        fields.known("@context", "@type", *(f"{name}.@type" for name in _PARTS))
        page = fields.link(_PAGE)
        address = fields.link("url", "sameAs") or page
        title = fields.line("title", "name")
        places = _places(fields)
        return SourcePosting(
            source_job_id=_identity(fields, address),
            title=title,
            company=_company(fields),
            company_url=fields.link("hiringOrganization.sameAs", "hiringOrganization.url"),
            url=address,
            apply_url=address if fields.take(lambda v: v is True or None, "directApply") else None,
            description_html=fields.take(_markup, "description"),
            places=places,
            employment_types=fields.take(_listed, "employmentType") or [],
            remote=fields.take(_remote, "jobLocationType"),
            company_size=fields.line(
                "hiringOrganization.numberOfEmployees", "hiringOrganization.numberOfEmployees.value"
            ),
            tags=(fields.take(_listed, "skills") or []) + (fields.take(_listed, "industry") or []),
            pay=_pay(fields),
            language=fields.line("inLanguage"),
            posted_at=fields.moment("datePosted"),
            valid_through=fields.moment("validThrough"),
            extra=fields.rest(),
        )


_EMPLOYEES = ("hiringOrganization.numberOfEmployees", "hiringOrganization.numberOfEmployees.value")
#: Objects inside a posting whose `@type` says nothing.
_PARTS = ("hiringOrganization", "identifier", "baseSalary", "baseSalary.value")


def _addresses(query: SourceQuery) -> list[Any]:
    several = query.params.get("urls")
    return several if isinstance(several, list) else [query.params["url"]] if "url" in query.params else []


def _is_page(address: Any) -> bool:
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
        return (
            parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
        )
    except ValueError:
        return False


def _identity(fields: Item, address: str | None) -> str:
    """The employer's number, told apart by the site; else the address, else a digest of what the posting says."""
    number = fields.text("identifier.value", "identifier") or _first_text(fields.look("identifier"), "value")
    if number:
        try:
            site = urlsplit(address or "").hostname
        except ValueError:
            site = None
        return f"{site}:{number}" if site else number
    if address and values.link(fields.look("url")):
        return address
    said = [values.one_line(fields.look(name)) for name in ("title", "datePosted", "description")]
    company, place = _company(fields), json.dumps(fields.look("jobLocation"), sort_keys=True, default=str)
    if not any(said):
        raise MappingError("id_missing", "a JobPosting without identifier, address, title and description")
    return hashlib.sha256(json.dumps([address, company, place, said]).encode("utf-8", "replace")).hexdigest()[:32]


def _company(fields: Item) -> str | None:
    named = fields.line("hiringOrganization.name", "hiringOrganization")
    named = named or values.one_line(_first_text(fields.look("hiringOrganization.name"), "@value"))
    return named or values.one_line(_first_text(fields.look("hiringOrganization"), "name"))


def _first_text(value: Any, key: str) -> str | None:
    """The text of a list's first entry, or that under the key of the object which the entry is."""
    first = value[0] if isinstance(value, list) and value else None
    return values.text(first.get(key)) if isinstance(first, dict) else values.text(first)


def _places(fields: Item) -> list[Place]:
    """The places of work, and for remote work the countries or states in which applicants may live."""
    found: list[Place] = []
    for name, read in (("jobLocation", _place), ("applicantLocationRequirements", _area)):
        given = fields.look(name)
        entries = list(_apart(given))
        read_places = [read(entry) for entry in entries]
        if all(read_places) and all(map(_says_no_more, entries)):
            fields.take(lambda _: True, name)
        found += [place for place in read_places if place and place not in found]
    return found


def _apart(given: Any) -> Iterator[Any]:
    """Each place of work once; one with several addresses is several."""
    for entry in given if isinstance(given, list) else [given]:
        addresses = entry.get("address") if isinstance(entry, dict) else None
        if isinstance(addresses, list) and addresses:
            yield from ({**entry, "address": address} for address in addresses)
        else:
            yield entry


def _place(entry: Any) -> Place | None:
    if not isinstance(entry, dict):
        return _area(entry)
    address = entry.get("address")
    inside = Item(address if isinstance(address, dict) else entry)
    city, region = inside.line("addressLocality"), inside.line("addressRegion")
    named = inside.line("addressCountry.name", "addressCountry")
    written = ", ".join(part for part in (city, region, named) if part)
    geo = Item(entry["geo"]) if isinstance(entry.get("geo"), dict) else inside
    found = Place(
        text=written or values.one_line(address) or values.one_line(entry.get("name")),
        city=city,
        region=region,
        country=country(named),
        latitude=geo.take(lambda v: values.coordinate(v, 90), "latitude"),
        longitude=geo.take(lambda v: values.coordinate(v, 180), "longitude"),
    )
    return found if found != Place() else None


def _area(entry: Any) -> Place | None:
    named = values.one_line(entry.get("name") if isinstance(entry, dict) else entry)
    return Place(text=named, country=country(named)) if named else None


def _says_no_more(entry: Any) -> bool:
    """Whether a place has no parts, such as a street, that are not read."""
    if not isinstance(entry, dict):
        return not isinstance(entry, list)
    return entry.keys() <= _ADDRESS and all(map(_says_no_more, entry.values()))


def _markup(value: Any) -> str | None:
    """Some pages escape the description's HTML once more."""
    found = values.text(value)
    return html.unescape(found) if found and "<" not in found and "&lt;" in found else found


def _listed(value: Any) -> list[str] | None:
    """The texts of a list, the names of its objects, or the parts of one text between commas."""
    entries = value if isinstance(value, list) else list(_split(value))
    names = [
        values.one_line(e.get("name") if isinstance(e, dict) and e.keys() <= {"@type", "name"} else e) for e in entries
    ]
    return [name for name in names if name] if all(names) and names else None


def _split(value: Any) -> Iterator[Any]:
    parts = value.split(",") if isinstance(value, str) else [value]
    # Longer parts are those of a sentence.
    yield from (part for part in parts if part != "") if all(len(str(part)) <= 60 for part in parts) else [value]


def _remote(value: Any) -> str | None:
    named = value if isinstance(value, list) else [value]
    return "remote" if "TELECOMMUTE" in [name.strip().upper() for name in named if isinstance(name, str)] else None


def _pay(fields: Item) -> OfferedPay | None:
    """`baseSalary` as an amount, a range or words; of several the first, and all stay in extra."""
    given = fields.look("baseSalary")
    if isinstance(given, list):
        fields = Item({"baseSalary": given[0] if given else None, "salaryCurrency": fields.look("salaryCurrency")})
    single = fields.amount("baseSalary.value.value", "baseSalary.value", "baseSalary")
    low = fields.amount("baseSalary.value.minValue", "baseSalary.minValue")
    high = fields.amount("baseSalary.value.maxValue", "baseSalary.maxValue")
    words = None if single is not None else fields.line("baseSalary.value.value", "baseSalary.value", "baseSalary")
    if single is None and low is None and high is None and words is None:
        return None
    ranged = low is not None or high is not None
    return OfferedPay(
        text=words,
        minimum=low if ranged else single,
        maximum=high if ranged else single,
        currency=fields.take(values.currency, "baseSalary.currency", "baseSalary.value.currency", "salaryCurrency"),
        period=fields.take(values.period, "baseSalary.value.unitText", "baseSalary.unitText"),
    )


ADAPTER = JobPosting()
