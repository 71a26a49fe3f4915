"""Finds the clusters of a page's postings: candidates by index, comparison in memory, one upsert."""

# Blocks are locked after postings, in the order of their keys: so two pages that bring the same job at the same time
# see each other, and never wait for each other in a circle. A cluster may reach over blocks, and people move postings
# too: whoever joins what is stored takes one more lock, the same for all, and looks again where the postings are.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Clustered, Place, Posting
from common.database import bulk_upsert
from normalizer.domain.listing import Listing, Reader
from normalizer.domain.markup import text_of
from normalizer.domain.settling import Found, Grouping, find, told_apart
from normalizer.store.closing_statements import IN_REPOSTS
from normalizer.store.duplicate_statements import (
    APART,
    CANDIDATES,
    CLUSTERS_OF,
    EVIDENCE,
    LOCK_BLOCKS,
    LOCK_CLUSTERING,
    MOVE,
    SIZES,
)
from normalizer.store.rows import pay_of
from normalizer.tables import dedupe_report as t_report
from normalizer.tables import duplicate as t_duplicate

#: Hex digits of a block's key that make a lock's: 60 bits of 63.
_LOCK_DIGITS = 15
_KEPT = (*EVIDENCE, "run_id")
#: A posting that is stored stays in its cluster: only a move takes it out.
_UPDATED = [
    name
    for name in t_duplicate.c.keys()  # noqa: SIM118 - a column collection iterates over columns
    if name not in ("hash_key", "cluster_id", "version")
]


@dataclass(frozen=True, slots=True)
class _Stored:
    """Postings that the page's may match, and the rows of those of the page that are known."""

    listings: Sequence[Listing]
    clusters: Mapping[str, str]
    known: Mapping[str, sa.RowMapping]


@dataclass(frozen=True, slots=True)
class Settled:
    """What others must hear of; `due`: postings of clusters in which a source shows a job again, or did."""

    told: Sequence[Clustered] = ()
    due: Sequence[str] = ()


