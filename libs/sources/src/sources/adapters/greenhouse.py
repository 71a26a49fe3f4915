"""Greenhouse's job board API: `/v1/boards/{board}/jobs?content=true`, the whole board in one answer."""

import re
from decimal import Decimal
from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting
from sources import values
from sources.adapter import FetchedPage, PageRequest
from sources.board import Address, BoardAdapter
from sources.client import SourceClient
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in
from sources.settings import SourceSettings
from sources.terms import Terms

_PAY_NAME = re.compile(r"\b(pay|salary|salaries|compensation|wage|hiring range)\b", re.IGNORECASE)
_EMPLOYMENT_VALUE = re.compile(r"full|part|contract|intern|temp|fixed|season|freelance", re.IGNORECASE)
_ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&"))
_WORKPLACE_NAMES = {"workplace", "workplace type", "work type", "work model", "location type", "remote"}
_EMPLOYMENT_NAMES = {"employment type", "time type", "workforce classification"}
_LEVEL_NAMES = {"job level", "seniority", "seniority level", "experience level"}
_API_HOSTS = {"boards-api.greenhouse.io", "boards-api.eu.greenhouse.io", "api.greenhouse.io"}
_BOARD_HOSTS = {
    "boards.greenhouse.io",
    "job-boards.greenhouse.io",
    "boards.eu.greenhouse.io",
    "job-boards.eu.greenhouse.io",
}


EXAMPLE: dict[str, Any] = {
    "jobs": [
        {
            "id": 4100001, "internal_job_id": 3100001, "requisition_id": "DE-7", "title": "Data Engineer",
            "company_name": "Fernwood Freight", "absolute_url": "https://fernwood.example/careers?gh_jid=4100001",
            "location": {"name": "Toronto, ON; Remote, Canada"}, "language": "en",
            "content": "&lt;p&gt;You keep &lt;b&gt;our pipelines&lt;/b&gt; in order: Python, SQL, Airflow.&lt;/p&gt;",
            "departments": [{"id": 7, "name": "Data", "child_ids": [], "parent_id": None}],
            "offices": [{"id": 3, "name": "HQ", "location": "Toronto, Canada", "child_ids": [], "parent_id": None}],
            "metadata": [
                {"id": 1, "name": "Employment Type", "value": "Full-time", "value_type": "single_select"},
                {"id": 2, "name": "Workplace Type", "value": "Hybrid", "value_type": "single_select"},
                {"id": 3, "name": "Job Level", "value": "Senior", "value_type": "single_select"},
            ],
            "pay_input_ranges": [
                {"min_cents": 9500000, "max_cents": 12500000, "currency_type": "CAD", "title": "Annual base salary"},
            ],
            "first_published": "2026-11-02T09:30:00-05:00", "updated_at": "2026-11-16T10:00:00-05:00",
            "application_deadline": "2026-12-31T23:59:00-05:00",
        },
    ],
    "meta": {"total": 1},
}  # fmt: skip


