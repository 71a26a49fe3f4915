"""Seeded mutations of bytes and of JSON values, the kind that broken senders and hostile sources make."""

import json
import random
from collections.abc import Callable
from typing import Any

#: Stands in a value for nesting that no encoder of ours would write; replaced in the text.
_DEEP = "@nesting@"
_DEPTHS = (20, 200, 900, 1100, 5000)
WORDS = (
    "", " ", "\x00", "a\x00b", "\ud800", "\udfff x", "\u202e", "\ufeff", "é" * 3, "\U0001d54f", "\u0130", "ß",
    "NaN", "-1", "1e999999999", "1e400", "null", "true", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2026-02-30", "2026-11-21T07:30:00Z", "<script>", "&lt;p&gt;", "$1,234", "http://[", "https://x/../..",
    "'; DROP TABLE run; --", "{}", "[]", "[[1]]", "%s", "../../x", "0" * 32, "g" * 32, "x" * 3000, "١٢٣", "²", "½",
    "1" * 5000, _DEEP,
)  # fmt: skip
NUMBERS = (0, 1, -1, 2**15, 2**31 - 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**30, 0.5, -0.0, 1e308, 1e-320)
OTHERS = (None, True, False, [], {}, [None], {"": None}, [[]], {"a": {"b": {}}})


class Mutator:
    """All chance comes from the one seed, so that a failure can be made again."""

    def __init__(self, seed: str | int) -> None:
        self.random = random.Random(seed)

    def odds(self, share: float) -> bool:
        """True in this share of cases."""
        return self.random.random() < share

    def damaged(self, data: bytes) -> bytes:
        """Bytes with one to four random accidents."""
        accidents = (self._flipped, self._cut, self._doubled, self._inserted, self._truncated)
        for _ in range(self.random.randint(1, 4)):
            data = self.random.choice(accidents)(data)
        return data

    def _place(self, data: bytes) -> tuple[int, int]:
        start = self.random.randrange(len(data) + 1)
        return start, min(len(data), start + self.random.choice((1, 1, 2, 4, 16, 100)))

    def _flipped(self, data: bytes) -> bytes:
        start, end = self._place(data)
        return data[:start] + bytes(b ^ (1 << self.random.randrange(8)) for b in data[start:end]) + data[end:]

    def _cut(self, data: bytes) -> bytes:
        start, end = self._place(data)
        return data[:start] + data[end:]

    def _doubled(self, data: bytes) -> bytes:
        start, end = self._place(data)
        return data[:end] + data[start:end] * self.random.choice((1, 2, 50)) + data[end:]

    def _inserted(self, data: bytes) -> bytes:
        start, _ = self._place(data)
        chosen = self.random.choice(WORDS).encode("utf-8", "surrogatepass")
        return (
            data[:start] + self.random.choice((chosen, self.random.randbytes(3), b'"', b"[", b"}", b",")) + data[start:]
        )

    def _truncated(self, data: bytes) -> bytes:
        return data[: self.random.randrange(len(data) + 1)]

    def odd(self) -> Any:
        """A value that nobody expects."""
        return self.random.choice(self.random.choice((WORDS, WORDS, NUMBERS, OTHERS)))

    def changed(self, value: Any) -> Any:
        """A copy of a JSON value with one to three changes somewhere inside it."""
        for _ in range(self.random.randint(1, 3)):
            value = self._changed_once(value)
        return value

    def _changed_once(self, value: Any) -> Any:
        if isinstance(value, dict) and value and self.odds(0.9):
            return self._in_object(dict(value))
        if isinstance(value, list) and value and self.odds(0.9):
            return self._in_list(list(value))
        if isinstance(value, str) and value and self.odds(0.4):
            start = self.random.randrange(len(value))
            return value[:start] + self.random.choice(WORDS) + value[start:]
        return self.odd()

    def _in_object(self, value: dict[str, Any]) -> dict[str, Any]:
        key = self.random.choice(list(value))
        change = self.random.random()
        if change < 0.12:
            del value[key]
        elif change < 0.2:
            value[self.random.choice(WORDS)] = value.pop(key)
        elif change < 0.28:
            value[self.random.choice(("zz", key.upper(), *WORDS))] = self.odd()
        else:
            value[key] = self._changed_once(value[key])
        return value

    def _in_list(self, value: list[Any]) -> list[Any]:
        at = self.random.randrange(len(value))
        change = self.random.random()
        if change < 0.1:
            del value[at]
        elif change < 0.2:
            value.insert(at, self.odd())
        elif change < 0.25:
            value += value[at : at + 1] * self.random.choice((1, 3, 40))
        else:
            value[at] = self._changed_once(value[at])
        return value

    def json(self, value: Any) -> bytes:
        """The value as JSON text, half surrogates as escapes; nesting is written out where it was put in."""
        text = json.dumps(value, ensure_ascii=self.odds(0.9) or _has_surrogate(value)).encode()
        return text.replace(f'"{_DEEP}"'.encode(), self._nesting()) if _DEEP.encode() in text else text

    def _nesting(self) -> bytes:
        depth = self.random.choice(_DEPTHS)
        opened, closed = self.random.choice(((b"[", b"]"), (b'{"a":', b"}")))
        return opened * depth + b"1" + closed * depth


def _has_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def chosen(chance: random.Random, weighted: dict[Callable[..., Any], int]) -> Callable[..., Any]:
    """One of the functions, the heavier the likelier."""
    return chance.choices(list(weighted), list(weighted.values()))[0]
