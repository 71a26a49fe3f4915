"""Cuts the items of a page into messages that every stage can work on."""

import json
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec

from extractor.domain.envelope import Written, encoder

#: Postings in a message at most.
MAX_POSTINGS = 100
#: JSON bytes of a message's items, unless one item alone is larger.
MAX_BYTES = 4 * 1024 * 1024
#: JSON bytes of one item at most; a larger one is rejected.
MAX_ITEM_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Batches:
    """Items by message, as canonical JSON and in their order, and the positions of those too large to be sent.

    `replaced`: JSON could not carry one of them as it is.
    """

    messages: list[list[msgspec.Raw]] = field(default_factory=list)
    too_large: list[int] = field(default_factory=list)
    replaced: bool = False

    def exact(self, items: list[Any]) -> Written | None:
        """All the `items` that were cut, as they are sent; None where that is not quite what they are."""
        whole = not (self.too_large or self.replaced)
        return Written(items, list(chain.from_iterable(self.messages))) if whole else None


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
        room, left = room - size, left - 1
    return batches


def _replaced(item: Any) -> bytes:
    """Without what JSON cannot carry (half an emoji, a None key)."""
    text = json.dumps(item, ensure_ascii=False, default=str).encode(errors="replace")
    return encoder.encode(json.loads(text))
