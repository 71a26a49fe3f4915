"""What a finished unit sends: its children and, to the ledger, its `unit.finished`."""

import msgspec

from common.contracts import (
    ChildUnit,
    Event,
    Headers,
    UnitFinished,
    encode,
    is_batch,
    registered,
    stage_of,
    unit_id,
    with_postings,
)
from common.messaging.outbox import outgoing
from common.messaging.protocol import Outgoing
from common.messaging.unit import Child, Finished
from common.telemetry import tracing


def messages_of(headers: Headers, finished: Finished) -> list[Outgoing]:
    """The children, what is sent aside and, for a unit of a run, its `unit.finished`."""
    trace = tracing.current_traceparent() or headers.traceparent
    children = [_child(headers, trace, n, child) for n, child in enumerate(finished.children)]
    aside = [_aside(headers, trace, n, event) for n, event in enumerate(finished.aside)]
    if not headers.stage or not _is_unit(headers.event_type):
        return [*children, *aside]
    report = UnitFinished(
        run_id=headers.run_id, unit_id=headers.unit_id, stage=headers.stage, outcome=finished.outcome,
        source=finished.source, fetched=finished.fetched, counts=finished.counts, reasons=finished.reasons,
        # It may quote what somebody sent, and no database takes NUL.
        error=finished.error[:2000].replace("\x00", "\\0") if finished.error else None,
        children=[_declared(child.headers) for child in children], measures=finished.measures,
    )  # fmt: skip
    return [*children, *aside, outgoing(report, headers, headers.unit_id, headers.stage)]


def _is_unit(event_type: str) -> bool:
    """Also for a type that is not registered: what has damaged it must not hide the unit from the ledger."""
    try:
        return registered(event_type).stage is not None
    except KeyError:
        return True


def _declared(headers: Headers) -> ChildUnit:
    return ChildUnit(unit_id=headers.unit_id, stage=headers.stage, postings=headers.postings)


def template_of(event: Event) -> bytes | None:
    """The batch without its postings, from which quarantine can put a batch together again; None for other events."""
    return encode(with_postings(event, []))[0] if is_batch(event) else None


def _child(headers: Headers, trace: str, number: int, child: Child) -> Outgoing:
    # What side work sends on is side work.
    stage = stage_of(type(child.event)) if headers.stage else ""
    template = msgspec.structs.replace(headers, traceparent=trace)
    name = unit_id(stage or "aside", headers.unit_id, number)
    return outgoing(child.event, template, name, stage, child.postings)


def _aside(headers: Headers, trace: str, number: int, event: Event) -> Outgoing:
    """Without a stage: whoever executes it reports nothing to the ledger."""
    template = msgspec.structs.replace(headers, traceparent=trace)
    return outgoing(event, template, unit_id("aside", headers.unit_id, event.event_type, number), "")
