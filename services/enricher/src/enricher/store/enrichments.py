"""Enrichments in PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa
import zstandard
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Posting
from common.database import bulk_upsert
from enricher.domain.enrich import Enrichment
from enricher.tables import enrichment, posting_enrichment

_encode = msgspec.json.Encoder(decimal_format="string").encode
_decoder = msgspec.json.Decoder(Enrichment)
_KNOWN = (
    sa.select(enrichment.c.content_hash, enrichment.c.result)
    .where(enrichment.c.content_hash == sa.any_(sa.bindparam("hashes", type_=sa.ARRAY(sa.Uuid(as_uuid=False)))))
    .where(enrichment.c.rules_version == sa.bindparam("rules_version"))
)
_CURRENT = sa.select(posting_enrichment, enrichment.c.result).join_from(
    posting_enrichment,
    enrichment,
    sa.and_(
        posting_enrichment.c.content_hash == enrichment.c.content_hash,
        posting_enrichment.c.rules_version == enrichment.c.rules_version,
    ),
)
_OF_POSTING = _CURRENT.where(posting_enrichment.c.hash_key == sa.bindparam("hash_key", type_=sa.Uuid(as_uuid=False)))
_OF_POSTINGS = _CURRENT.where(
    posting_enrichment.c.hash_key == sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Uuid(as_uuid=False))))
)


class StoredEnrichment(msgspec.Struct, frozen=True):
    """A posting's enrichment with the state it belongs to."""

    hash_key: str
    version: int
    rules_version: str
    read_at: datetime
    values: Enrichment


class EnrichmentStore:
    """Reads and writes enrichments through the caller's connection."""

    async def known(self, conn: AsyncConnection, hashes: Iterable[str], rules_version: str) -> dict[str, Enrichment]:
        """What these contents say, where they were read under these rules before."""
        rows = await conn.execute(_KNOWN, {"hashes": sorted(set(hashes)), "rules_version": rules_version})
        return {row[0].hex: _decode(row[1]) for row in rows}

    async def save(
        self,
        conn: AsyncConnection,
        postings: Sequence[Posting],
        read: Mapping[str, Enrichment],
        rules_version: str,
        now: datetime,
    ) -> None:
        """Keep newly read contents, and point postings to theirs unless a later version is there already."""
        compress = zstandard.ZstdCompressor(level=1).compress
        contents = [
            {"content_hash": key, "rules_version": rules_version, "result": compress(_encode(result)),
             "dwh_load_timestamp": now}
            for key, result in read.items()
        ]  # fmt: skip
        await bulk_upsert(conn, enrichment, contents, key=("content_hash", "rules_version"), update=())
        latest: dict[str, Posting] = {}
        for posting in postings:
            if posting.hash_key not in latest or posting.version > latest[posting.hash_key].version:
                latest[posting.hash_key] = posting
        rows = [
            {"hash_key": p.hash_key, "version": p.version, "content_hash": p.content_hash,
             "rules_version": rules_version, "dwh_load_timestamp": now}
            for p in latest.values()
        ]  # fmt: skip
        # The same version again is a replay, perhaps under other rules: the later reading counts.
        await bulk_upsert(conn, posting_enrichment, rows, key=("hash_key",), where="t.version <= excluded.version")

    async def of_posting(self, conn: AsyncConnection, hash_key: str) -> StoredEnrichment | None:
        """The enrichment of a posting's latest version, None for an unknown posting."""
        row = (await conn.execute(_OF_POSTING, {"hash_key": hash_key})).mappings().one_or_none()
        return _stored(row) if row else None

    async def of_postings(self, conn: AsyncConnection, hash_keys: Iterable[str]) -> dict[str, StoredEnrichment]:
        """The enrichments of postings' latest versions, as far as they were enriched."""
        rows = (await conn.execute(_OF_POSTINGS, {"keys": sorted(set(hash_keys))})).mappings()
        return {each.hash_key: each for each in map(_stored, rows)}


def _decode(result: bytes) -> Enrichment:
    return _decoder.decode(zstandard.decompress(result))


def _stored(row: sa.RowMapping) -> StoredEnrichment:
    key: UUID = row["hash_key"]
    return StoredEnrichment(
        key.hex, row["version"], row["rules_version"], row["dwh_load_timestamp"], _decode(row["result"])
    )
