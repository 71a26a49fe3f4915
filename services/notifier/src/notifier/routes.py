"""HTTP: endpoints, their deliveries and attempts; reached from outside through the gateway only."""

import asyncio
import os
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from common.web.problems import Problem, ProblemError
from notifier.domain.endpoint_url import parse
from notifier.domain.message import TEST_EVENT, EventType, endpoint_test
from notifier.domain.signing import SECRET_BYTES, secret
from notifier.errors import AddressDeniedError
from notifier.wiring import Wiring

router = APIRouter()
_RESOLVE_SECONDS = 5.0
_MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
_BUSY: dict[int | str, dict[str, Any]] = {**_MISSING, 409: {"model": Problem}}

# PostgreSQL's text takes no NUL.
Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]


def _readable(url: str) -> str:
    parse(url)
    return url


Url = Annotated[str, AfterValidator(_readable), Field(examples=["https://hooks.example.com/posthorn"])]


class NewEndpoint(BaseModel):
    """An endpoint to be told of events; empty lists mean all."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    description: Text = ""
    events: list[EventType] = []
    campaign_ids: Annotated[list[Text], Field(max_length=100)] = []


class EndpointChange(BaseModel):
    """What is to change; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url = Field(default_factory=str)
    description: Text = Field(default_factory=str)
    events: list[EventType] = Field(default_factory=list)
    campaign_ids: Annotated[list[Text], Field(max_length=100)] = Field(default_factory=list)
    is_active: bool = Field(default_factory=bool, description="True also forgets why it was disabled.")


class Endpoint(BaseModel):
    """An endpoint; its secret is shown once, when it is created."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    url: str
    description: str
    events: list[str]
    campaign_ids: list[str]
    is_active: bool
    disabled_reason: str | None = Field(description="`gone` (answered 410) or `failing_for_5_days`.")
    failing_since: datetime | None
    created_at: datetime


class CreatedEndpoint(Endpoint):
    """The endpoint with its secret."""

    secret: str = Field(description="Verifies the webhook-signature (Standard Webhooks). It is not shown again.")


class DeliveryEntry(BaseModel):
    """One event for one endpoint."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    event_id: str = Field(description="Sent as webhook-id, the same with every attempt.")
    endpoint_id: uuid.UUID
    event_type: str
    run_id: str
    state: str = Field(description="`pending`, `sending`, `delivered` or `failed`.")
    attempts: int
    next_at: datetime
    created_at: datetime
    ended_at: datetime | None


