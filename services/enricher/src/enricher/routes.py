"""Data enters: HTTP, for looking at enrichments and trying the rules out."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.contracts import OfferedPay, Place, Posting
from common.contracts.posting import PayPeriod
from common.web import rules
from common.web.differences import difference_router
from common.web.problems import Problem, ProblemError
from enricher.domain.enrich import Enrichment
from enricher.wiring import Wiring

router = APIRouter(tags=["enrichments"])
router.include_router(difference_router("enricher"))
router.include_router(rules.router)
HashKey = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Identity of the posting, 32 hex digits.")]
Line = Annotated[str, StringConstraints(max_length=500)]


class EvidenceOut(BaseModel):
    """Why a value was given: the rule, the field it was read in and the characters there."""

    field: str
    value: str
    rule: str
    where: str = Field(description="title, description, places, pay or provider")
    start: int
    end: int = Field(description="0 where the field was taken as a whole.")
    text: str


class PlaceOut(BaseModel):
    """A location."""

    text: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = Field(None, description="ISO 3166-1 alpha-2, lower case.")
    latitude: float | None = None
    longitude: float | None = None


class SalaryOut(BaseModel):
    """Pay as read, a year of it, and that in the reference currency; what is unknown is null."""

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
    source: str = "provider"


class OccupationOut(BaseModel):
    """Which occupation the title means."""

    title: str
    isco_code: str = Field(description="Unit group of ISCO-08, 4 digits.")
    confidence: float = Field(description="0 to 1.")
    onet_code: str | None = Field(None, description="O*NET-SOC code.")
    esco_uri: str | None = None


class Read(BaseModel):
    """What a posting says, with evidence."""

    rules_version: str
    summary: str
    display_title: str
    occupation: OccupationOut | None = Field(description="null where the title leaves it open.")
    places: list[PlaceOut]
    remote_type: str | None
    employment_types: list[str]
    seniority: str | None
    company_size: str | None
    salary: SalaryOut | None
    skills: list[str]
    skills_required: list[str]
    skills_preferred: list[str]
    remote_regions: list[str] = Field(description="Countries (ISO 3166-1 alpha-2) and areas that limit remote work.")
    years_minimum: int | None
    years_maximum: int | None
    degree: str | None
    degree_required: bool | None
    language: str | None = Field(description="ISO 639-1.")
    visa: str | None = Field(description="sponsored, not_sponsored or authorisation_required")
    benefits: list[str] = Field(description="Names of config/taxonomy/benefits.yml.")
    evidence: list[EvidenceOut]


class Stored(Read):
    """The enrichment of a posting's latest version."""

    hash_key: str
    version: int
    read_at: datetime


class TryOut(BaseModel):
    """A posting to read without keeping anything."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "title": "Senior Go Developer (Remote)",
                "text": "Experience with Go, Kafka and PostgreSQL. Salary: $120,000 - $150,000 a year.",
                "location": "Toronto, ON",
            }
        },
    )

    title: Line
    text: Annotated[str, StringConstraints(max_length=200_000)] = ""
    location: Line | None = None
    company: Line = ""
    pay: Line | None = Field(None, description="Pay as a source would state it in words.")


@router.get("/enrichments/{hash_key}", responses={404: {"model": Problem}})
async def read_enrichment(request: Request, hash_key: HashKey) -> Stored:
    """What a posting says, each value with the rule and the words that gave it."""
    wiring: Wiring = request.app.state.wiring
    async with wiring.session.engine.connect() as conn:
        found = await wiring.store.of_posting(conn, hash_key)
    if found is None:
        raise ProblemError(404, "No such enrichment", f"No posting {hash_key} was enriched.")
    return Stored(
        hash_key=found.hash_key, version=found.version, read_at=found.read_at,
        **_shown(found.values, found.rules_version),
    )  # fmt: skip


@router.post("/enrichments/try")
async def try_enrichment(request: Request, posting: TryOut) -> Read:
    """Read a posting given here under the rules in use; nothing is kept."""
    wiring: Wiring = request.app.state.wiring
    enricher = await wiring.rules.current()
    read = enricher.read(
        Posting(
            hash_key="", version=1, content_hash="", source="try", source_job_id="", title=posting.title,
            company=posting.company, description_text=posting.text,
            places=[Place(text=posting.location)] if posting.location else [],
            pay=OfferedPay(text=posting.pay) if posting.pay else None,
        )
    )  # fmt: skip
    return Read(**_shown(read, enricher.rules_version))


def _shown(enrichment: Enrichment, rules_version: str) -> dict[str, object]:
    """The enrichment as plain values; evidence, kept as arrays, by name."""
    shown: dict[str, object] = msgspec.structs.asdict(enrichment)
    shown["places"] = [msgspec.structs.asdict(p) for p in enrichment.places]
    shown["salary"] = msgspec.structs.asdict(enrichment.salary) if enrichment.salary else None
    shown["occupation"] = msgspec.structs.asdict(enrichment.occupation) if enrichment.occupation else None
    shown["evidence"] = [msgspec.structs.asdict(e) for e in enrichment.evidence]
    return shown | {"rules_version": rules_version}
