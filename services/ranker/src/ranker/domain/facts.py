"""What ranking needs to know of a job: stored as facts, not as codes, so that changed rules can read it again."""

from datetime import UTC, date, datetime

import msgspec

from common.contracts import Job, Salary


class Spot(msgspec.Struct, frozen=True, omit_defaults=True):
    """One place of a job; `country` is ISO 3166-1 alpha-2, lower case."""

    city: str | None = None
    region: str | None = None
    country: str | None = None
    text: str | None = None


class Pay(msgspec.Struct, frozen=True, array_like=True):
    """Yearly pay in whole units of the reference currency, minimum <= maximum."""

    minimum: int
    maximum: int
    currency: str


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job as the ranker keeps it; `day` is the UTC date of publication, or of the first sighting."""

    title: str
    summary: str = ""
    places: tuple[Spot, ...] = ()
    remote_type: str | None = None
    employment_types: tuple[str, ...] = ()
    seniority: str | None = None
    company_size: str | None = None
    company_rating: float | None = None
    pay: Pay | None = None
    skills: tuple[str, ...] = ()
    day: date | None = None
    first_seen: bool = False


class Employer(msgspec.Struct, frozen=True):
    """What is known of a company; of two states the one with the higher version counts. `rating` is 0 to 5."""

    version: int
    size: str | None = None
    rating: float | None = None


#: Of a company that nothing is known of.
UNKNOWN = Employer(0)


def with_employer(facts: Facts, employer: Employer) -> Facts:
    """The facts with those of the company; a size that the posting states itself stays."""
    if employer == UNKNOWN:
        return facts
    size = facts.company_size or employer.size
    return msgspec.structs.replace(facts, company_size=size, company_rating=employer.rating)


def facts_of(job: Job) -> Facts:
    """The facts of an enriched job."""
    moment = job.posted_at or job.first_seen_at
    return Facts(
        title=job.title,
        summary=job.summary,
        places=tuple([Spot(p.city, p.region, p.country, p.text) for p in job.places]),
        remote_type=job.remote_type,
        employment_types=tuple(job.employment_types),
        seniority=job.seniority,
        company_size=job.company_size,
        pay=_pay(job.salary) if job.salary else None,
        skills=tuple(job.skills),
        day=_utc_date(moment) if moment else None,
        first_seen=job.posted_at is None,
    )


def _pay(salary: Salary) -> Pay | None:
    """The range in the reference currency; a range with one end is that amount."""
    ends = [a for a in (salary.reference_minimum, salary.reference_maximum) if a is not None and a > 0]
    if not ends or salary.reference_currency is None:
        return None
    return Pay(min(ends), max(ends), salary.reference_currency)


def _utc_date(moment: datetime) -> date:
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()