class DuplicateStore:
    """SQL on the table of clusters."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def settle(
        self, conn: AsyncConnection, postings: Sequence[Posting], run_id: str, now: datetime, *, again: bool = False
    ) -> Settled:
        """Put each of these postings into its cluster; a posting that nothing matches is a cluster of its own.

        Postings stay in the cluster that they are in, whatever the rules say later; only people take them out.
        Told of are those whose cluster has changed; `again` adds those of the page that are in one with others, for
        whoever has not heard of it.
        """
        listings = {p.hash_key: self._listing(p) for p in postings if not p.closed}
        if not listings:
            return Settled()
        stored = await self._stored(conn, listings)
        found = find(listings.values(), stored.listings, self._reader.rules)
        clusters = {key: stored.clusters.get(key, key) for key in listings} | dict(stored.clusters)
        grouping, moved = await self._grouped(conn, found, clusters)
        for each in found:
            told_apart(each, grouping, clusters)
        evidence = await self._report(conn, found, run_id)
        rows = []
        for each in found:
            key = each.listing.reference
            said = evidence.get(key) or _known(stored.known.get(key)) or self._said(each, run_id)
            rows.append(said | _keys(each.listing, grouping.cluster(clusters[key]), now))
        returning = ["hash_key", "cluster_id", "version", "(xmax = 0) AS inserted"]
        placed = await bulk_upsert(conn, t_duplicate, rows, key=["hash_key"], update=_UPDATED, returning=returning)
        changed = moved + [row for row in placed if row.version and (again or row.inserted)]
        mates = [key for each in found if (key := each.listing.reference) in stored.known or each.joined.matched]
        told = [*{row.hash_key: clustered(row) for row in changed}.values()]
        return Settled(told, await self._in_reposts(conn, mates) if mates else ())

    async def _in_reposts(self, conn: AsyncConnection, keys: Sequence[str]) -> list[str]:
        asked = {"keys": keys, "apart": timedelta(days=self._reader.rules.repost_days)}
        return [key.hex for key in (await conn.execute(IN_REPOSTS, asked)).scalars()]

    async def _report(self, conn: AsyncConnection, found: Sequence[Found], run_id: str) -> dict[str, dict[str, Any]]:
        """Store what this run found, and return it by posting; postings that are like no other are left out."""
        said = {each.listing.reference: self._said(each, run_id) for each in found if each.joined.matched or each.kept}
        rows = [{"hash_key": key} | row for key, row in said.items()]
        await bulk_upsert(conn, t_report, rows, key=["run_id", "hash_key"])
        return said

    def _said(self, found: Found, run_id: str) -> dict[str, Any]:
        comparison, kept = found.joined.comparison, found.kept
        return {
            "matched": found.joined.matched, "reason": comparison and comparison.reason,
            "similarity": comparison and comparison.similarity,
            "duplicate_class": comparison and comparison.duplicate_class, "kept_from": kept and kept[0],
            "kept_reason": kept and kept[1].reason, "kept_similarity": kept and kept[1].similarity,
            "rules_version": self._reader.rules.version, "run_id": run_id,
        }  # fmt: skip

    def _listing(self, posting: Posting) -> Listing:
        return self._reader.listing(
            posting.hash_key, posting.source, posting.company, posting.title,
            [place.written for place in posting.places],
            posting.description_text, day=posting.posted_at.date() if posting.posted_at else None,
            cut=posting.description_is_excerpt, pay=posting.pay,
        )  # fmt: skip

    async def _stored(self, conn: AsyncConnection, listings: Mapping[str, Listing]) -> _Stored:
        blocks = sorted({listing.block_id for listing in listings.values()})
        text_blocks = sorted({(each.text_block_id, each.brand) for each in listings.values()})
        twins = sorted({(each.block_id, each.fingerprint) for each in listings.values()})
        locked = (key for each in listings.values() for key in (each.block_id, each.text_lock_id))
        locks = sorted({int(key[:_LOCK_DIGITS], 16) for key in locked})
        await conn.execute(LOCK_BLOCKS, {"keys": locks})
        asked = {
            "blocks": blocks, "keys": list(listings), "text_blocks": [block for block, _ in text_blocks],
            "brands": [brand for _, brand in text_blocks],
            "twin_blocks": [block for block, _ in twins], "fingerprints": [fingerprint for _, fingerprint in twins],
        }  # fmt: skip
        # The first of candidates that match equally well is named: always the same, in whatever order they come.
        rows = sorted((await conn.execute(CANDIDATES, asked)).mappings(), key=itemgetter("hash_key"))
        known = {row["hash_key"].hex: row for row in rows if row["hash_key"].hex in listings}
        others = [self._read(row) for row in rows if row["hash_key"].hex not in listings]
        return _Stored(others, {row["hash_key"].hex: row["cluster_id"].hex for row in rows}, known)

    def _read(self, row: sa.RowMapping) -> Listing:
        places = [place.written for place in msgspec.convert(row["places"], list[Place])]
        return self._reader.listing(
            row["hash_key"].hex, row["source"], row["company"], row["title"], places, text_of(row["description_html"]),
            day=row["posted_at"].date() if row["posted_at"] else None, cut=row["description_is_excerpt"],
            pay=pay_of(row),
        )  # fmt: skip

    async def _grouped(
        self, conn: AsyncConnection, found: Sequence[Found], clusters: dict[str, str]
    ) -> tuple[Grouping, list[sa.Row[Any]]]:
        """Join what matches; stored clusters that are joined are made one, and their postings that moved returned."""
        links = _between(found, clusters)
        if not links:
            return Grouping({}, ()), []
        await conn.execute(LOCK_CLUSTERING)
        linked = {"keys": sorted({key for link in links for key in link})}
        clusters |= {row.hash_key.hex: row.cluster_id.hex for row in await conn.execute(CLUSTERS_OF, linked)}
        links = _between(found, clusters)
        asked = {"clusters": sorted({clusters[key] for link in links for key in link})}
        sizes = {row.cluster_id.hex: row.postings for row in await conn.execute(SIZES, asked)}
        apart = [(row.one.hex, row.other.hex) for row in await conn.execute(APART, asked)]
        grouping = Grouping(sizes, apart)
        for one, other in links:
            grouping.join(clusters[one], clusters[other])
        moves = grouping.moves(list(sizes))
        if not moves:
            return grouping, []
        moving = {"losers": list(moves), "winners": list(moves.values())}
        return grouping, list((await conn.execute(MOVE, moving)).all())


def clustered(row: sa.Row[Any]) -> Clustered:
    """What a row of `duplicate` tells the others."""
    return Clustered(hash_key=row.hash_key.hex, cluster_id=row.cluster_id.hex, version=row.version)


def _between(found: Sequence[Found], clusters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Matches of postings that are in two clusters."""
    links = [(each.listing.reference, other) for each in found for other in each.matches]
    return [(one, other) for one, other in links if clusters[one] != clusters[other]]


def _keys(listing: Listing, cluster: str, now: datetime) -> dict[str, Any]:
    return {
        "hash_key": listing.reference, "cluster_id": cluster, "version": int(cluster != listing.reference),
        "block": listing.block_id, "text_block": listing.text_block_id, "brand": listing.brand,
        "fingerprint": listing.fingerprint,
        "dwh_load_timestamp": now,
    }  # fmt: skip


def _known(row: sa.RowMapping | None) -> dict[str, Any] | None:
    """What an earlier run found of a posting."""
    if row is None:
        return None
    return {name: value.hex if isinstance(value := row[name], UUID) else value for name in _KEPT}
