"""Pages of raw postings become canonical ones."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import (
    CompaniesSeen,
    Event,
    Headers,
    LookRequested,
    Posting,
    PostingsCollected,
    PostingsNormalized,
    ReplayMode,
    SeenCompany,
    SourcePosting,
)
from common.messaging.differences import Differences, DifferenceStore
from common.messaging.errors import PermanentError
from common.messaging.judge import Trial
from common.messaging.rule_sets import RuleSource
from common.messaging.unit import Child, Finished, Quarantined
from common.settings.rule_files import RuleFiles
from normalizer.domain.merge import one_each
from normalizer.domain.page import Normalized, TurnedAway, normalize
from normalizer.domain.quality import Rules
from normalizer.domain.record import Record
from normalizer.domain.settling import in_messages
from normalizer.errors import RejectedError
from normalizer.handlers.messages import in_messages as posting_messages
from normalizer.handlers.messages import with_companies
from normalizer.metrics import POSTINGS, WARNINGS
from normalizer.store import Page, PostingStore
from normalizer.store.companies import CompanyStore, seen_row
from normalizer.store.duplicates import DuplicateStore
from normalizer.store.replaying import merge_again
from normalizer.store.rule_files import NormalizerRules, load_rules
from normalizer.store.sweeps import SweepStore
from sources.companies.names import CompanyNames
from sources.errors import MappingError, SourceRejectedError
from sources.registry import adapter_of

_log = structlog.get_logger()


@lru_cache(1)
def rules_tried_by(files: RuleFiles) -> NormalizerRules:
    """What suspects are tried by."""
    return load_rules(files)


def try_page(event: PostingsCollected, files: RuleFiles | None = None) -> None:
    """Map, check and clean in the suspect lane."""
    _normalized(event, rules_tried_by(files or RuleFiles()).quality)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page as read, and the rules that it was read by."""

    page: Normalized
    rules: NormalizerRules


