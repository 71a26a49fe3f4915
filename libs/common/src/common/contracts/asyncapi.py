"""The AsyncAPI 3.0 description of the events, made from the registry."""

from typing import Any

from common.contracts.meanings import meaning
from common.contracts.registry import REGISTRY, Registered
from common.contracts.schemas import component_schemas

_EXCHANGE = {"name": "posthorn.events", "type": "topic", "durable": True, "vhost": "/"}


def asyncapi_document() -> dict[str, Any]:
    """Channels are routing keys of the topic exchange; every emitter sends, every bound queue receives."""
    schemas = _schemas()
    operations: dict[str, Any] = {}
    for entry in REGISTRY:
        operations |= _operations(entry)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Posthorn events",
            "version": "1.0.0",
            "description": "Events between the services of Posthorn; bodies are JSON compressed by zstd.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {_channel(e): _channel_object(e) for e in REGISTRY},
        "operations": operations,
        "components": {"messages": {_channel(e): _message(e, schemas) for e in REGISTRY}, "schemas": schemas},
    }


def _channel(entry: Registered) -> str:
    return entry.event.__name__


def _channel_object(entry: Registered) -> dict[str, Any]:
    name = _channel(entry)
    return {
        "address": entry.event.event_type,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": _EXCHANGE, "bindingVersion": "0.3.0"}},
    }


def _message(entry: Registered, schemas: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": entry.event.event_type,
        "summary": schemas[entry.event.__name__]["description"],
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"#/components/schemas/{entry.event.__name__}"},
        "bindings": {"amqp": {"contentEncoding": "zstd", "messageType": entry.event.event_type}},
    }


def _operations(entry: Registered) -> dict[str, Any]:
    name = _channel(entry)
    channel = {"$ref": f"#/channels/{name}"}
    sends = {f"{emitter}.send{name}": {"action": "send", "channel": channel} for emitter in entry.emitters}
    stage = {"x-stage": entry.stage} if entry.stage else {}
    receives = {
        f"{queue.split('.')[0]}.receive{name}": {"action": "receive", "channel": channel, "x-queue": queue, **stage}
        for queue in entry.queues
    }
    return sends | receives


def _schemas() -> dict[str, Any]:
    schemas = component_schemas("#/components/schemas/{name}")
    for owner, schema in schemas.items():
        for field, value in schema["properties"].items():
            # A description beside a $ref is ignored by draft 7 readers, and no error.
            value["description"] = meaning(owner, field)
    return schemas
