"""Cuts the items of a page into messages that every stage can work on."""

import json
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec

from extractor.domain.envelope import encoder, written

#: Postings in a message at most.
MAX_POSTINGS = 100
#: JSON bytes of a message's items, unless one item alone is larger.
MAX_BYTES = 4 * 1024 * 1024
#: JSON bytes of one item at most; a larger one is rejected.
MAX_ITEM_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Batches:
    """Items by message, as canonical JSON and in their order, and the positions of those too large to be sent.

    `size` is that of the JSON. `replaced`: JSON could not carry one of the items as it is.
    """

    messages: list[list[msgspec.Raw]] = field(default_factory=list)
    too_large: list[int] = field(default_factory=list)
    size: int = 0
    replaced: bool = False

    def placed(self, payload: Any, items: list[Any]) -> Any:
        """The payload that `items` were cut out of, as little of it unwritten as can be."""
        if self.too_large or self.replaced:
            return payload
        return written(payload, items, list(chain.from_iterable(self.messages)))


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
        try:
            item = encoder.encode(original)
        except (UnicodeEncodeError, TypeError):
            item, batches.replaced = _replaced(original), True
        size = len(item)
        if size > max_item_bytes:
            batches.too_large.append(position)
            continue
        if left == 0 or size > room:
            batches.messages.append([])
            room, left = max_bytes, max_postings
        batches.messages[-1].append(msgspec.Raw(item))
        batches.size += size
        room, left = room - size, left - 1
    return batches


def _replaced(item: Any) -> bytes:
    """Without what JSON cannot carry (half an emoji, a None key)."""
    text = json.dumps(item, ensure_ascii=False, default=str).encode(errors="replace")
    return encoder.encode(json.loads(text))
