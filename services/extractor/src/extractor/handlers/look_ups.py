"""Looks queued companies up at a provider, one after the other, beside the runs and never in their way."""

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from common.contracts import CompaniesCollected, unit_id
from common.messaging.health import is_infrastructure, until_healthy
from common.messaging.outbox import outgoing, root_headers
from common.messaging.relay import send_now
from common.messaging.rule_sets import RuleSource
from common.messaging.session import Session
from common.storage import StorageUnavailableError
from extractor import metrics
from extractor.clients.archive import Archive
from extractor.clients.providers import Providers
from extractor.domain.company_choice import Candidate, Choice
from extractor.domain.envelope import Provenance, RawPage
from extractor.errors import DamagedPageError
from extractor.store.companies import Answer, Claimed, CompanyStore, Verdict
from extractor.store.rule_files import ExtractorRules
from sources.companies.glassdoor import CompanyFacts, GlassdoorSearch
from sources.errors import MappingError, PagePayloadError, SourceError, SourceRejectedError, SourceUnavailableError
from sources.settings import source_settings, variable_of

#: Seconds between two looks for what is due, and the longest rest after trouble at the provider's.
_IDLE_SECONDS, _LONGEST_REST = 5.0, 900.0
#: A provider that answers so refuses everybody: no attempt of the company that was asked for.
_NOT_ITS_FAULT = ("http_401", "http_402", "http_403", "rate_limited", "quota", "credential", "settings", "robots")
_NOBODY = Choice(None, 0, "nothing_found")
_log = structlog.get_logger()


@dataclass(slots=True)
class _Asked:
    """What was learnt of a company: answers that are to be stored, and the choice made of the last of them."""

    new: list[Answer] = field(default_factory=list)
    answer: Answer | None = None
    choice: Choice = _NOBODY
    item: Any = None
    facts: CompanyFacts | None = None


def missing(search: GlassdoorSearch) -> str | None:
    """What has to be set before the provider can be asked; None where nothing is missing."""
    try:
        settings = source_settings(search.name, search.settings)
    except SourceRejectedError as error:
        return str(error)
    variables = [variable_of(search.name, need) for need in settings.needs if need not in settings.credentials]
    return f"{', '.join(variables)} not set" if variables else None


