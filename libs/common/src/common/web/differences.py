"""HTTP: what a replay changed in the fields that a service owns."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from common.messaging.differences import DifferenceStore


class Example(BaseModel):
    """A posting before and after; of a long text the part around its first difference."""

    hash_key: str
    before: Any
    after: Any


class FieldDifference(BaseModel):
    """A field that a replay changed, or would change."""

    field: str
    postings: int = Field(description="How many postings.")
    examples: list[Example] = Field(description="Up to five.")
    rules_version: str = Field(description="The rules that gave the new values.")


def difference_router(service: str) -> APIRouter:
    """The one route, over the service's own table."""
    router, store = APIRouter(tags=["replays"]), DifferenceStore(service)

    @router.get("/replays/{run_id}/differences", summary="What a replay changed, field by field")
    async def differences(
        request: Request, run_id: Annotated[str, Path(max_length=200, pattern=r"^[^\x00]*$")]
    ) -> list[FieldDifference]:
        async with request.app.state.wiring.session.engine.connect() as conn:
            return [FieldDifference.model_validate(row) for row in await store.of_run(conn, run_id)]

    return router
