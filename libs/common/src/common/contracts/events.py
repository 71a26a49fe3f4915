"""Every event that services exchange, one frozen class each, versioned in its name."""

from datetime import date, datetime
from typing import Any, ClassVar, Literal

from common.contracts.campaign import Campaign, Days, SourceQuery
from common.contracts.frozen import Contract
from common.contracts.posting import Job, Posting

#: Final outcomes of a posting in a run; they sum to `fetched`.
PostingOutcome = Literal["new", "updated", "unchanged", "duplicate", "rejected", "failed"]
UnitOutcome = Literal["ok", "failed", "cancelled", "lost"]
RunKind = Literal["collect", "rerank", "replay"]
SlaReason = Literal["not_started", "not_ended"]
#: What becomes of archived pages that are read again: all that follows, or only a report of what would change.
ReplayMode = Literal["apply", "dry_run"]
RunState = Literal["running", "completed", "cancelled", "timed_out"]


class Event(Contract, frozen=True, kw_only=True):
    """Base of all events; `event_type` is the routing key and the name of the golden schema."""

    event_type: ClassVar[str]


class RunRequested(Event, frozen=True, kw_only=True):
    """A run begins: read these sources for this campaign."""

    event_type: ClassVar[str] = "run.requested.v1"
    run_id: str
    requested_at: datetime
    campaign: Campaign
    sources: list[SourceQuery]
    posted: Days | None = None


class Sweep(Contract, frozen=True, kw_only=True):
    """A read of a whole feed as far as it has come; `left_out` says why it will not be whole."""

    sweep_id: str
    started_at: datetime
    pages: int = 0
    postings: int = 0
    left_out: str | None = None


class PageRequested(Event, frozen=True, kw_only=True):
    """Read pages of one source from this one on; each says itself whether another follows (`cursor` is its own)."""

    event_type: ClassVar[str] = "page.requested.v1"
    run_id: str
    requested_at: datetime
    campaign: Campaign
    source: SourceQuery
    page: int
    cursor: str | None = None
    sweep: Sweep | None = None
    posted: Days | None = None


class WindowRequested(Event, frozen=True, kw_only=True):
    """Read the pages archived in a time again, without asking their sources; `sources` and `run_ids` narrow it."""

    event_type: ClassVar[str] = "window.requested.v1"
    since: datetime
    until: datetime
    mode: ReplayMode = "apply"
    sources: list[str] = []
    run_ids: list[str] = []
    after: str | None = None


class ArchivedPageRequested(Event, frozen=True, kw_only=True):
    """Read one archived page again, without asking its source."""

    event_type: ClassVar[str] = "archived_page.requested.v1"
    page_id: str
    mode: ReplayMode = "apply"


class PostingsCollected(Event, frozen=True, kw_only=True):
    """Raw items of one archived page, as the source gave them (at most 100)."""

    event_type: ClassVar[str] = "postings.collected.v1"
    source: str
    feed: str
    page: int
    archive_key: str
    collected_at: datetime
    items: list[Any]
    replay: ReplayMode | None = None
    campaign_id: str = ""
    sweep_id: str | None = None


class FeedSwept(Event, frozen=True, kw_only=True):
    """A feed that shows every open posting was read to its end: what it did not show may have been closed.

    `postings` were sent on in batches that carry `sweep_id`: whoever has seen them all has seen the feed. Where
    something was left out, what is missing tells nothing.
    """

    event_type: ClassVar[str] = "feed.swept.v1"
    source: str
    feed: str
    sweep_id: str
    started_at: datetime
    finished_at: datetime
    pages: int
    postings: int
    left_out: str | None = None


class PostingsNormalized(Event, frozen=True, kw_only=True):
    """Canonical postings that are new or changed; in a replay also those that stayed as they were."""

    event_type: ClassVar[str] = "postings.normalized.v1"
    postings: list[Posting]
    replay: ReplayMode | None = None


class Clustered(Contract, frozen=True, kw_only=True):
    """A posting with the cluster that it is in: those with one `cluster_id` are one job.

    A cluster is called by the hash_key of one of its postings, so that a posting never told of is its own.
    """

    hash_key: str
    cluster_id: str
    version: int


class DuplicatesSettled(Event, frozen=True, kw_only=True):
    """Postings whose cluster has changed, by a run or by hand; postings that stay alone are not told of."""

    event_type: ClassVar[str] = "duplicates.settled.v1"
    postings: list[Clustered]


class LookRequested(Event, frozen=True, kw_only=True):
    """A page may have changed how these postings, and those of their clusters, stand, or their flags: judge them."""

    event_type: ClassVar[str] = "look.requested.v1"
    hash_keys: list[str]


class PostingsWithheld(Event, frozen=True, kw_only=True):
    """Postings, as of these versions, that nobody is shown: the quality gate has blocked the run that brought them.

    The next run that sees one of them brings it again.
    """

    event_type: ClassVar[str] = "postings.withheld.v1"
    hash_keys: list[str]
    versions: list[int]


class PostingsEnriched(Event, frozen=True, kw_only=True):
    """What the text of postings says."""

    event_type: ClassVar[str] = "postings.enriched.v1"
    jobs: list[Job]


