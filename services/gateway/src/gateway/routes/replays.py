"""Replays of archived pages and what they changed, and backfills of past days."""

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Self

import msgspec
from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from common.contracts import Days, SourceQuery, WindowRequested
from common.messaging.relay import send_now
from common.web import Problem, ProblemError
from common.web.rules import RULE_SET
from gateway.clients.rules import offer
from gateway.domain.campaign import SourceChoice
from gateway.errors import campaign_missing, run_missing
from gateway.routes.access import Wired
from gateway.routes.runs import RUN_ID, RunId, RunRead
from gateway.store.campaigns import criteria_of

if TYPE_CHECKING:
    from gateway.wiring import Wiring

router = APIRouter(tags=["runs"], responses={404: {"model": Problem}})
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_ID = Field(None, pattern=RUN_ID, description="Your own id: starting it twice starts it once.")
#: Who owns the fields that a replay may change, in the order of the pipeline.
_STAGES = {"normalizer": "normalize", "enricher": "enrich"}
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Window(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    first: date | None = Field(None, alias="from", description="First day, UTC.")
    last: date | None = Field(None, alias="to", description="Last day, UTC; today where it is left out.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first and self.last and self.last < self.first:
            raise ValueError("`to` lies before `from`")
        return self


class ArchiveReplay(Window):
    """Which archived pages to read again: those of a time, of some runs, or both."""

    sources: list[Name] = Field([], max_length=100, description="Only of these sources.")
    run_ids: list[Name] = Field([], max_length=100, description="Only of these runs.")
    dry_run: bool = Field(False, description="Only report what would change.")
    rule_set: str | None = Field(
        None, pattern=RULE_SET, description="Read by this rule set (`GET /rules`); null: by the rules in use."
    )
    run_id: str | None = _OWN_ID

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.first is None and not self.run_ids:
            raise ValueError("say which pages: give `from`, or `run_ids`")
        return self

    def event(self, now: datetime) -> WindowRequested:
        """What the extractor is asked for; pages that come in from now on are not part of it."""
        since = datetime.combine(self.first, time(), UTC) if self.first else _BEGINNING
        past = self.last is not None and self.last < now.date()
        until = datetime.combine(self.last + timedelta(days=1), time(), UTC) if self.last and past else now
        return WindowRequested(
            since=since, until=until, mode="dry_run" if self.dry_run else "apply", sources=sorted(set(self.sources)),
            run_ids=sorted(set(self.run_ids)),
        )  # fmt: skip


class Backfill(Window):
    """Which days to ask the sources of a campaign for."""

    first: date = Field(alias="from", description="First day on which postings wanted were posted.")
    campaign_id: uuid.UUID
    sources: list[SourceChoice] | None = Field(None, max_length=100, description="Instead of the campaign's own.")


class StageDifference(BaseModel):
    """A field that a replay changed, or would change."""

    stage: str = Field(description="normalize: as a source shows it; enrich: read out of the text.")
    field: str
    postings: int
    examples: list[dict[str, Any]] = Field(description="Up to five: hash_key, before, after.")
    rules_version: str


class DiffRead(BaseModel):
    """What a run changed in postings that were known, field by field; what is new or closed is in its books."""

    run_id: str
    dry_run: bool
    fields: list[StageDifference]


_REPLAYS = [{"from": "2026-11-01", "to": "2026-11-20", "sources": ["lever"], "dry_run": True}]


@router.post("/runs/replay", status_code=202, summary="Read archived pages again through today's rules")
async def replay(wired: Wired, asked: Annotated[ArchiveReplay, Body(examples=_REPLAYS)]) -> RunRead:
    """No source is asked. Postings keep the time at which they were read; doing it twice changes nothing more."""
    return await begin(wired, asked)


async def begin(wired: "Wiring", asked: ArchiveReplay) -> RunRead:
    """Begin the run; every service has the rule set that it tries before it begins."""
    now = wired.now()
    run_id = asked.run_id or f"replay-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    window = asked.model_dump(mode="json", by_alias=True, exclude={"run_id"})
    if asked.rule_set is None:
        del window["rule_set"]
    else:
        async with wired.session.engine.connect() as conn:
            files = await wired.rules.files(conn, asked.rule_set)
        if files is None:
            raise ProblemError(404, "No such rule set", "List rule sets with GET /rules.")
        await offer(wired.services, files)
    async with wired.session.engine.begin() as conn:
        messages = await wired.runs.reread(conn, asked.event(now), window, run_id, now, asked.rule_set)
        row = await wired.runs.get(conn, run_id)
        if row is None or row.window != window or row.kind != "replay":
            raise ProblemError(409, "This run id is taken", "It names another run; choose another.")
        (shown,) = await RunRead.of(conn, [row])
    await send_now(wired.session.broker, wired.session.engine, wired.session.outbox, messages)
    return shown


@router.post("/runs/backfill", status_code=202, summary="Ask a campaign's sources for past days")
async def backfill(wired: Wired, asked: Backfill) -> RunRead:
    """Asked twice for the same days and sources, it begins once. Sources that know no days are named in the run."""
    now = wired.now()
    days = Days(first=asked.first, last=asked.last or now.date())
    async with wired.session.engine.begin() as conn:
        campaign = await wired.campaigns.get(conn, asked.campaign_id, lock=True)
        if campaign is None:
            raise campaign_missing()
        chosen = criteria_of(campaign).sources if asked.sources is None else asked.sources
        if not chosen:
            raise ProblemError(422, "No sources to read", "Give `sources` here or set them on the campaign.")
        sources = [s.contract() for s in chosen]
        run_id = _backfill_id(asked.campaign_id, days, sources)
        _, messages = await wired.starter.start(conn, campaign, sources, run_id, "backfill", now, posted=days)
        row = await wired.runs.get(conn, run_id)
        if row is None:
            raise run_missing()
        (shown,) = await RunRead.of(conn, [row])
    await send_now(wired.session.broker, wired.session.engine, wired.session.outbox, messages)
    return shown


def _backfill_id(campaign_id: uuid.UUID, days: Days, sources: Sequence[SourceQuery]) -> str:
    which = hashlib.sha256(msgspec.json.encode((str(campaign_id), sources), order="sorted")).hexdigest()[:8]
    return f"backfill-{days.first:%Y%m%d}-{days.last:%Y%m%d}-{which}"


@router.get("/runs/{run_id}/diff", summary="What a replay changed, field by field")
async def diff(wired: Wired, run_id: RunId) -> DiffRead:
    """Of a run that is under way: so far. Empty for a run that is no replay of archived pages."""
    async with wired.session.engine.connect() as conn:
        row = await wired.runs.get(conn, run_id)
    if row is None:
        raise run_missing()
    fields = [
        StageDifference(stage=stage, **found)
        for service, stage in _STAGES.items()
        for found in await wired.services.get(service, f"/replays/{run_id}/differences") or []
    ]
    return DiffRead(run_id=run_id, dry_run=bool((row.window or {}).get("dry_run")), fields=fields)
