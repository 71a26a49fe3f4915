"""What concerns every service: it answers probes, replays its quarantine, and goes by the rules activated."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import (
    REGISTRY,
    ChildUnit,
    ReplayRequested,
    RulesActivated,
    UnitFinished,
    UnitsKnown,
    UnitsProbed,
    UnreadableBodyError,
    decode,
    event_id,
)
from common.messaging.health import is_infrastructure, until_healthy
from common.messaging.outbox import Outbox, outgoing, root_headers
from common.messaging.protocol import Broker, Delivery
from common.messaging.relay import send_now
from common.messaging.rule_sets import RuleSets
from common.messaging.runner import StageRunner
from common.settings.rule_files import RuleFiles

#: Stage to the type of the event that asks for a unit of it.
_ASKED_BY = {r.stage: r.event.event_type for r in REGISTRY if r.stage}
_log = structlog.get_logger()


class Control:
    """Consumes the control queue of one service; `replays` runs the units of the stage `replay`."""

    def __init__(
        self, service: str, *, broker: Broker, engine: AsyncEngine, outbox: Outbox,
        replays: StageRunner[Any, Any], rules: RuleSets[Any] | None = None,
    ) -> None:  # fmt: skip
        self.queue = f"{service}.control"
        self._service = service
        self._broker = broker
        self._engine = engine
        self._outbox = outbox
        self._replays = replays
        self._rules = rules

    async def __call__(self, deliveries: list[Delivery]) -> None:
        """Handle each; one that cannot be read is parked as dead."""
        for delivery in deliveries:
            try:
                await self._handle(delivery)
            except UnreadableBodyError as error:
                _log.exception("control_event_unreadable", run_id=delivery.headers.run_id)
                await delivery.dead(f"unreadable_body: {error}")

    async def _handle(self, delivery: Delivery) -> None:
        headers = delivery.headers
        if headers.event_type == UnitsProbed.event_type:
            event = decode(UnitsProbed, delivery.body, headers.sha256)
            await self._until_done(lambda: self._answer(event, headers.campaign_id))
            await delivery.ack()
        elif headers.event_type == ReplayRequested.event_type:
            await self._replay(delivery)
        elif headers.event_type == RulesActivated.event_type:
            activated = decode(RulesActivated, delivery.body, headers.sha256)
            await self._until_done(lambda: self._switch(activated))
            await delivery.ack()
        else:
            await delivery.dead(f"unknown_event: {headers.event_type}")

    async def _replay(self, delivery: Delivery) -> None:
        asked = decode(ReplayRequested, delivery.body, delivery.headers.sha256)
        if asked.service != self._service:
            await delivery.ack()
        else:
            await self._replays.handle([delivery])

    async def _switch(self, event: RulesActivated) -> None:
        """Nothing where the service goes by no rules."""
        if self._rules is not None:
            await self._rules.activate(RuleFiles(event.files), event.activation)

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                _log.warning("control_waits_for_infrastructure", error=repr(error))
                await until_healthy(self._engine, self._broker)
            else:
                return

    async def _answer(self, event: UnitsProbed, campaign_id: str) -> None:
        """Our messages of these units become unsent again, for the relay; silence where we have none."""
        sent = {sent_id: unit.unit_id for unit in event.units for sent_id in _sent_for(event.run_id, unit)}
        async with self._engine.begin() as conn:
            resent = await self._outbox.resend(conn, sent)
            known = sorted({sent[sent_id] for sent_id in resent})
            if not known:
                return
            # A name of its own for each answer: the outbox would take the answer to a later probe for this one.
            name = f"probe:{uuid.uuid4().hex}"
            template = root_headers(event.run_id, name, "probe", campaign_id, datetime.now(UTC))
            answer = outgoing(UnitsKnown(run_id=event.run_id, unit_ids=known), template, name, "probe")
            await self._outbox.add(conn, [answer])
        _log.info("probe_answered", run_id=event.run_id, asked=len(event.units), known=len(known), resent=len(resent))
        await send_now(self._broker, self._engine, self._outbox, [answer])


def _sent_for(run_id: str, unit: ChildUnit) -> list[str]:
    """Ids of the message that asks for the unit and of its finish, whoever sent them."""
    types = [UnitFinished.event_type]
    if unit.stage in _ASKED_BY:
        types.append(_ASKED_BY[unit.stage])
    return [event_id(run_id, unit.unit_id, event_type) for event_type in types]
