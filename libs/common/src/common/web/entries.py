"""How entries of quarantine, and what can be asked of them, look over HTTP."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from common.messaging.quarantine import MOST_SELECTED, EntryState, Selected, Selection

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,80}$")]
_NARROWS = {
    "run_id": "Of this run.", "reason": "Set aside for this reason, such as `killer`.",
    "stage": "Set aside at this stage, such as `enrich`.",
}  # fmt: skip
_WHY_NOT = {
    "no_unit_of_a_run": "What the message asks for is not work of a run; discard it once it is looked at.",
    "payload_not_kept": "It was too large to keep, or not JSON; `reference` leads to the archived page.",
}


class EntryFilter(BaseModel):
    """Which entries to list."""

    run_id: Word | None = Field(None, description=_NARROWS["run_id"])
    reason: Word | None = Field(None, description=_NARROWS["reason"])
    stage: Word | None = Field(None, description=_NARROWS["stage"])
    state: EntryState | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=300, description="`next_cursor` of the page before.")


class Chosen(BaseModel):
    """Which open entries are meant: those that fit everything given, at most 10,000 at a time."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    ids: list[uuid.UUID] | None = Field(None, min_length=1, max_length=MOST_SELECTED)
    run_id: Word | None = Field(None, description=_NARROWS["run_id"])
    reason: Word | None = Field(None, description=_NARROWS["reason"])
    stage: Word | None = Field(None, description=_NARROWS["stage"])

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.ids or self.run_id or self.reason or self.stage):
            raise ValueError("give at least one of ids, run_id, reason and stage")
        return self

    def selection(self) -> Selection:
        """As SQL takes it."""
        return Selection(self.ids, self.run_id, self.reason, self.stage)


class Discarding(Chosen):
    """Which open entries to discard, and why."""

    because: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*$")] = Field(
        description="Kept in the history of each entry."
    )


class EntryRead(BaseModel):
    """A posting, or a whole message with all its postings (`is_message`), that could not go on."""

    id: uuid.UUID
    created_at: datetime
    run_id: str
    unit_id: str
    stage: str
    event_type: str
    is_message: bool
    reason: str
    error: str
    reference: str
    attempts: int
    state: EntryState
    replay_run_id: str | None


class HistoryRead(BaseModel):
    """What was done with an entry: replayed, discarded, or still_unreadable when a replay came to it."""

    at: datetime
    action: str
    reason: str
    run_id: str | None


class EntryDetail(EntryRead):
    """An entry with its payload."""

    item: Any = Field(description="The posting as it came; null for a whole message.")
    event: Any = Field(description="The message, for a posting without its postings; null where it is not JSON.")
    headers: dict[str, Any]
    history: list[HistoryRead]


class GroupRead(BaseModel):
    """Entries of one run."""

    run_id: str
    ids: list[uuid.UUID]


class SkippedRead(BaseModel):
    """Entries that cannot be replayed (500 at most are named), and why."""

    reason: str
    detail: str
    ids: list[uuid.UUID]


class SelectedRead(BaseModel):
    """What a replay of the selection would work on."""

    groups: list[GroupRead]
    more: bool = Field(description="There are further entries: ask again once these are replayed.")
    skipped: list[SkippedRead]
    replayed_by: list[str] = Field(description="Runs that have replayed entries of the selection before.")

    @classmethod
    def of(cls, found: Selected) -> Self:
        """From what the database says."""
        return cls(
            groups=[GroupRead(run_id=run, ids=ids) for run, ids in found.by_run.items()], more=found.more,
            skipped=[SkippedRead(reason=why, detail=_WHY_NOT[why], ids=ids) for why, ids in found.skipped.items()],
            replayed_by=found.replayed_by,
        )  # fmt: skip


class Discarded(BaseModel):
    """How many entries were discarded now; those that were not open stay as they are."""

    discarded: int
