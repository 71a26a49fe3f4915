"""Cuts the items of a page into messages that every stage can work on."""

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

#: Postings in a message at most.
MAX_POSTINGS = 100
#: JSON bytes of a message's items, unless one item alone is larger.
MAX_BYTES = 4 * 1024 * 1024
#: JSON bytes of one item at most; a larger one is rejected.
MAX_ITEM_BYTES = 16 * 1024 * 1024

_encode = msgspec.json.Encoder(decimal_format="string").encode


@dataclass(slots=True)
class Batches:
    """Items by message, in their order, and the positions of those that are too large to be sent."""

    messages: list[list[Any]] = field(default_factory=list)
    too_large: list[int] = field(default_factory=list)


def split(
    items: list[Any],
    *,
    max_postings: int = MAX_POSTINGS,
    max_bytes: int = MAX_BYTES,
    max_item_bytes: int = MAX_ITEM_BYTES,
) -> Batches:
    """Every item is in exactly one message or in `too_large`; no message is empty."""
    batches = Batches()
    room, left = 0, 0
    for position, original in enumerate(items):
        item, size = _sized(original)
        if size > max_item_bytes:
            batches.too_large.append(position)
            continue
        if left == 0 or size > room:
            batches.messages.append([])
            room, left = max_bytes, max_postings
        batches.messages[-1].append(item)
        room, left = room - size, left - 1
    return batches


def _sized(item: Any) -> tuple[Any, int]:
    """The item and its size in JSON bytes; what JSON cannot carry (half an emoji, a None key) is replaced."""
    try:
        return item, len(_encode(item))
    except (UnicodeEncodeError, TypeError):
        text = json.dumps(item, ensure_ascii=False, default=str).encode(errors="replace")
        return json.loads(text), len(text)
