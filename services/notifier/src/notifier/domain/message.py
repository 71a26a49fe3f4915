"""What a webhook says: the body of each event type."""

from datetime import datetime
from typing import Any, Literal, get_args
from urllib.parse import quote

import msgspec

from common.contracts import PostingOutcome, RunCompleted

#: Event types that endpoints can ask for.
EventType = Literal["run.completed"]
TEST_EVENT = "endpoint.test"
_OUTCOMES: tuple[PostingOutcome, ...] = get_args(PostingOutcome)


def run_completed(event: RunCompleted, gateway_url: str) -> bytes:
    """The body of `run.completed`: state, books, failures and where to read on."""
    books: dict[str, int] = {outcome: event.counts.get(outcome, 0) for outcome in _OUTCOMES}
    root = gateway_url.rstrip("/")
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
        "links": {
            "run": f"{root}/runs/{quote(event.run_id, safe='')}",
            "jobs": f"{root}/campaigns/{quote(event.campaign_id, safe='')}/jobs",
        },
    }
    return _body("run.completed", event.completed_at, data)


def endpoint_test(endpoint_id: str, now: datetime) -> bytes:
    """The body of a test message, sent on request."""
    return _body(TEST_EVENT, now, {"endpoint_id": endpoint_id, "text": "This is a test. Nothing has happened."})


def _body(kind: str, timestamp: datetime, data: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"type": kind, "timestamp": timestamp, "data": data})
