"""The ledger under a storm of random trees, and proof that the storm finds a ledger that is wrong."""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import UnitFinished
from common.messaging.outbox import Outbox
from common.messaging.protocol import Outgoing
from common.testing.postgres import Database
from gateway.store.ledger import Ledger
from tests.fuzz.ledger_trees import storms


class ForgetfulLedger(Ledger):
    """Takes the last child of every unit for none."""

    async def apply(self, conn: AsyncConnection, events: Sequence[UnitFinished]) -> list[Outgoing]:
        return await super().apply(conn, [msgspec.structs.replace(e, children=e.children[:-1]) for e in events])


async def test_every_run_completes_exactly_once_and_never_early(database: Database) -> None:
    totals = await storms(database, seed=20, trees=300)
    assert totals.wrong == []
    assert totals.ends.total() == totals.trees == 300
    assert min(totals.ends[state] for state in ("completed", "cancelled", "timed_out")) > 0, totals.ends
    assert min(totals.faults[f] for f in ("died before commit", "died after commit, before ack")) > 0, totals.faults


async def test_a_ledger_that_forgets_children_is_found_out(database: Database) -> None:
    totals = await storms(database, seed=21, trees=60, ledger=ForgetfulLedger(Outbox("gateway")))
    # Early where the forgotten one is late, and nobody's child where it is not: which, is chance.
    assert totals.wrong
