"""Finds the clusters of a page's postings: candidates by index, comparison in memory, one upsert."""

# Blocks are locked after postings, in the order of their keys: so two pages that bring the same job at the same time
# see each other, and never wait for each other in a circle.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Place, Posting
from common.database import bulk_upsert
from normalizer.domain.duplicates import Listing, Reader
from normalizer.domain.markup import text_of
from normalizer.domain.settling import Found, Grouping, find
from normalizer.store.duplicate_statements import APART, CANDIDATES, LOCK_BLOCKS, MOVE, SIZES
from normalizer.tables import duplicate as t_duplicate

#: Hex digits of a block's key that make a lock's: 60 bits of 63.
_LOCK_DIGITS = 15
_KEPT = ("matched", "reason", "similarity", "duplicate_class", "kept_from", "kept_reason", "kept_similarity", "run_id")


@dataclass(frozen=True, slots=True)
class _Stored:
    """Postings that the page's may match, and the rows of those of the page that are known."""

    listings: Sequence[Listing]
    clusters: Mapping[str, str]
    known: Mapping[str, sa.RowMapping]


class DuplicateStore:
    """SQL on the table of clusters."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def settle(self, conn: AsyncConnection, postings: Sequence[Posting], run_id: str, now: datetime) -> None:
        """Put each of these postings into its cluster; a posting that nothing matches is a cluster of its own.

        Postings stay in the cluster that they are in, whatever the rules say later; only people take them out.
        """
        listings = {p.hash_key: self._listing(p) for p in postings if not p.closed}
        if not listings:
            return
        stored = await self._stored(conn, listings)
        found = find(listings.values(), stored.listings, self._reader.rules)
        clusters = {key: stored.clusters.get(key, key) for key in listings} | dict(stored.clusters)
        grouping = await self._grouped(conn, found, clusters)
        shared = {"rules_version": self._reader.rules.version, "run_id": run_id, "dwh_load_timestamp": now}
        rows = [
            {"cluster_id": grouping.cluster(clusters[each.listing.reference]), **shared, **_evidence(each, stored)}
            for each in found
        ]
        await bulk_upsert(conn, t_duplicate, rows, key=["hash_key"])

    def _listing(self, posting: Posting) -> Listing:
        return self._reader.listing(
            posting.hash_key, posting.source, posting.company, posting.title,
            [place.written for place in posting.places],
            posting.description_text, day=posting.posted_at.date() if posting.posted_at else None,
        )  # fmt: skip

    async def _stored(self, conn: AsyncConnection, listings: Mapping[str, Listing]) -> _Stored:
        blocks = sorted({listing.block_id for listing in listings.values()})
        await conn.execute(LOCK_BLOCKS, {"keys": [int(block[:_LOCK_DIGITS], 16) for block in blocks]})
        asked = {
            "blocks": blocks, "keys": list(listings), "fingerprints": [each.fingerprint for each in listings.values()]
        }  # fmt: skip
        rows = (await conn.execute(CANDIDATES, asked)).mappings().all()
        known = {row["hash_key"].hex: row for row in rows if row["hash_key"].hex in listings}
        others = [self._read(row) for row in rows if row["hash_key"].hex not in listings]
        return _Stored(others, {row["hash_key"].hex: row["cluster_id"].hex for row in rows}, known)

    def _read(self, row: sa.RowMapping) -> Listing:
        places = [place.written for place in msgspec.convert(row["places"], list[Place])]
        return self._reader.listing(
            row["hash_key"].hex, row["source"], row["company"], row["title"], places, text_of(row["description_html"]),
            day=row["posted_at"].date() if row["posted_at"] else None,
        )  # fmt: skip

    async def _grouped(self, conn: AsyncConnection, found: Sequence[Found], clusters: Mapping[str, str]) -> Grouping:
        """Join what matches; stored clusters that are joined are made one."""
        links = [(each.listing.reference, other) for each in found for other in each.matches]
        links = [(one, other) for one, other in links if clusters[one] != clusters[other]]
        if not links:
            return Grouping({}, ())
        asked = {"clusters": sorted({clusters[key] for link in links for key in link})}
        sizes = {row.cluster_id.hex: row.postings for row in await conn.execute(SIZES, asked)}
        apart = [(row.one.hex, row.other.hex) for row in await conn.execute(APART, asked)]
        grouping = Grouping(sizes, apart)
        for one, other in links:
            grouping.join(clusters[one], clusters[other])
        if moves := grouping.moves(list(sizes)):
            await conn.execute(MOVE, {"losers": list(moves), "winners": list(moves.values())})
        return grouping


def _evidence(found: Found, stored: _Stored) -> dict[str, Any]:
    """What was found in this run; what is known of the posting where nothing was."""
    listing, comparison, kept = found.listing, found.joined.comparison, found.kept
    row: dict[str, Any] = {
        "hash_key": listing.reference, "block": listing.block_id, "fingerprint": listing.fingerprint,
        "matched": found.joined.matched, "reason": comparison and comparison.reason,
        "similarity": comparison and comparison.similarity,
        "duplicate_class": comparison and comparison.duplicate_class, "kept_from": kept and kept[0],
        "kept_reason": kept and kept[1].reason, "kept_similarity": kept and kept[1].similarity,
    }  # fmt: skip
    before = stored.known.get(listing.reference)
    if before is not None and comparison is None and kept is None:
        row |= {name: _plain(before[name]) for name in _KEPT}
    return row


def _plain(value: Any) -> Any:
    return value.hex if isinstance(value, UUID) else value
