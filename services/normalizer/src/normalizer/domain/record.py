"""The canonical record of a posting as one source shows it, and the digest that tells whether it changed."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from common.contracts import Attribution, Flag, JobState, OfferedPay, Place, Posting
from common.contracts.posting import ForwardedOutcome
from sources.errors import SourceRejectedError

_TRACKING = re.compile(r"(?<=[?&])(?:utm_[a-z]+|gclid|fbclid|gh_src)=[^&#]*&?")
_encoder = msgspec.json.Encoder(decimal_format="string")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A posting of one source, cleaned. `hash_key` and `content_hash` are 32 hex digits; times are aware, in UTC.

    `warnings` holds the reasons of the quality rules that it broke and was repaired for.
    """

    hash_key: str
    source: str
    source_job_id: str
    title: str
    company: str
    content_hash: str = ""
    company_url: str | None = None
    url: str | None = None
    apply_url: str | None = None
    description_html: str = ""
    description_text: str = ""
    description_is_excerpt: bool = False
    places: list[Place] = []
    employment_types: list[str] = []
    remote: str | None = None
    seniority: str | None = None
    department: str | None = None
    company_size: str | None = None
    tags: list[str] = []
    pay: OfferedPay | None = None
    language: str | None = None
    posted_at: datetime | None = None
    valid_through: datetime | None = None
    warnings: list[str] = []

    @property
    def blank(self) -> bool:
        """Whether it has no description."""
        return not self.description_html


def content_hash(record: Record) -> str:
    """A digest of what the posting says (blake2b, 128 bits).

    Left out is what moves without a change of the posting: tracking parameters, the time of day of `posted_at`,
    `valid_through`, which many boards push on daily, coordinates, and the order of lists.
    """
    said = (
        record.hash_key, record.title, record.company, record.company_url, _without_tracking(record.url),
        _without_tracking(record.apply_url), record.description_html,
        sorted([p.text or "", p.city or "", p.region or "", p.country or ""] for p in record.places),
        sorted(record.employment_types), record.remote, record.seniority, record.department, record.company_size,
        sorted(record.tags), record.pay, record.language, record.posted_at and record.posted_at.date(),
        *(("excerpt",) if record.description_is_excerpt else ()),
    )  # fmt: skip
    return hashlib.blake2b(_encoder.encode(said), digest_size=16).hexdigest()


def _without_tracking(url: str | None) -> str | None:
    return _TRACKING.sub("", url).rstrip("?&") if url and "?" in url else url


def posting(
    record: Record,
    version: int,
    outcome: ForwardedOutcome | None,
    *,
    first_seen_at: datetime | None = None,
    state: JobState = "open",
    state_since: datetime | None = None,
    state_reason: str | None = None,
    flags: Sequence[Flag] = (),
) -> Posting:
    """The record as it is sent on, without HTML, with what its source wants to stand beside it."""
    return Posting(
        hash_key=record.hash_key,
        version=version,
        content_hash=record.content_hash,
        source=record.source,
        source_job_id=record.source_job_id,
        title=record.title,
        company=record.company,
        outcome=outcome,
        closed=state == "closed",
        company_url=record.company_url,
        url=record.url,
        apply_url=record.apply_url,
        description_text=record.description_text,
        description_is_excerpt=record.description_is_excerpt,
        places=record.places,
        employment_types=record.employment_types,
        remote=record.remote,
        seniority=record.seniority,
        company_size=record.company_size,
        tags=record.tags,
        pay=record.pay,
        posted_at=record.posted_at,
        first_seen_at=first_seen_at,
        attribution=_attribution(record.source),
        state=state,
        state_since=state_since,
        state_reason=state_reason,
        flags=list(flags),
    )


def _attribution(source: str) -> Attribution | None:
    """What the source wants to stand beside its words; None of one that is not shipped any more, too."""
    # Here and not above: it loads every adapter, which a pipe such as `posthorn read` never asks for.
    from sources.registry import adapter_of

    try:
        terms = adapter_of(source).terms
    except SourceRejectedError:
        return None
    return Attribution(text=terms.attribution, url=terms.attribution_url) if terms.attribution else None
