"""Events to bytes and back: JSON by msgspec, compressed by zstd, size and digest checked before parsing."""

import hashlib
from functools import lru_cache
from typing import TypeVar, cast

import msgspec
import zstandard

from common.contracts.events import Event

#: Largest decompressed body that is parsed, in bytes.
MAX_BODY_BYTES = 32 * 1024 * 1024

E = TypeVar("E", bound=Event)
#: The last two: msgspec's way of refusing text that is no UTF-8, and nesting that is too deep.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_encoder = msgspec.json.Encoder(decimal_format="string")


class UnreadableBodyError(Exception):
    """A body that is damaged, too large or not of its type: a permanent failure."""


@lru_cache
def _decoder(event: type[Event]) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(event)


def encode(event: Event) -> tuple[bytes, str]:
    """The body of an event and its sha256 (hex)."""
    # A compressor is not safe for threads and is cheap to make.
    body = zstandard.ZstdCompressor(level=1, write_content_size=True).compress(_encoder.encode(event))
    return body, hashlib.sha256(body).hexdigest()


def decode(event: type[E], body: bytes, sha256: str) -> E:
    """The event in `body`; UnreadableBodyError where digest, size, compression or schema are wrong."""
    if hashlib.sha256(body).hexdigest() != sha256:
        raise UnreadableBodyError("body does not match its sha256 header")
    text = _text_of(body)
    try:
        return cast("E", _decoder(event).decode(text))
    except _UNREADABLE as error:
        raise UnreadableBodyError(f"{event.event_type}: {error}") from error


def json_of(body: bytes) -> msgspec.Raw:
    """The JSON in a body as it stands, of whatever schema; UnreadableBodyError where there is none."""
    text = _text_of(body)
    try:
        msgspec.json.decode(text)
    except _UNREADABLE as error:
        raise UnreadableBodyError(str(error)) from error
    return msgspec.Raw(text)


def _text_of(body: bytes) -> bytes:
    try:
        size = zstandard.frame_content_size(body)
        if not 0 <= size <= MAX_BODY_BYTES:
            raise UnreadableBodyError(f"body of {size} bytes is outside 0..{MAX_BODY_BYTES}")
        return zstandard.ZstdDecompressor().decompress(body)
    except zstandard.ZstdError as error:
        raise UnreadableBodyError(str(error)) from error