class AttemptEntry(BaseModel):
    """One attempt to deliver."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    at: datetime
    status: int | None = Field(description="HTTP status; null where no answer came.")
    latency_ms: int
    error: str | None
    excerpt: str = Field(description="The beginning of the answer.")


def _wiring(request: Request) -> Wiring:
    wiring: Wiring = request.app.state.wiring
    return wiring


@router.post("/endpoints", status_code=201, summary="Add an endpoint; the answer shows its secret once")
async def create_endpoint(request: Request, body: NewEndpoint) -> CreatedEndpoint:
    wiring = _wiring(request)
    await _check_address(wiring, body.url)
    values = {**body.model_dump(), "id": uuid.uuid4(), "secret": secret(os.urandom(SECRET_BYTES))}
    async with wiring.session.engine.begin() as conn:
        return CreatedEndpoint.model_validate(await wiring.store.create_endpoint(conn, values))


@router.get("/endpoints", summary="All endpoints, the oldest first")
async def endpoints(request: Request) -> list[Endpoint]:
    wiring = _wiring(request)
    async with wiring.session.engine.connect() as conn:
        return [Endpoint.model_validate(row) for row in await wiring.store.endpoints(conn)]


@router.get("/endpoints/{endpoint_id}", summary="One endpoint", responses=_MISSING)
async def endpoint(request: Request, endpoint_id: uuid.UUID) -> Endpoint:
    wiring = _wiring(request)
    async with wiring.session.engine.connect() as conn:
        row = await wiring.store.endpoint(conn, endpoint_id)
    return Endpoint.model_validate(_found(row, "endpoint", endpoint_id))


@router.patch("/endpoints/{endpoint_id}", summary="Change, pause or re-enable an endpoint", responses=_MISSING)
async def change_endpoint(request: Request, endpoint_id: uuid.UUID, body: EndpointChange) -> Endpoint:
    wiring = _wiring(request)
    changes = body.model_dump(exclude_unset=True)
    if "url" in changes:
        await _check_address(wiring, body.url)
    async with wiring.session.engine.begin() as conn:
        row = await wiring.store.change_endpoint(conn, endpoint_id, changes)
    wiring.worker.wake()
    return Endpoint.model_validate(_found(row, "endpoint", endpoint_id))


@router.delete(
    "/endpoints/{endpoint_id}", status_code=204, summary="Delete an endpoint and its deliveries", responses=_MISSING
)
async def delete_endpoint(request: Request, endpoint_id: uuid.UUID) -> Response:
    wiring = _wiring(request)
    async with wiring.session.engine.begin() as conn:
        _found(await wiring.store.delete_endpoint(conn, endpoint_id) or None, "endpoint", endpoint_id)
    return Response(status_code=204)


@router.post(
    "/endpoints/{endpoint_id}/test", status_code=202, summary="Send a test message to the endpoint", responses=_BUSY
)
async def test_endpoint(request: Request, endpoint_id: uuid.UUID) -> DeliveryEntry:
    wiring = _wiring(request)
    async with wiring.session.engine.begin() as conn:
        _active(await wiring.store.endpoint(conn, endpoint_id), endpoint_id)
        body = endpoint_test(str(endpoint_id), datetime.now(UTC))
        row = await wiring.store.announce_to(conn, endpoint_id, str(uuid.uuid4()), TEST_EVENT, body)
    wiring.worker.wake()
    return DeliveryEntry.model_validate(row)


@router.get("/deliveries", summary="Deliveries, the newest first")
async def deliveries(
    request: Request,
    run_id: Text | None = None,
    endpoint_id: uuid.UUID | None = None,
    before: Annotated[uuid.UUID | None, Query(description="Continue behind this delivery.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[DeliveryEntry]:
    wiring = _wiring(request)
    async with wiring.session.engine.connect() as conn:
        rows = await wiring.store.deliveries(conn, run_id=run_id, endpoint_id=endpoint_id, before=before, limit=limit)
    return [DeliveryEntry.model_validate(row) for row in rows]


@router.get("/deliveries/{delivery_id}/attempts", summary="The attempts of a delivery, in order", responses=_MISSING)
async def attempts(request: Request, delivery_id: uuid.UUID) -> list[AttemptEntry]:
    wiring = _wiring(request)
    async with wiring.session.engine.connect() as conn:
        rows = await wiring.store.attempts(conn, delivery_id)
    return [AttemptEntry.model_validate(row) for row in _found(rows, "delivery", delivery_id)]


@router.post("/deliveries/{delivery_id}/retry", status_code=202, summary="Send again, now", responses=_BUSY)
async def retry(request: Request, delivery_id: uuid.UUID) -> DeliveryEntry:
    wiring = _wiring(request)
    async with wiring.session.engine.begin() as conn:
        known = _found(await wiring.store.delivery(conn, delivery_id), "delivery", delivery_id)
        _active(await wiring.store.endpoint(conn, known.endpoint_id), known.endpoint_id)
        row = await wiring.store.retry(conn, delivery_id)
    if row is None:
        raise ProblemError(409, "The delivery is being sent right now", "wait for the attempt to end, then retry")
    wiring.worker.wake()
    return DeliveryEntry.model_validate(row)


async def _check_address(wiring: Wiring, url: str) -> None:
    """Refuse an address now rather than at the first delivery; a name that is not known yet is accepted."""
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            await wiring.client.addresses(parse(url))
    except AddressDeniedError as error:
        raise ProblemError(422, "The endpoint's address is not allowed", str(error)) from error
    except OSError:
        return


def _found(row: Any, what: str, identity: uuid.UUID) -> Any:
    if row is None:
        raise ProblemError(404, f"No such {what}", f"there is no {what} {identity}")
    return row


def _active(row: Any, endpoint_id: uuid.UUID) -> None:
    if not _found(row, "endpoint", endpoint_id).is_active:
        raise ProblemError(409, "The endpoint is not active", "activate it first: PATCH with is_active true")
