"""Message headers: what accounting needs even if the body cannot be read."""

import uuid
from datetime import datetime

from common.contracts.frozen import Contract

#: Longest of the values that are stored, in bytes: two of them are a key, and an index entry holds 2,700.
_LONGEST = 1000
_LARGEST = 2**31 - 1
_NAMESPACE = uuid.UUID("7f1c0f7e-50c4-5d51-9b2f-6f4f6f72746e")


class Headers(Contract, frozen=True, kw_only=True):
    """Carried beside every body.

    `unit_id` is the ledger's unit that the message asks its receiver to execute; `postings` counts those in the body
    whose outcome is still open; `attempt` counts retries and starts at 0; `sha256` is of the encoded body. `rule_set`
    names the rules that a replay tries; empty: those in use.
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
    rule_set: str = ""

    def __post_init__(self) -> None:
        """Refuse what no database stores (NUL, half surrogates, too long or large): it could not even be set aside."""
        stored = (
            self.event_id, self.event_type, self.run_id, self.unit_id, self.stage, self.sha256, self.campaign_id,
            self.encoding, self.traceparent, self.rule_set,
        )  # fmt: skip
        if any("\x00" in value or len(value.encode()) > _LONGEST for value in stored):
            raise ValueError(f"a header holds NUL or more than {_LONGEST} bytes")
        if not (0 <= self.attempt <= _LARGEST and 0 <= self.postings <= _LARGEST):
            raise ValueError(f"attempt and postings lie between 0 and {_LARGEST}")


def event_id(run_id: str, unit_id: str, event_type: str) -> str:
    """The same event of the same unit has the same id, however often it is sent."""
    return str(uuid.uuid5(_NAMESPACE, f"{run_id}|{unit_id}|{event_type}"))


def unit_id(stage: str, *inputs: object) -> str:
    """A unit's name: its stage and a digest of what it works on, the same on every execution."""
    return f"{stage}:{uuid.uuid5(_NAMESPACE, '|'.join(str(i) for i in inputs)).hex}"
