"""A page that was read before is merged again: what changed in which field, and what goes on although it did not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Posting
from common.database import bulk_upsert
from common.messaging.differences import Differences
from normalizer.domain.merge import PostingState
from normalizer.domain.precedence import Precedence
from normalizer.domain.record import Record
from normalizer.store.postings import CONTENT_KEY, MergeResult, PostingStore
from normalizer.store.rows import Page, content_row, state_of, values_of
from normalizer.store.statements import SAID, STATES
from normalizer.tables import content as t_content


async def merge_again(
    conn: AsyncConnection,
    store: PostingStore,
    page: Page,
    records: Mapping[str, Record],
    precedence: Precedence,
    found: Differences,
) -> MergeResult:
    """As `PostingStore.merge`; adds to `found` what differs from what was stored.

    Sent on, uncounted, is also what stayed as it was: the stages that follow have rules of their own. Only the latest
    observation of a posting is, so that a window of many days sends each once.
    """
    ids = {"source": page.source, "ids": list(records)}
    said = {row["source_job_id"]: values_of(row) for row in (await conn.execute(SAID, ids)).mappings()}
    merged = await store.merge(conn, page, records, precedence)
    latest = [
        record
        for id_, record in records.items()
        if merged.changes[id_] == "same" and page.collected_at >= merged.known[id_].last_seen_at
    ]
    changed = [record for id_, record in records.items() if merged.changes[id_] == "changed"]
    differing = [
        record
        for record in (*changed, *latest)
        if (before := said.get(record.source_job_id)) is not None
        and found.add(record.hash_key, before, values_of(content_row(record, page.rules_version, page.now)))
    ]
    await _refresh(conn, page, [record for record in differing if merged.changes[record.source_job_id] == "same"])
    return replace(merged, postings=[*merged.postings, *await _unchanged(conn, latest)])


async def _refresh(conn: AsyncConnection, page: Page, records: Sequence[Record]) -> None:
    """What is left out of the content hash (such as `valid_through`) is kept as today's rules read it."""
    rows = [content_row(record, page.rules_version, page.now) for record in records]
    await bulk_upsert(conn, t_content, rows, key=CONTENT_KEY)


async def _unchanged(conn: AsyncConnection, records: Sequence[Record]) -> list[Posting]:
    """The postings that show one of these records."""
    if not records:
        return []
    rows: Sequence[sa.Row[Any]] = (await conn.execute(STATES, {"keys": [r.hash_key for r in records]})).all()
    states: dict[str, PostingState] = {row.hash_key.hex: state_of(row) for row in rows}
    return [
        state.posting(record, None)
        for record in records
        if (state := states.get(record.hash_key)) is not None
        and (*state.shown, state.content_hash) == (record.source, record.source_job_id, record.content_hash)
    ]