class Greenhouse(BoardAdapter):
    """One board of Greenhouse, `params: {board: stripe}`; job ids are unique across boards."""

    name = "greenhouse"
    settings = SourceSettings(base_url="https://boards-api.greenhouse.io", requests_per_minute=120)
    terms = Terms(
        allowed_use="public API made for showing an employer's openings; no key",
        good_for="employers' own boards with the whole text, departments, offices and often pay",
        url="https://developers.greenhouse.io/job-board.html",
    )
    reserved = frozenset({"embed", "v1", "users", "job_board"})
    example = EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """The whole board."""
        params = {"content": "true", "pay_transparency": "true"}
        return await client.get(f"/v1/boards/{self.board(request.source)}/jobs", params)

    def items(self, payload: Any) -> list[Any]:
        """The jobs of the board."""
        return list_in(payload, "jobs")

    def board_at(self, address: Address) -> str | None:
        """The path's first part; of embedded boards `for`. The same API serves boards of the EU."""
        if address.host in _API_HOSTS:
            return address.part(2) if address.parts[:2] == ("v1", "boards") else None
        if address.host not in _BOARD_HOSTS:
            return None
        return address.query.get("for") if address.part(0) == "embed" else address.part(0)

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Custom fields (`metadata`) are read for pay, workplace, employment type and level, and all kept in extra."""
        fields = Item(item)
        identity = fields.text("id")
        if identity is None:
            raise MappingError("id_missing", "a Greenhouse job without id")
        address = fields.link("absolute_url")
        custom = _custom(fields)
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("title"),
            company=fields.line("company_name") or feed or self.employer_at(address),
            url=address,
            apply_url=address,
            description_html=fields.take(_markup, "content"),
            places=_places(fields),
            employment_types=[t for t in _named(custom, _EMPLOYMENT_NAMES) if _EMPLOYMENT_VALUE.search(t)][:1],
            remote=", ".join(_named(custom, _WORKPLACE_NAMES)) or None,
            seniority=next(iter(_named(custom, _LEVEL_NAMES)), None),
            department=_department(fields),
            pay=_published_pay(fields) or _custom_pay(custom),
            language=fields.line("language"),
            posted_at=fields.moment("first_published", "updated_at"),
            valid_through=fields.moment("application_deadline"),
            extra=fields.rest(),
        )


def _markup(value: Any) -> str | None:
    """The board API escapes the HTML of `content` once; a text that already holds tags is left alone."""
    content = values.text(value)
    if content is None or "<" in content:
        return content
    # The exact inverse of one escaping: `&amp;nbsp;` becomes `&nbsp;` and stays for whoever reads the HTML.
    for entity, sign in _ESCAPED:
        content = content.replace(entity, sign)
    return content


def _places(fields: Item) -> list[Place]:
    """`location.name` lists places between semicolons or bars; offices stand in where it is empty."""
    named = fields.line("location.name", "location")
    if named:
        return [Place(text=part.strip()) for part in re.split(r"[;|]", named) if part.strip()]
    offices = fields.look("offices")
    found = (o.get("location") or o.get("name") for o in values.objects(offices))
    return [Place(text=name) for name in map(values.one_line, found) if name]


def _department(fields: Item) -> str | None:
    names = (values.one_line(entry.get("name")) for entry in values.objects(fields.look("departments")))
    return ", ".join(name for name in names if name) or None


def _custom(fields: Item) -> list[tuple[str, Any]]:
    """Custom fields as (lower-case name, value)."""
    entries = ((values.one_line(e.get("name")), e.get("value")) for e in values.objects(fields.look("metadata")))
    return [(name.lower(), value) for name, value in entries if name and value is not None]


def _named(custom: list[tuple[str, Any]], names: set[str]) -> list[str]:
    found: list[str] = []
    for name, value in custom:
        if name in names:
            said = value if isinstance(value, list) else [values.remote(value) if name == "remote" else value]
            found += [line for line in map(values.one_line, said) if line]
    return found


def _published_pay(fields: Item) -> OfferedPay | None:
    """The first pay range that Greenhouse publishes itself, in cents; more ranges stay in extra."""
    for entry in values.objects(fields.look("pay_input_ranges")):
        low, high = values.amount(entry.get("min_cents")), values.amount(entry.get("max_cents"))
        if low is not None or high is not None:
            words = values.one_line(entry.get("title"))
            return OfferedPay(
                text=words,
                minimum=None if low is None else low / 100,
                maximum=None if high is None else high / 100,
                currency=values.currency(entry.get("currency_type")),
                period=values.period(words),
            )
    return None


def _custom_pay(custom: list[tuple[str, Any]]) -> OfferedPay | None:
    """The first custom field that is named like pay and holds a range or an amount above 0."""
    said = next((v for n, v in custom if "frequency" in n or "pay period" in n), None)
    for name, value in custom:
        if not (isinstance(value, dict) and _PAY_NAME.search(name)):
            continue
        single = values.amount(value.get("amount"))
        low: Decimal | None = values.amount(value.get("min_value")) or single
        high = values.amount(value.get("max_value")) or single
        if low or high:
            named = values.period(name)
            return OfferedPay(
                minimum=low,
                maximum=high,
                currency=values.currency(value.get("unit")),
                period=values.period(said) or named,
            )
    return None


ADAPTER = Greenhouse()
