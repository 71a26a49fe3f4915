"""Rule sets: added, tried over archived pages, activated and rolled back, without a restart of any service."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.messaging.protocol import Outgoing
from common.messaging.relay import send_now
from common.settings.rule_files import SHIPPED, RuleFiles
from common.web import Problem, ProblemError
from common.web.rules import RuleFilesIn, RulesHere, Version, told
from gateway.clients.rules import offer, rules_in_use
from gateway.routes.access import Wired
from gateway.routes.replays import ArchiveReplay, Name, Window, begin
from gateway.routes.runs import RunRead
from gateway.store.rules import Decision, RuleAction

router = APIRouter(tags=["rules"], responses={404: {"model": Problem}, 503: {"model": Problem}})
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x1f]*$")
]
_SHOWN, _TRIED_DAYS = 50, 7
_NONE = "List rule sets with GET /rules."


class Deciding(BaseModel):
    """Who does it and why; both are kept."""

    model_config = ConfigDict(extra="forbid")

    by: Words
    reason: Words


class AddRules(Deciding, RuleFilesIn):
    """Files that are to replace those of a set, which is the one in use unless another is named."""

    base: Literal["active", "shipped"] = Field("active", description="The set of which all other files are taken.")


class TryRules(Window):
    """Over which archived pages to try a set; those of seven days where `from` is left out."""

    sources: list[Name] = Field([], max_length=100, description="Only of these sources.")
    run_ids: list[Name] = Field([], max_length=100, description="Only of these runs.")
    by: Words
    reason: Words = "to see what it changes"


class RuleSetRead(BaseModel):
    """A rule set."""

    version: str
    files: list[str] = Field(description="Those that differ from the shipped.")
    added_at: datetime
    active: bool


class RuleSetDetail(BaseModel):
    """A rule set with its files."""

    version: str
    files: dict[str, str] = Field(description="Whole files as text, `.gz` files as base64.")


class RuleChangeRead(BaseModel):
    """Something that was done with a set."""

    at: datetime
    action: RuleAction
    version: str
    activation: int | None
    by: str
    reason: str
    run_id: str | None = Field(description="Of the replay that tried it.")


class ServiceRules(BaseModel):
    """Which rules a service goes by."""

    service: str
    state: Literal["in_use", "behind", "refused", "away"] = Field(description="away: it does not answer.")
    rules: RulesHere | None


class RulesRead(BaseModel):
    """The rules in use, all sets, what every service goes by, and what was done."""

    activation: int = Field(description="Number of the last activation; 0: the rules are as shipped.")
    version: str
    applies: str = Field(description="To what it applies already, and how it reaches the rest.")
    sets: list[RuleSetRead]
    services: list[ServiceRules]
    changes: list[RuleChangeRead]


_APPLIES = (
    "New postings are read, and all jobs ranked, by these rules. Postings stored before keep what other rules read "
    "until they are read again: posthorn replay --from DAY applies these to what is stored."
)


@router.get("/rules", summary="Which rules are in use, where, and since when")
async def list_rules(wired: Wired) -> RulesRead:
    async with wired.session.engine.connect() as conn:
        last = await wired.rules.last(conn)
        sets = await wired.rules.sets(conn)
        changes = await wired.rules.changes(conn, _SHOWN)
    activation, version = (last.activation, last.version) if last else (0, SHIPPED)
    here = await rules_in_use(wired.services)
    return RulesRead(
        activation=activation, version=version, applies=_APPLIES,
        sets=[
            RuleSetRead(version=row.version, files=row.files, added_at=row.added_at, active=row.version == version)
            for row in sets
        ],
        services=[ServiceRules(service=s, state=_state(r, activation), rules=r) for s, r in here.items()],
        changes=[RuleChangeRead.model_validate(row, from_attributes=True) for row in changes],
    )  # fmt: skip


@router.get("/rules/{version}", summary="A rule set with its files")
async def show(wired: Wired, version: Version) -> RuleSetDetail:
    files = await _files(wired, version)
    return RuleSetDetail(version=files.version, files=told(files))


@router.post("/rules", status_code=201, summary="Add a rule set", responses={413: {"model": Problem}})
async def add(wired: Wired, asked: AddRules) -> RuleSetDetail:
    """Every service that reads the files tries them at once; 422 tells all that is wrong. Nothing is activated."""
    given = asked.rule_files()
    async with wired.session.engine.connect() as conn:
        last = await wired.rules.last(conn) if asked.base == "active" else None
        base = await wired.rules.files(conn, last.version) if last else None
    files = RuleFiles({**(base or RuleFiles()).changed, **given.changed})
    if not files.changed:
        raise ProblemError(422, "The request is not valid", "A rule set needs at least one file.")
    await offer(wired.services, files)
    async with wired.session.engine.begin() as conn:
        await wired.rules.add(conn, files, _decision(wired, asked))
    return RuleSetDetail(version=files.version, files=told(files))


@router.post("/rules/{version}/diff", status_code=202, summary="What a rule set would change")
async def diff(wired: Wired, version: Version, asked: TryRules) -> RunRead:
    """Reads archived pages again by this set, without keeping anything; the report is at `GET /runs/{run_id}/diff`."""
    first = asked.first
    if first is None and not asked.run_ids:
        until = asked.last or wired.now().date()
        first = date.fromordinal(max(1, until.toordinal() - _TRIED_DAYS))
    window: dict[str, Any] = {"from": first, "to": asked.last, "sources": asked.sources, "run_ids": asked.run_ids}
    run = await begin(wired, ArchiveReplay(**window, dry_run=True, rule_set=version))
    async with wired.session.engine.begin() as conn:
        decision = Decision(asked.by, asked.reason, wired.now())
        await wired.rules.note(conn, "tried", version, decision, run_id=run.run_id)
    return run


@router.post("/rules/rollback", summary="Go back to the rules before", responses={409: {"model": Problem}})
async def roll_back(wired: Wired, asked: Deciding) -> RulesRead:
    """As often as there were activations, down to the shipped rules."""
    async with wired.session.engine.begin() as conn:
        messages = await wired.rules.roll_back(conn, _decision(wired, asked))
    if messages is None:
        raise ProblemError(409, "Nothing to go back to", "The rules are as shipped.")
    return await _said(wired, messages)


@router.post("/rules/{version}/activate", summary="Use a rule set from now on")
async def activate(wired: Wired, version: Version, asked: Deciding) -> RulesRead:
    """All services switch without a restart; one that refuses it goes on as before, and `GET /rules` says so."""
    files = await _files(wired, version)
    async with wired.session.engine.begin() as conn:
        messages = await wired.rules.activate(conn, files, _decision(wired, asked))
    return await _said(wired, messages)


async def _files(wired: Wired, version: str) -> RuleFiles:
    async with wired.session.engine.connect() as conn:
        files = await wired.rules.files(conn, version)
    if files is None:
        raise ProblemError(404, "No such rule set", _NONE)
    return files


async def _said(wired: Wired, messages: list[Outgoing]) -> RulesRead:
    await send_now(wired.session.broker, wired.session.engine, wired.session.outbox, messages)
    return await list_rules(wired)


def _decision(wired: Wired, asked: Deciding) -> Decision:
    return Decision(asked.by, asked.reason, wired.now())


def _state(rules: RulesHere | None, activation: int) -> Literal["in_use", "behind", "refused", "away"]:
    if rules is None:
        return "away"
    if rules.activation < activation:
        return "behind"
    return "refused" if rules.refused else "in_use"
