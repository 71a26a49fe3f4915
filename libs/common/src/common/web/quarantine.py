"""Lists what a service has set aside, with the reason and the payload."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from common.messaging.session import Session

router = APIRouter(tags=["quarantine"])
_Word = Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]{1,80}$")]


class QuarantinedRead(BaseModel):
    """A posting, or a whole message (`item` null), that could not go on."""

    id: uuid.UUID
    run_id: str
    unit_id: str
    event_type: str
    reason: str
    error: str
    reference: str
    item: Any
    created_at: datetime


async def quarantined(session: Session, run_id: str | None, reason: str | None, limit: int) -> list[QuarantinedRead]:
    """The latest entries, narrowed to a run or a reason."""
    async with session.engine.connect() as conn:
        rows = await session.outbox.quarantined(conn, run_id, reason, limit)
    return [QuarantinedRead.model_validate(row, from_attributes=True) for row in rows]


@router.get("/quarantine", summary="What was set aside, latest first")
async def list_quarantined(
    request: Request,
    run_id: _Word | None = None,
    reason: _Word | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[QuarantinedRead]:
    return await quarantined(request.app.state.wiring.session, run_id, reason, limit)
