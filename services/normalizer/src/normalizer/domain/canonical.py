"""Makes the canonical record of a source's posting: cleans each value, asks the quality gate, names the identity."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from common.contracts import OfferedPay, Place, SourcePosting
from normalizer.domain.identity import hash_key, location_text
from normalizer.domain.markup import describe
from normalizer.domain.quality import Draft, Rules
from normalizer.domain.record import Record, content_hash
from normalizer.domain.text import line
from normalizer.errors import RejectedError

#: The fields of a draft, by which rules name them.
FIELDS = frozenset({
    "source_job_id", "title", "company", "company_url", "url", "apply_url", "description", "places",
    "employment_types", "remote", "seniority", "department", "company_size", "tags", "pay.text", "pay.minimum",
    "pay.maximum", "pay.currency", "pay.period", "language", "posted_at", "valid_through",
})  # fmt: skip
#: Ids are index keys, and an index entry holds 2,700 bytes; what else is longer than these is cut.
_LONGEST_ID, _LONGEST_WORDS, _LONGEST_NAME = 500, 300, 200
_MOST_PLACES, _MOST_TAGS, _MOST_TYPES = 250, 100, 10


@dataclass(frozen=True, slots=True)
class Checked:
    """A source's posting, its values as cleaned, and the warnings of the rules that it breaks."""

    posting: SourcePosting
    draft: Draft
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Described:
    """The same with its description as clean HTML and as text."""

    checked: Checked
    markup: str
    text: str


@dataclass(frozen=True, slots=True)
class Canonical:
    """A record, and the draft it was made of for the rules of its page."""

    record: Record
    draft: Draft


def canonical(posting: SourcePosting, source: str, collected_at: datetime, rules: Rules) -> Canonical:
    """The record of one posting; RejectedError with the reason of the first critical rule it breaks."""
    return recorded(described(checked(posting, collected_at, rules)), source)


def checked(posting: SourcePosting, collected_at: datetime, rules: Rules) -> Checked:
    """The values of a posting as cleaned; RejectedError with the reason of the first critical rule it breaks."""
    draft = _draft(posting)
    broken, warnings = rules.examine(draft, collected_at)
    if broken is not None:
        raise RejectedError(broken.reason, f"{', '.join(broken.fields)} of posting {draft['source_job_id'] or '?'}")
    identity = draft["source_job_id"]
    if not identity or len(identity) > _LONGEST_ID:  # without it nothing can be stored, enforced or not
        raise RejectedError("id_unusable", f"an id needs 1 to {_LONGEST_ID} characters")
    return Checked(posting, draft, warnings)


def described(checked: Checked) -> Described:
    """With its description, as HTML where the source gives it so; the gate may have cut or dropped it."""
    draft, is_markup = checked.draft, bool(checked.posting.description_html)
    markup, text = describe(
        draft["description"] if is_markup else None, None if is_markup else draft["description"], draft["url"]
    )
    return Described(checked, markup, text)


def recorded(described: Described, source: str) -> Canonical:
    """The record, with its identity and the hash of its content."""
    posting, draft = described.checked.posting, described.checked.draft
    values: dict[str, Any] = {name: draft[name] for name in _TAKEN}
    values |= {name: draft[name] or [] for name in ("places", "employment_types", "tags")}
    record = Record(
        hash_key=hash_key(draft["company"], draft["title"], location_text(draft["places"] or ())),
        source=source,
        title=draft["title"] or "",
        company=draft["company"] or "",
        description_html=described.markup,
        description_text=described.text,
        description_is_excerpt=posting.description_is_excerpt and bool(described.text),
        pay=_pay(draft),
        warnings=described.checked.warnings,
        **values,
    )
    return Canonical(msgspec.structs.replace(record, content_hash=content_hash(record)), draft)


_TAKEN = (
    "source_job_id", "company_url", "url", "apply_url", "remote", "seniority", "department", "company_size",
    "language", "posted_at", "valid_through",
)  # fmt: skip


def _draft(posting: SourcePosting) -> Draft:
    pay = posting.pay or OfferedPay()
    return {
        "source_job_id": line(posting.source_job_id),
        "title": line(posting.title),
        "company": line(posting.company),
        "company_url": _address(posting.company_url),
        "url": _address(posting.url),
        "apply_url": _address(posting.apply_url),
        "description": posting.description_html or posting.description_text,
        "places": [even for place in posting.places[:_MOST_PLACES] if (even := _place(place)) != Place()],
        "employment_types": [
            word.upper().replace("-", "_").replace(" ", "_") for word in _words(posting.employment_types, _MOST_TYPES)
        ],
        "remote": _name(posting.remote),
        "seniority": _name(posting.seniority),
        "department": _name(posting.department),
        "company_size": _name(posting.company_size),
        "tags": _words(posting.tags, _MOST_TAGS),
        "pay.text": (line(pay.text) or "")[:_LONGEST_WORDS] or None,
        "pay.minimum": pay.minimum,
        "pay.maximum": pay.maximum,
        "pay.currency": (pay.currency and pay.currency.strip().upper()) or None,
        "pay.period": pay.period,
        "language": _name(posting.language),
        "posted_at": _aware(posting.posted_at),
        "valid_through": _aware(posting.valid_through),
    }


def _place(place: Place) -> Place:
    country = _name(place.country)
    return Place(
        text=_name(place.text),
        city=_name(place.city),
        region=_name(place.region),
        country=country and country.lower(),
        latitude=place.latitude,
        longitude=place.longitude,
    )


def _pay(draft: Draft) -> OfferedPay | None:
    names = ("text", "minimum", "maximum", "currency", "period")
    offered: dict[str, Any] = {name: draft[f"pay.{name}"] for name in names}
    said = offered["text"] or offered["minimum"] is not None or offered["maximum"] is not None
    return OfferedPay(**offered) if said else None


def _name(text: str | None) -> str | None:
    even = line(text)
    return even[:_LONGEST_NAME] if even else None


def _words(texts: Iterable[str], most: int) -> list[str]:
    """Each once, in the source's order."""
    return list(dict.fromkeys(word for text in texts if (word := _name(text))))[:most]


def _address(url: str | None) -> str | None:
    return url.strip().replace("\x00", "") or None if url else None


def _aware(moment: datetime | None) -> datetime | None:
    """Sources that name no zone mean UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
