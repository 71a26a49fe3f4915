"""The envelope in which a page is archived: request, response and ingest, in deterministic bytes."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from isal import isal_zlib

from extractor.errors import DamagedPageError

#: Version of the envelope's layout.
SCHEMA_VERSION = 1
# ISA-L takes a fifth of zlib's CPU for the same size; this is the largest cost of archiving a page.
_LEVEL, _GZIP = 1, 16 + 15
#: Where the payload goes: JSON has a bare @ nowhere, and escapes quotes in strings.
_PLACE, _PLACED = msgspec.Raw(b"@"), b'"payload":@'
#: Of canonical JSON, for what JSON can carry.
encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")


@dataclass(frozen=True, slots=True)
class RawPage:
    """An answer of a source as it is archived; no field holds credentials. Parts of `payload` may be `written`."""

    endpoint: str
    params: Mapping[str, Any]
    sent_at: datetime
    received_at: datetime
    status: int
    headers: Mapping[str, str]
    payload: Any


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which unit of which run asked for the page."""

    run_id: str
    unit_id: str
    campaign_id: str
    source: str
    feed: str
    page: int


def pack(page: RawPage, asked: Provenance) -> bytes:
    """The envelope as canonical JSON in gzip with mtime 0: the same page gives the same bytes.

    `ingest.sha256` and `ingest.bytes_uncompressed` are those of the payload's canonical JSON (UTF-8).
    """
    payload = canonical_json(page.payload)
    feed = f"/{asked.feed}" if asked.feed else ""
    ingest = {
        "ingest_run_id": asked.run_id,
        "sha256": hashlib.sha256(payload).hexdigest(),
        "bytes_uncompressed": len(payload),
        "notes": f"raw page {asked.page} of {asked.source}{feed}",
        "schema_version": SCHEMA_VERSION,
        "unit_id": asked.unit_id,
        "campaign_id": asked.campaign_id,
        "source": asked.source,
        "feed": asked.feed,
        "page": asked.page,
    }
    request = {"endpoint": page.endpoint, "params": dict(page.params), "sent_at": timestamp(page.sent_at)}
    response = {
        "status": page.status,
        "received_at": timestamp(page.received_at),
        "headers": dict(page.headers),
        "payload": _PLACE,
    }
    envelope = encoder.encode({"ingest": ingest, "request": request, "response": response})
    before, _, after = envelope.partition(_PLACED)
    # In pieces: putting them together first costs as much as compressing them.
    gzipped = isal_zlib.compressobj(_LEVEL, wbits=_GZIP)
    pieces = (before, b'"payload":', payload, after)
    return b"".join([*map(gzipped.compress, pieces), gzipped.flush()])


def unpack(data: bytes) -> tuple[RawPage, Provenance]:
    """The page in an archived envelope; DamagedPageError where it is no envelope or its payload was changed."""
    try:
        envelope = _decoded(gzip.decompress(data))
        request, response, ingest = envelope["request"], envelope["response"], envelope["ingest"]
        page = RawPage(
            endpoint=request["endpoint"],
            params=request["params"],
            sent_at=datetime.fromisoformat(request["sent_at"]),
            received_at=datetime.fromisoformat(response["received_at"]),
            status=response["status"],
            headers=response["headers"],
            payload=response["payload"],
        )
        asked = Provenance(
            run_id=ingest["ingest_run_id"],
            unit_id=ingest["unit_id"],
            campaign_id=ingest["campaign_id"],
            source=ingest["source"],
            feed=ingest["feed"],
            page=ingest["page"],
        )
        expected = ingest["sha256"]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DamagedPageError(f"no envelope: {error!r}") from error
    if hashlib.sha256(canonical_json(page.payload)).hexdigest() != expected:
        raise DamagedPageError(f"the payload's sha256 is not {expected}")
    return page, asked


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no white space; the same value gives the same bytes, whatever is `written` of it."""
    try:
        return encoder.encode(value)
    except TypeError:  # the None key of a CSV row with too many fields
        return canonical_json(json.loads(json.dumps(value, default=_unwritten)))
    except UnicodeEncodeError:  # half an emoji: kept, in ASCII
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_unwritten).encode()


def written(payload: Any, entries: list[Any], texts: list[msgspec.Raw]) -> Any:
    """The payload with the canonical JSON of `entries` in their place, if they are the payload or stand at its top."""
    if payload is entries:
        return texts
    if isinstance(payload, dict):
        return {name: texts if value is entries else value for name, value in payload.items()}
    return payload


def _unwritten(value: Any) -> Any:
    return json.loads(bytes(value)) if isinstance(value, msgspec.Raw) else str(value)


def timestamp(moment: datetime) -> str:
    """UTC with milliseconds and Z, such as 2025-08-19T16:15:30.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def whole_milliseconds(moment: datetime) -> datetime:
    """As precise as `timestamp` writes it, so that what is read from the archive has the time that was sent on."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return json.loads(data)
