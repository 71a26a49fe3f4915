"""Which sources a run reads."""

from collections.abc import Sequence

import msgspec

from common.contracts import SourceQuery


def distinct(sources: Sequence[SourceQuery]) -> list[SourceQuery]:
    """The queries without repetitions, in their order; of equal ones the most pages are read."""
    kept: dict[bytes, SourceQuery] = {}
    for query in sources:
        key = msgspec.json.encode((query.source, query.params), order="sorted")
        if key not in kept or kept[key].max_pages < query.max_pages:
            kept[key] = query
    return list(kept.values())
