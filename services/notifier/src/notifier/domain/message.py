"""What a webhook says: the body of each event type."""

from datetime import datetime
from typing import Any, Literal, get_args
from urllib.parse import quote

import msgspec

from common.contracts import PostingOutcome, RunCompleted, RunSlaMissed

#: Event types that endpoints can ask for.
EventType = Literal["run.completed", "run.sla_missed"]
TEST_EVENT = "endpoint.test"
_OUTCOMES: tuple[PostingOutcome, ...] = get_args(PostingOutcome)


def run_completed(event: RunCompleted, gateway_url: str) -> bytes:
    """The body of `run.completed`: state, books, failures and where to read on."""
    books: dict[str, int] = {outcome: event.counts.get(outcome, 0) for outcome in _OUTCOMES}
    root = gateway_url.rstrip("/")
    links = {"run": f"{root}/runs/{quote(event.run_id, safe='')}"}
    if event.campaign_id:  # a replay of archived pages is nobody's
        links["jobs"] = f"{root}/campaigns/{quote(event.campaign_id, safe='')}/jobs"
    data = {
        "run_id": event.run_id,
        "state": event.state,
        "status": event.status,
        "campaign": {"id": event.campaign_id, "name": event.campaign_name},
        "started_at": event.started_at,
        "completed_at": event.completed_at,
        "postings": {"fetched": event.fetched} | books,
        "balanced": event.fetched == sum(books.values()),
        "reasons": event.reasons,
        "failures": {"units": event.failed_units, "errors": event.errors},
        "links": links,
    }
    return _body("run.completed", event.completed_at, data)


def run_sla_missed(event: RunSlaMissed, gateway_url: str) -> bytes:
    """The body of `run.sla_missed`: which start missed its deadline, and how."""
    root = gateway_url.rstrip("/")
    started = event.reason == "not_ended"
    data = {
        "run_id": event.run_id,
        "reason": event.reason,
        "campaign": {"id": event.campaign_id, "name": event.campaign_name},
        "schedule": event.schedule,
        "slot_at": event.slot_at,
        "sla_at": event.sla_at,
        # A run that was not started cannot be read.
        "links": {"run": f"{root}/runs/{quote(event.run_id, safe='')}"} if started else {},
    }
    return _body("run.sla_missed", event.missed_at, data)


def endpoint_test(endpoint_id: str, now: datetime) -> bytes:
    """The body of a test message, sent on request."""
    return _body(TEST_EVENT, now, {"endpoint_id": endpoint_id, "text": "This is a test. Nothing has happened."})


def _body(kind: str, timestamp: datetime, data: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"type": kind, "timestamp": timestamp, "data": data})
