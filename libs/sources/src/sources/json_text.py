"""JSON as the world writes it: byte order marks, NaN and broken surrogates do not lose a page."""

import json
import math
from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode


def parse_json(text: bytes) -> Any:
    """The value of a JSON text; ValueError if it is none. NaN and infinities become null."""
    text = text.removeprefix(b"\xef\xbb\xbf")
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _parse_loosely(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _parse_loosely(text: bytes) -> Any:
    try:
        read = text.decode("utf-8", "replace")
        value = json.loads(read, strict=False, parse_constant=lambda _: None, parse_float=_finite)
        # Half a surrogate pair parses, but can never be encoded again.
        return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _finite(written: str) -> float | None:
    number = float(written)
    return number if math.isfinite(number) else None