class CampaignRanking(Contract, frozen=True, kw_only=True):
    """Scores of the batch's jobs for one campaign, in hundredths of a point, aligned with `hash_keys`.

    `points` holds, job after job, what each of `factors` gives: those of a job sum to its score exactly. It is flat
    because nested lists cost twenty times as much as the ranking itself.
    """

    campaign_id: str
    campaign_version: int
    as_of: date
    factors: list[str]
    scores: list[int]
    points: list[int]


class PostingsRanked(Event, frozen=True, kw_only=True):
    """Jobs of a batch with their scores for every campaign; a re-rank carries keys and versions only.

    `company_versions` are aligned with `hash_keys`; left out where nothing is known of any of the companies.
    """

    event_type: ClassVar[str] = "postings.ranked.v1"
    hash_keys: list[str]
    versions: list[int]
    rules_version: str
    rankings: list[CampaignRanking]
    jobs: list[Job] = []
    company_versions: list[int] = []


class CampaignChanged(Event, frozen=True, kw_only=True):
    """A campaign in full after a change; `after` continues a re-rank behind that hash_key."""

    event_type: ClassVar[str] = "campaign.changed.v1"
    campaign: Campaign
    as_of: date
    after: str | None = None


class ChildUnit(Contract, frozen=True, kw_only=True):
    """A unit that a finished unit has declared; `postings` counts those sent to it whose outcome is open."""

    unit_id: str
    stage: str
    postings: int = 0


class UnitFinished(Event, frozen=True, kw_only=True):
    """The one committed execution of a unit: what became of its postings, and which units follow."""

    event_type: ClassVar[str] = "unit.finished.v1"
    run_id: str
    unit_id: str
    stage: str
    outcome: UnitOutcome = "ok"
    source: str | None = None
    fetched: int = 0
    counts: dict[PostingOutcome, int] = {}
    reasons: dict[str, int] = {}
    error: str | None = None
    children: list[ChildUnit] = []
    measures: dict[str, int] = {}


class RunCompleted(Event, frozen=True, kw_only=True):
    """All units of a run are finished and its results visible at the gateway.

    `status` sums it up: succeeded, partial (some units failed), failed (nothing came), cancelled, timed_out.
    """

    event_type: ClassVar[str] = "run.completed.v1"
    run_id: str
    kind: RunKind
    state: RunState
    status: str
    campaign_id: str
    campaign_name: str
    started_at: datetime
    completed_at: datetime
    fetched: int
    counts: dict[PostingOutcome, int]
    reasons: dict[str, int] = {}
    failed_units: int = 0
    errors: list[str] = []


class RunSlaMissed(Event, frozen=True, kw_only=True):
    """A scheduled run has not ended in time, or was not started at all; said once for each slot.

    `run_id` is that of the slot, whether the run exists or not.
    """

    event_type: ClassVar[str] = "run.sla_missed.v1"
    run_id: str
    campaign_id: str
    campaign_name: str
    reason: SlaReason
    slot_at: datetime
    sla_at: datetime
    missed_at: datetime
    schedule: str = ""


class UnitsProbed(Event, frozen=True, kw_only=True):
    """Units of a run that have been open for long: who knows of one sends again what it sent, and says so."""

    event_type: ClassVar[str] = "units.probed.v1"
    run_id: str
    units: list[ChildUnit]


class UnitsKnown(Event, frozen=True, kw_only=True):
    """Answer to a probe: the emitter has sent again what it knows of these units."""

    event_type: ClassVar[str] = "units.known.v1"
    run_id: str
    unit_ids: list[str]


class ReplayRequested(Event, frozen=True, kw_only=True):
    """Work again, in the run `run_id`, on what `service` has in quarantine under these ids."""

    event_type: ClassVar[str] = "replay.requested.v1"
    run_id: str
    service: str
    quarantine_ids: list[str]


class RulesActivated(Event, frozen=True, kw_only=True):
    """From now on these rule files stand in the place of the shipped ones; no files: the rules are as shipped.

    Said again until every service has heard of it. Of two activations the one with the greater number counts.
    """

    event_type: ClassVar[str] = "rules.activated.v1"
    activation: int
    files: dict[str, bytes] = {}


class SeenCompany(Contract, frozen=True, kw_only=True):
    """An employer as postings name it."""

    company_key: str
    name: str
    url: str | None = None


class CompaniesSeen(Event, frozen=True, kw_only=True):
    """Employers whose details nobody has asked for yet."""

    event_type: ClassVar[str] = "companies.seen.v1"
    companies: list[SeenCompany]


class CompaniesCollected(Event, frozen=True, kw_only=True):
    """The company that a provider's answer was chosen from, raw; `score` is the alikeness of the names, 0 to 100."""

    event_type: ClassVar[str] = "companies.collected.v1"
    provider: str
    archive_key: str
    collected_at: datetime
    company_key: str
    items: list[Any]
    score: float | None = None


class Company(Contract, frozen=True, kw_only=True):
    """A normalised employer; `size` is a bin such as `51-200`, `rating` 0–5."""

    company_key: str
    version: int
    name: str
    size: str | None = None
    rating: float | None = None
    industry: str | None = None
    domain: str | None = None
    website: str | None = None
    location: str | None = None
    reviews: int | None = None
    revenue: str | None = None


class CompaniesNormalized(Event, frozen=True, kw_only=True):
    """Employers whose facts are new or changed; `after` continues the scoring of their jobs behind that hash_key."""

    event_type: ClassVar[str] = "companies.normalized.v1"
    companies: list[Company]
    after: str | None = None
