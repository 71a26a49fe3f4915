"""What a page may have changed beyond its postings' words is judged in its run: flags, and how postings stand."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, LookRequested, Posting, PostingsNormalized, is_over
from common.messaging.rule_sets import RuleSource
from common.messaging.unit import Child, Finished, Stage
from normalizer.domain.merge import PostingState
from normalizer.handlers.messages import in_messages, with_companies
from normalizer.metrics import CLOSED
from normalizer.store import PostingStore
from normalizer.store.closing import ClosingStore
from normalizer.store.rule_files import NormalizerRules
from sources.companies.names import CompanyNames

_REASONS = {"closed": "missing", "expired": "expired"}


class LookAgain(Stage[LookRequested, NormalizerRules]):
    """Comes behind the page that asked for it: whatever the order of pages, the last look at a cluster has seen all."""

    event = LookRequested
    queue = "normalizer.looks"
    trial = None

    def __init__(
        self,
        postings: PostingStore,
        rules: RuleSource[NormalizerRules],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._postings = postings
        self._rules = rules
        self._now = now

    async def prepare(self, headers: Headers, event: LookRequested) -> NormalizerRules:
        """The rules to judge by."""
        return await self._rules.of(headers)

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: LookRequested, prepared: NormalizerRules
    ) -> Finished:
        """Judge the postings and send on what has changed; it was counted by the page that it came with."""
        store = ClosingStore(self._postings, prepared)
        await store.turn(conn)
        changed = await store.look(conn, event.hash_keys, self._now())
        return Finished(children=[Child(event) for event in told(changed, prepared.names)])


def told(changed: Iterable[tuple[PostingState, Posting]], names: CompanyNames) -> list[PostingsNormalized]:
    """What is sent of postings that were looked at; those that nobody can apply to any more are counted."""
    postings = []
    for before, after in changed:
        postings.append(after)
        if is_over(after.state, closed=False) and after.state != before.standing.state:
            CLOSED.labels(after.source, _REASONS[after.state]).inc()
    return [PostingsNormalized(postings=batch) for batch in in_messages(with_companies(postings, names))]
