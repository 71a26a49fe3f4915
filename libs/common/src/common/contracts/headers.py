"""Message headers: what accounting needs even if the body cannot be read."""

import uuid
from datetime import datetime

from common.contracts.frozen import Contract

_NAMESPACE = uuid.UUID("7f1c0f7e-50c4-5d51-9b2f-6f4f6f72746e")


class Headers(Contract, frozen=True, kw_only=True):
    """Carried beside every body.

    `unit_id` is the ledger's unit that the message asks its receiver to execute; `postings` counts those in the body
    whose outcome is still open; `attempt` counts retries and starts at 0; `sha256` is of the encoded body.
    """

    event_id: str
    event_type: str
    run_id: str
    unit_id: str
    stage: str
    first_at: datetime
    sha256: str
    campaign_id: str = ""
    attempt: int = 0
    postings: int = 0
    encoding: str = "zstd"
    traceparent: str = ""


def event_id(run_id: str, unit_id: str, event_type: str) -> str:
    """The same event of the same unit has the same id, however often it is sent."""
    return str(uuid.uuid5(_NAMESPACE, f"{run_id}|{unit_id}|{event_type}"))


def unit_id(stage: str, *inputs: object) -> str:
    """A unit's name: its stage and a digest of what it works on, the same on every execution."""
    return f"{stage}:{uuid.uuid5(_NAMESPACE, '|'.join(str(i) for i in inputs)).hex}"
