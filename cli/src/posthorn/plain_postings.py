"""Plain objects as people keep them (`{title, company, location, description, …}`) as postings of a source."""

from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting
from sources import values

#: Names under which people keep a field, the first that holds something counts.
NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "job_id", "source_job_id"),
    "title": ("title", "job_title", "position", "name"),
    "company": ("company", "company_name", "employer", "employer_name"),
    "location": ("location", "locations", "place", "places", "job_location", "location_raw"),
    "description": ("description", "description_html", "description_text", "body", "text", "content"),
    "salary": ("salary", "pay", "wage", "salary_text", "compensation"),
    "remote": ("remote", "workplace_type", "remote_type", "is_remote"),
    "employment_type": ("employment_type", "employment_types", "job_type", "work_type"),
    "seniority": ("seniority", "experience_level", "level"),
    "tags": ("tags", "skills"),
    "company_size": ("company_size",),
    "url": ("url", "link"),
    "posted_at": ("posted_at", "date_posted", "datePosted", "published_at", "publication_date", "created_at"),
}


def plain_posting(given: dict[str, Any], number: int) -> SourcePosting:
    """The posting of an object; ValueError where it has neither title nor description, or one is no text."""
    title, body = _text(given, "title"), _text(given, "description")
    if not (title or body):
        raise ValueError("neither title nor description: name them so, or map the file with `posthorn map` first")
    return SourcePosting(
        source_job_id=_text(given, "id") or f"line-{number}", title=title, company=_text(given, "company"),
        description_html=body, description_is_excerpt=given.get("description_is_excerpt") is True,
        posted_at=values.moment(_value(given, "posted_at")),
        places=[_place(one) for one in _several(given, "location")],
        remote=_flag(_value(given, "remote")), employment_types=_texts(given, "employment_type"),
        seniority=_text(given, "seniority"), tags=_texts(given, "tags"), company_size=_text(given, "company_size"),
        url=_text(given, "url"), pay=_pay(_value(given, "salary")),
    )  # fmt: skip


def _value(given: dict[str, Any], field: str) -> Any:
    return next((given[name] for name in NAMES[field] if given.get(name) not in (None, "", [], {})), None)


def _text(given: dict[str, Any], field: str) -> str | None:
    value = _value(given, field)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{field}: a text is expected, not {type(value).__name__}")


def _several(given: dict[str, Any], field: str) -> list[Any]:
    value = _value(given, field)
    return value if isinstance(value, list) else [] if value is None else [value]


def _texts(given: dict[str, Any], field: str) -> list[str]:
    return [str(one) for one in _several(given, field) if isinstance(one, str | int | float)]


def _place(value: Any) -> Place:
    """A text, or an object with text, city, region and country."""
    if isinstance(value, str):
        return Place(text=value)
    if isinstance(value, dict):
        text, city, region, country = (
            str(value[name]) if value.get(name) else None for name in ("text", "city", "region", "country")
        )
        return Place(text=text, city=city, region=region, country=country)
    raise ValueError(f"location: a text or an object is expected, not {type(value).__name__}")


def _flag(value: Any) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _pay(value: Any) -> OfferedPay | None:
    """Pay as text; a number alone says neither currency nor period and is read as text as well."""
    return None if value is None or isinstance(value, dict | list) else OfferedPay(text=str(value))
