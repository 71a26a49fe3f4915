"""JSON as the world writes it: byte order marks, NaN and broken surrogates do not lose a page."""

import json
import math
from typing import Any

import msgspec

#: What is nested deeper could be read here and not be read again inside a message; no payload needs it.
_DEEPEST = 200
_CONTAINERS = (dict, list)
_decode = msgspec.json.Decoder().decode


def parse_json(text: bytes) -> Any:
    """The value of a JSON text; ValueError if it is none. NaN and infinities become null."""
    text = text.removeprefix(b"\xef\xbb\xbf")
    try:
        value = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = _parse_loosely(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if _too_deep(value):
        raise ValueError("nested too deeply")
    return value


def _too_deep(value: Any) -> bool:
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(_DEEPEST):
        if not level:
            return False
        level = [
            inner for outer in level for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in _CONTAINERS
        ]  # fmt: skip
    return True


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
