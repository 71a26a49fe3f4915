"""Our messages as AMQP messages and back: flat headers, a fresh message_id per attempt to publish."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from aio_pika import DeliveryMode, Message

from common.contracts import Headers

#: Set on messages of the deploy step that only prove a queue; consumers drop them.
CANARY = "posthorn_canary"
#: Why a message was parked.
DEAD_REASON = "dead_reason"
_REASON_LENGTH = 1000


def to_amqp(headers: Headers, body: bytes, **changes: Any) -> Message:
    """A persistent message; its message_id is its own, because aiormq tells returned messages apart by it (E2)."""
    return _message(msgspec.to_builtins(headers) | changes, body, headers.encoding)


def dead_letter(headers: Mapping[str, Any], body: bytes, encoding: str | None, reason: str) -> Message:
    """The same message with its reason, without the broker's own headers."""
    kept = {name: value for name, value in headers.items() if not name.startswith("x-")}
    return _message(kept | {DEAD_REASON: reason[:_REASON_LENGTH]}, body, encoding)


def dead_reason(headers: Mapping[str, Any]) -> str:
    """Why a message was parked by us or, where the broker did it, its word: `delivery_limit`, `maxlen` or `expired`."""
    ours = headers.get(DEAD_REASON)
    if isinstance(ours, str):
        return ours
    deaths = headers.get("x-death")
    return str(deaths[0].get("reason", "")) if isinstance(deaths, list) and deaths else ""


def canary() -> Message:
    """A message that proves a queue."""
    return _message({CANARY: True}, b"", None)


def from_amqp(headers: Mapping[str, Any]) -> Headers:
    """Our headers; msgspec.ValidationError for a message that is not ours."""
    return msgspec.convert(dict(headers), Headers)


def _message(headers: dict[str, Any], body: bytes, encoding: str | None) -> Message:
    return Message(
        body,
        headers=headers,
        content_type="application/json",
        content_encoding=encoding,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=uuid.uuid4().hex,
    )
