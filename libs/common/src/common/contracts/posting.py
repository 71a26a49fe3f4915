"""The canonical posting as a source gave it, normalised, and enriched (after schema.org JobPosting)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from common.contracts.frozen import Contract

PayPeriod = Literal["hour", "day", "week", "month", "year"]
RemoteType = Literal["onsite", "hybrid", "remote"]
EmploymentType = Literal[
    "FULL_TIME", "PART_TIME", "CONTRACTOR", "TEMPORARY", "INTERN", "VOLUNTEER", "PER_DIEM", "OTHER"
]
Seniority = Literal["intern", "junior", "mid", "senior", "lead", "principal", "manager", "director", "executive"]
Degree = Literal["high_school", "associate", "bachelor", "master", "doctorate"]
#: What a posting says of visas; `authorisation_required`: nothing but that the right to work must be there.
Visa = Literal["sponsored", "not_sponsored", "authorisation_required"]
#: open; stale: open, but not seen for long; expired: valid no more, as its source says; closed: shown no more.
JobState = Literal["open", "stale", "expired", "closed"]
#: How a posting of a run ended when it reached the gateway; None: not counted (a refresh of a counted one).
ForwardedOutcome = Literal["new", "updated"]


class Place(Contract, frozen=True, kw_only=True):
    """One location: the text as found, and what is known of it. `country` is ISO 3166-1 alpha-2, lower case."""

    text: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    @property
    def written(self) -> str:
        """In the source's own words; city, region and country stand in where it has none."""
        return self.text or ", ".join(part for part in (self.city, self.region, self.country) if part)


class OfferedPay(Contract, frozen=True, kw_only=True):
    """Pay as the source states it: amounts per `period` in `currency` (ISO 4217); unknown stays None."""

    text: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    currency: str | None = None
    period: PayPeriod | None = None


class SourcePosting(Contract, frozen=True, kw_only=True):
    """One item of a source in canonical field names, before cleaning; values are the source's own."""

    source_job_id: str
    title: str | None = None
    company: str | None = None
    company_url: str | None = None
    url: str | None = None
    apply_url: str | None = None
    description_html: str | None = None
    description_text: str | None = None
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
    extra: dict[str, Any] = {}


class Attribution(Contract, frozen=True, kw_only=True):
    """What a source wants to stand beside its postings: a text, and where it leads."""

    text: str
    url: str | None = None


class Flag(Contract, frozen=True, kw_only=True):
    """What people should know of a posting: reposted under another id, or open for so long that it fills no place."""

    kind: Literal["repost", "evergreen"]
    since: datetime
    evidence: str


def is_over(state: JobState, *, closed: bool) -> bool:
    """Whether nobody can apply any more; `closed` alone tells it of postings sent before there were states."""
    return closed or state in ("closed", "expired")


class Posting(Contract, frozen=True, kw_only=True):
    """A canonical posting. `hash_key` (32 hex digits) is its identity, `version` orders its states."""

    hash_key: str
    version: int
    content_hash: str
    source: str
    source_job_id: str
    title: str
    company: str
    outcome: ForwardedOutcome | None = None
    closed: bool = False
    company_key: str | None = None
    company_url: str | None = None
    url: str | None = None
    apply_url: str | None = None
    description_text: str = ""
    description_is_excerpt: bool = False
    places: list[Place] = []
    employment_types: list[str] = []
    remote: str | None = None
    seniority: str | None = None
    company_size: str | None = None
    tags: list[str] = []
    pay: OfferedPay | None = None
    posted_at: datetime | None = None
    first_seen_at: datetime | None = None
    attribution: Attribution | None = None
    state: JobState = "open"
    state_since: datetime | None = None
    state_reason: str | None = None
    flags: list[Flag] = []


class Salary(Contract, frozen=True, kw_only=True):
    """Pay read and made comparable: yearly whole units in the stated currency and in the reference currency.

    `source` says where it was read; `rate_date` is the day of the exchange rate used. What is unknown stays None:
    an unknown currency gives no reference amount, an unknown period no yearly amount.
    """

    text: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    currency: str | None = None
    period: PayPeriod | None = None
    yearly_minimum: int | None = None
    yearly_maximum: int | None = None
    reference_minimum: int | None = None
    reference_maximum: int | None = None
    reference_currency: str | None = None
    rate_date: date | None = None
    source: Literal["provider", "text"] = "provider"


class Occupation(Contract, frozen=True, kw_only=True):
    """Which occupation a title means, in the codes of ISCO-08, O*NET-SOC and ESCO; `confidence` is 0 to 1."""

    title: str
    isco_code: str
    confidence: float
    onet_code: str | None = None
    esco_uri: str | None = None


class Job(Contract, frozen=True, kw_only=True):
    """An enriched posting without its body: what ranking and lists need."""

    hash_key: str
    version: int
    source: str
    source_job_id: str
    title: str
    company: str
    rules_version: str
    outcome: ForwardedOutcome | None = None
    closed: bool = False
    company_key: str | None = None
    url: str | None = None
    apply_url: str | None = None
    summary: str = ""
    places: list[Place] = []
    remote_type: RemoteType | None = None
    employment_types: list[EmploymentType] = []
    seniority: Seniority | None = None
    company_size: str | None = None
    salary: Salary | None = None
    skills: list[str] = []
    years_minimum: int | None = None
    years_maximum: int | None = None
    degree: Degree | None = None
    degree_required: bool | None = None
    language: str | None = None
    visa: Visa | None = None
    benefits: list[str] = []
    display_title: str = ""
    occupation: Occupation | None = None
    posted_at: datetime | None = None
    first_seen_at: datetime | None = None
    attribution: Attribution | None = None
    state: JobState = "open"
    state_since: datetime | None = None
    state_reason: str | None = None
    flags: list[Flag] = []