class NormalizePostings:
    """Turns a page of raw items into canonical postings and sends on what is new or changed."""

    event = PostingsCollected
    queue = "normalizer.postings"

    def __init__(
        self,
        store: PostingStore,
        rules: RuleSource[NormalizerRules],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._rules = rules
        self._companies = CompanyStore()
        self._sweeps = SweepStore()
        self._differences = DifferenceStore("normalizer")
        self._now = now

    @property
    def trial(self) -> Trial:
        """Reads by the rules in use."""
        return partial(try_page, files=self._rules.files)

    async def prepare(self, headers: Headers, event: PostingsCollected) -> Prepared:
        """Map, check and clean every item; nothing is written."""
        rules = await self._rules.of(headers)
        try:
            page = _normalized(event, rules.quality)
        except SourceRejectedError as error:
            raise PermanentError(error.reason, error.detail, ours=False) from error
        if page.critical:
            raise PermanentError(page.critical, f"page {event.page} of {event.source} {event.feed}", ours=False)
        return Prepared(page, rules)

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: PostingsCollected, prepared: Prepared
    ) -> Finished:
        """Merge the records; the outcomes of all items sum to their number. A dry run is undone but for its report."""
        if event.replay is None:
            finished = await self._take_in(conn, headers, event, prepared, None)
            if event.sweep_id is not None:
                # Last, as all batches of a read write one row.
                feed, now = (event.source, event.feed), self._now()
                await self._sweeps.arrived(conn, event.sweep_id, headers.run_id, feed, headers.postings, now)
            return finished
        found = Differences()
        async with conn.begin_nested() as step:
            finished = await self._take_in(conn, headers, event, prepared, found)
            if event.replay == "dry_run":
                await step.rollback()
                finished.quarantined = []
                finished.children = [c for c in finished.children if isinstance(c.event, PostingsNormalized)]
        await self._differences.add(conn, headers.run_id, found, prepared.rules.version)
        return finished

    async def _take_in(
        self,
        conn: AsyncConnection,
        headers: Headers,
        event: PostingsCollected,
        prepared: Prepared,
        found: Differences | None,
    ) -> Finished:
        rules = prepared.rules
        records, repeated = one_each(prepared.page.records)
        page = self._page(headers, event, rules)
        if found is None:
            merged = await self._store.merge(conn, page, records, rules.precedence)
        else:
            merged = await merge_again(conn, self._store, page, records, rules.precedence, found)
        again = found is not None
        clusters = DuplicateStore(rules.duplicates)
        settled = await clusters.settle(conn, merged.postings, headers.run_id, page.now, again=again)
        finished = Finished(
            source=event.source, measures={"kept": len(prepared.page.records), **prepared.page.warnings}
        )
        for each in prepared.page.turned_away:
            finished.count(each.outcome, each.reason)
            finished.quarantined.append(_quarantined(each, event))
        for outcome, number in merged.ended.items():
            finished.count(outcome, by=number)
        if repeated:
            finished.count("duplicate", by=repeated)
        sent = posting_messages(with_companies(merged.postings, rules.names))
        finished.children = [_child(postings, event.replay) for postings in sent]
        finished.children += map(Child, in_messages(settled.told))
        if due := sorted({*merged.due, *settled.due}):
            finished.children.append(Child(LookRequested(hash_keys=due)))
        if found is None:
            # In a replay nobody outside is asked.
            finished.aside = await self._announced(conn, records.values(), rules.names)
        _report(finished, prepared.page)
        return finished

    async def _announced(self, conn: AsyncConnection, records: Iterable[Record], names: CompanyNames) -> list[Event]:
        """What is sent of employers that nobody has named before; they are looked up beside the run."""
        seen = {
            key: SeenCompany(company_key=key, name=record.company, url=record.company_url)
            for record in records
            if (key := names.key(record.company, record.company_url)) is not None
        }
        rows = [seen_row(key, names.core(c.name), c.name, names.domain(c.url), self._now()) for key, c in seen.items()]
        new = await self._companies.add(conn, rows)
        return [CompaniesSeen(companies=[seen[key] for key in sorted(new)])] if new else []

    def _page(self, headers: Headers, event: PostingsCollected, rules: NormalizerRules) -> Page:
        return Page(
            source=event.source,
            feed=event.feed,
            archive_key=event.archive_key,
            page=event.page,
            campaign_id=event.campaign_id or headers.campaign_id,
            run_id=headers.run_id,
            collected_at=event.collected_at,
            rules_version=rules.version,
            now=self._now(),
            closing=rules.closing,
        )


def _normalized(event: PostingsCollected, rules: Rules) -> Normalized:
    adapter = adapter_of(event.source)

    def map_item(item: Any) -> SourcePosting:
        try:
            return adapter.map_to_common(item, event.feed)
        except MappingError as error:
            raise RejectedError(error.reason, error.detail) from error

    return normalize(event.items, map_item, event.source, event.collected_at, rules)


def _child(postings: list[Posting], replay: ReplayMode | None) -> Child:
    counted = sum(posting.outcome is not None for posting in postings)
    return Child(PostingsNormalized(postings=postings, replay=replay), counted)


def _quarantined(turned: TurnedAway, event: PostingsCollected) -> Quarantined:
    return Quarantined(turned.reason, turned.detail, turned.item, f"{event.archive_key}#{turned.number}")


def _report(finished: Finished, prepared: Normalized) -> None:
    for outcome, number in finished.counts.items():
        if outcome not in ("rejected", "failed"):
            POSTINGS.labels(outcome, "").inc(number)
    for turned in prepared.turned_away:
        POSTINGS.labels(turned.outcome, turned.reason).inc()
    for child in finished.children:
        if isinstance(child.event, PostingsNormalized):
            for outcome, number in Counter(p.outcome for p in child.event.postings if p.outcome).items():
                POSTINGS.labels(outcome, "").inc(number)
    for reason, number in prepared.warnings.items():
        WARNINGS.labels(reason).inc(number)
    if prepared.warnings:
        _log.info("quality_warnings", reasons=dict(prepared.warnings))
