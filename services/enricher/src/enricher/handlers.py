"""Data enters: canonical postings, from the broker."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache, partial

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts import Headers, Job, Posting, PostingsEnriched, PostingsNormalized, is_over
from common.messaging.differences import Differences, DifferenceStore
from common.messaging.judge import Trial
from common.messaging.last_words import reading
from common.messaging.rule_sets import RuleSource
from common.messaging.unit import Child, Finished, Quarantined
from common.settings.rule_files import RuleFiles
from enricher.domain.enrich import Enricher, Enrichment, job_of
from enricher.domain.rules import Rules
from enricher.metrics import FIELDS, POSTINGS
from enricher.store.enrichments import EnrichmentStore
from enricher.store.rule_files import load_rules

_log = structlog.get_logger()
_FAILED = "enrich_error"
#: Characters of bodies read at once, which takes some 20 ms.
_MOST_CHARACTERS = 150_000
_FIELDS = ("places", "remote_type", "employment_types", "seniority", "company_size", "salary", "skills")


@dataclass(slots=True)
class Prepared:
    """A batch as read: jobs to send on, the postings behind them, contents read for the first time, failures.

    `found` holds what each posting says, by its hash_key.
    """

    rules_version: str
    jobs: list[Job] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    read: dict[str, Enrichment] = field(default_factory=dict)
    found: dict[str, Enrichment] = field(default_factory=dict)
    failed: list[tuple[Posting, str]] = field(default_factory=list)

    def take(self, posting: Posting, known: Mapping[str, Enrichment], errors: Mapping[str, str]) -> None:
        """Make a job of a posting by what is known or was read of its content."""
        if (error := errors.get(posting.content_hash)) is not None:
            self.failed.append((posting, error))
            return
        enrichment = known.get(posting.content_hash) or self.read[posting.content_hash]
        self.jobs.append(job_of(posting, enrichment, self.rules_version))
        self.postings.append(posting)
        self.found[posting.hash_key] = enrichment


@cache
def shipped_rules() -> Rules:
    """The rules in `config/`, read once a process."""
    return load_rules()


@cache
def reader() -> Enricher:
    """Of the rules in `config/`, with everything loaded that it will need."""
    return Enricher(shipped_rules()).get_ready()


def reader_of(files: RuleFiles) -> Enricher:
    """With some of the files replaced, and everything loaded that it will need."""
    return Enricher(load_rules(files)).get_ready() if files.changed else reader()


# Ready before the suspects come: each is tried in a fork, which would load the rest again and pay for it.
_reader = lru_cache(1)(reader_of)


def try_posting(event: PostingsNormalized, files: RuleFiles | None = None) -> None:
    """Read in the suspect lane."""
    enricher = _reader(files or RuleFiles())
    for posting in event.postings:
        enricher.read(posting)


class EnrichPostings:
    """Reads what postings say and sends them on as jobs; content read before under the same rules is not read again."""

    event = PostingsNormalized
    queue = "enricher.postings"

    def __init__(
        self,
        engine: AsyncEngine,
        store: EnrichmentStore,
        rules: RuleSource[Enricher],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        # Two reads that need not see one state.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._store = store
        self._rules = rules
        self._differences = DifferenceStore("enricher")
        self._now = now

    @property
    def trial(self) -> Trial:
        """Reads by the rules in use."""
        return partial(try_posting, files=self._rules.files)

    async def prepare(self, headers: Headers, event: PostingsNormalized) -> Prepared:
        """Look up what is known, read the rest; each posting stands alone."""
        enricher = await self._rules.of(headers)
        async with self._engine.connect() as conn:
            over = [] if event.replay else [p.hash_key for p in event.postings if _only_ended(p)]
            last = await self._store.of_postings(conn, over) if over else {}
            read = [p for p in event.postings if p.hash_key not in last]
            known = await self._store.known(conn, (p.content_hash for p in read), enricher.rules_version)
        prepared = Prepared(enricher.rules_version)
        # Nobody ranks a posting that is over: what was read of it last will do, whatever the rules have become.
        prepared.jobs += [
            job_of(p, last[p.hash_key].values, last[p.hash_key].rules_version)
            for p in event.postings
            if p.hash_key in last
        ]
        errors: dict[str, str] = {}
        for first, end in _stretches(event.postings):
            new: dict[str, Posting] = {}
            for posting in event.postings[first:end]:
                if posting.hash_key not in last and posting.content_hash not in known:
                    new.setdefault(posting.content_hash, posting)
            with reading(headers, first, end):
                _read(enricher, list(new.values()), prepared.read, errors)
            # A hundred long texts take a while: heartbeats and other queues must have their turn.
            await asyncio.sleep(0)
        for posting in read:
            prepared.take(posting, known, errors)
        return prepared

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: PostingsNormalized, prepared: Prepared
    ) -> Finished:
        """Keep what was read; postings that failed end here, the others go on.

        In a replay only what says something else now goes on; in a dry run nothing does, and nothing is kept.
        """
        if event.replay is None:
            return await self._keep(conn, prepared)
        found = Differences()
        await self._compare(conn, prepared, found)
        finished = _ended_here(prepared) if event.replay == "dry_run" else await self._keep(conn, prepared)
        await self._differences.add(conn, headers.run_id, found, prepared.rules_version)
        return finished

    async def _compare(self, conn: AsyncConnection, prepared: Prepared, found: Differences) -> None:
        """Add to `found` what differs, and take out the jobs of which everybody knows already."""
        before = await self._store.of_postings(conn, (p.hash_key for p in prepared.postings))
        told: list[Job] = []
        for job in prepared.jobs:
            known = before.get(job.hash_key)
            if (
                known is None
                or found.add(job.hash_key, _values(known.values), _values(prepared.found[job.hash_key]))
                or job.outcome is not None
                or known.version < job.version
            ):
                told.append(job)
        prepared.jobs = told

    async def _keep(self, conn: AsyncConnection, prepared: Prepared) -> Finished:
        await self._store.save(conn, prepared.postings, prepared.read, prepared.rules_version, self._now())
        finished = Finished()
        for posting, error in prepared.failed:
            if posting.outcome is not None:
                finished.count("failed", _FAILED)
            finished.quarantined.append(Quarantined(_FAILED, error, posting, posting.hash_key))
        if prepared.jobs:
            counted = sum(job.outcome is not None for job in prepared.jobs)
            finished.children = [Child(PostingsEnriched(jobs=prepared.jobs), counted)]
        _report(prepared)
        return finished


def _stretches(postings: Sequence[Posting]) -> Iterator[tuple[int, int]]:
    """Where to cut a batch: stretches of about as many characters as can be read before others have their turn."""
    first, characters = 0, 0
    for position, posting in enumerate(postings):
        characters += len(posting.description_text)
        if characters > _MOST_CHARACTERS and position > first:
            yield first, position
            first, characters = position, len(posting.description_text)
    if first < len(postings):
        yield first, len(postings)


def _read(enricher: Enricher, postings: Sequence[Posting], read: dict[str, Enrichment], errors: dict[str, str]) -> None:
    """Add what each says to `read`, or what reading it raised to `errors`, by content."""
    postings = [p for p in postings if p.content_hash not in read and p.content_hash not in errors]
    try:
        read.update(zip((p.content_hash for p in postings), enricher.read_all(postings), strict=True))
    except Exception as error:  # noqa: BLE001 - whatever it is, it concerns one posting only
        if len(postings) > 1:
            # One posting that our code cannot read must not hold up the other 99: each stands alone now.
            for posting in postings:
                _read(enricher, [posting], read, errors)
            return
        # It is set aside with what was raised.
        _log.exception("posting_not_enriched", hash_key=postings[0].hash_key)
        errors[postings[0].content_hash] = f"{type(error).__name__}: {error}"


def _only_ended(posting: Posting) -> bool:
    """Whether nothing is new of it but that it is over."""
    return posting.outcome is None and is_over(posting.state, closed=posting.closed)


def _values(enrichment: Enrichment) -> dict[str, object]:
    """All but the evidence, which says where a value was read."""
    return {name: getattr(enrichment, name) for name in enrichment.__struct_fields__ if name != "evidence"}


def _ended_here(prepared: Prepared) -> Finished:
    finished = Finished()
    for job in prepared.jobs:
        if job.outcome is not None:
            finished.count(job.outcome)
    if failed := sum(posting.outcome is not None for posting, _ in prepared.failed):
        finished.count("failed", _FAILED, failed)
    return finished


def _report(prepared: Prepared) -> None:
    POSTINGS.labels("read").inc(len(prepared.read))
    POSTINGS.labels("reused").inc(len(prepared.postings) - len(prepared.read))
    POSTINGS.labels("failed").inc(len(prepared.failed))
    for name in _FIELDS:
        FIELDS.labels(name).inc(sum(bool(getattr(e, name)) for e in prepared.read.values()))