class CompanyLookUps:
    """Several processes share the queue; what one leaves at a crash another finds in the archive."""

    def __init__(
        self, session: Session, store: CompanyStore, archive: Archive, providers: Providers, search: GlassdoorSearch,
        rules: RuleSource[ExtractorRules],
    ) -> None:  # fmt: skip
        self._session = session
        self._store = store
        self._archive = archive
        self._providers = providers
        self._search = search
        self._source = rules
        # Those of the company in hand.
        self._rules: ExtractorRules
        self._trouble = 0
        self.missing = missing(search)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work for the duration of the context; a look-up cut off at its end is taken up when its lease is over.

        Without a key nobody is asked: companies wait in the queue.
        """
        if self.missing:
            _log.info("company_look_ups_off", missing=self.missing)
            yield
            return
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._repeat(), name="company look-ups")
            try:
                yield
            finally:
                task.cancel()

    async def look_up_next(self) -> float | None:
        """Look up the next company that is due; seconds to rest before the next one, None where none was due."""
        self._rules = await self._source.current()
        async with self._session.engine.begin() as conn:
            claimed = await self._store.claim(conn, self._rules.look_up.lease)
        if claimed is None:
            return None
        asked = _Asked()
        try:
            async with asyncio.timeout(self._rules.look_up.lease.total_seconds() / 2):
                await self._ask(claimed, asked)
        except (SourceError, StorageUnavailableError, DamagedPageError, TimeoutError) as error:
            return await self._failed(claimed, asked, error)
        except Exception as error:
            if is_infrastructure(error):
                raise
            _log.exception("company_look_up_raised", company=claimed.name)
            return await self._failed(claimed, asked, error)
        self._trouble = 0
        await self._ended(claimed, asked)
        return 0.0

    async def _ask(self, claimed: Claimed, asked: _Asked) -> None:
        """By name; where that finds nobody, by domain."""
        texts = {claimed.query: claimed.name} | ({claimed.domain: claimed.domain} if claimed.domain else {})
        for page, (query, text) in enumerate(texts.items(), 1):
            asked.answer = await self._answer(claimed, asked, query, text, page)
            self._choose(claimed, asked, self._search.items(asked.answer.payload))
            if asked.choice.position is not None:
                return

    async def _answer(self, claimed: Claimed, asked: _Asked, query: str, text: str, page: int) -> Answer:
        """The stored answer, or the archived one that a crash left, or a new one."""
        async with self._session.engine.connect() as conn:
            stored = await self._store.answer(conn, query, claimed.requested_at if claimed.asked_before else None)
        if stored is not None:
            return stored
        key = claimed.company_lookup_key.hex
        unit = unit_id("look_up", key, claimed.requested_at.isoformat(), claimed.attempts, query)
        wanted = Provenance(claimed.run_id, unit, claimed.campaign_id, self._search.name, key, page)
        archived = await self._archive.find(wanted, claimed.requested_at)
        if archived is None:
            fetched = await self._search.fetch(self._providers.client(self._search), text)
            raw = RawPage(
                endpoint=fetched.endpoint, params=fetched.params, sent_at=fetched.sent_at,
                received_at=fetched.received_at, status=fetched.status, headers=fetched.headers,
                payload=fetched.payload,
            )  # fmt: skip
            archived = await self._archive.keep(raw, wanted, claimed.requested_at)
        answer = Answer(
            uuid.UUID(hashlib.sha256(archived.key.encode()).hexdigest()[:32]), claimed.company_lookup_key, query,
            archived.page.payload, archived.key, archived.sha256, self._search.name, archived.page.received_at,
        )  # fmt: skip
        try:
            self._search.items(answer.payload)
        except PagePayloadError:
            # Kept, but never taken for an answer.
            asked.new.append(replace(answer, query=None))
            raise
        asked.new.append(answer)
        return answer

    def _choose(self, claimed: Claimed, asked: _Asked, items: Sequence[Any]) -> None:
        read = [(item, facts) for item in items if (facts := self._read(item)) is not None]
        candidates = [Candidate(facts.name, facts.website) for _, facts in read]
        choice = self._rules.chooser.choose(claimed.name, claimed.domain, candidates)
        if choice.position is not None:
            asked.item, asked.facts = read[choice.position]
        if choice.position is not None or choice.score >= asked.choice.score:
            asked.choice = choice

    def _read(self, item: Any) -> CompanyFacts | None:
        try:
            return self._search.read(item)
        except MappingError:
            return None

    async def _ended(self, claimed: Claimed, asked: _Asked) -> None:
        """Record what was found, or that nothing was, and send it on."""
        again = self._rules.look_up.ask_again_after
        found = asked.facts is not None
        verdict = Verdict(
            enrichment_status="success" if found else "not_found", attempts=claimed.attempts,
            next_attempt_in=None if found else again, company_id=asked.facts.company_id if asked.facts else None,
            reason=asked.choice.reason, score=round(asked.choice.score, 1), rules_version=self._rules.version,
        )  # fmt: skip
        session = self._session
        messages = [self._collected(claimed, asked)] if found else []
        async with session.engine.begin() as conn:
            await self._store.keep(conn, asked.new)
            if not await self._store.record(conn, claimed, verdict):
                _log.warning("company_lease_lost", company=claimed.name)
                return
            await session.outbox.add(conn, messages)
        await send_now(session.broker, session.engine, session.outbox, messages)
        self._report(claimed, verdict)

    def _collected(self, claimed: Claimed, asked: _Asked) -> Any:
        if asked.answer is None:
            raise ValueError("nothing is sent of a company that nobody was asked for")
        key = claimed.company_lookup_key.hex
        event = CompaniesCollected(
            provider=self._search.name, archive_key=asked.answer.archive_key, collected_at=asked.answer.collected_at,
            company_key=key, items=[asked.item], score=round(asked.choice.score, 1),
        )  # fmt: skip
        name = unit_id("aside", key, claimed.requested_at.isoformat())
        return outgoing(event, root_headers(claimed.run_id, name, "", claimed.campaign_id, datetime.now(UTC)), name, "")

    async def _failed(self, claimed: Claimed, asked: _Asked, error: Exception) -> float:
        """Count the attempt unless something else stood in the way; the seconds to rest."""
        self._trouble += 1
        said = f"{type(error).__name__}: {error}".replace("\x00", "").encode(errors="replace").decode()[:2000]
        delay = (error.delay or 0) if isinstance(error, SourceUnavailableError) else 0
        rest = min(_LONGEST_REST, max(delay, 15.0 * 2.0 ** min(self._trouble, 10)))
        blameless = isinstance(error, StorageUnavailableError) or (
            isinstance(error, SourceError) and error.reason.startswith(_NOT_ITS_FAULT)
        )
        attempts = claimed.attempts + 1
        over = attempts >= self._rules.look_up.attempts
        pause = None if over else max(self._rules.look_up.pause(attempts), timedelta(seconds=delay))
        verdict = Verdict("error" if over else "pending", attempts, pause, said)
        async with self._session.engine.begin() as conn:
            await self._store.keep(conn, asked.new)
            if blameless:
                await self._store.release(conn, claimed, said)
            else:
                await self._store.record(conn, claimed, verdict)
        if blameless:
            _log.warning("company_look_ups_rest", seconds=rest, error=said)
        else:
            self._report(claimed, verdict)
        return rest

    def _report(self, claimed: Claimed, verdict: Verdict) -> None:
        metrics.COMPANIES.labels(verdict.enrichment_status).inc()
        _log.info(
            "company_looked_up", company=claimed.name, status=verdict.enrichment_status, reason=verdict.reason,
            score=verdict.score, company_id=verdict.company_id, attempts=verdict.attempts, error=verdict.last_error,
        )  # fmt: skip

    async def _repeat(self) -> None:
        while True:
            try:
                rest = await self.look_up_next()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                _log.warning("company_look_ups_wait_for_infrastructure", error=repr(error))
                await until_healthy(self._session.engine, self._session.broker)
                continue
            await asyncio.sleep(_IDLE_SECONDS if rest is None else rest)
