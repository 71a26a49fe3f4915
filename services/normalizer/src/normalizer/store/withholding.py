"""Notes at postings that nobody was shown them, and wakes their sightings."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from normalizer.store.closing_statements import MEMBERS_LOCKED, SET_ASLEEP
from normalizer.store.statements import LOCK_POSTINGS
from normalizer.tables import posting as t_posting

_told = (
    sa.func.unnest(
        sa.bindparam("keys", type_=sa.ARRAY(sa.Uuid(as_uuid=False))),
        sa.bindparam("versions", type_=sa.ARRAY(sa.Integer)),
    )
    .table_valued("hash_key", "version", name="told")
    .render_derived()
)
_WITHHOLD = (
    sa.update(t_posting)
    .where(t_posting.c.hash_key == _told.c.hash_key, t_posting.c.version <= _told.c.version)
    .values(withheld=True)
    .returning(t_posting.c.hash_key)
)


async def withhold(conn: AsyncConnection, versions: Mapping[str, int]) -> None:
    """Of these postings, by hash_key, nobody was shown this version; a later one is on its way to be shown.

    Locks are taken as pages take them: sightings before postings, both in the order of their keys.
    """
    asked = {"keys": [*versions]}
    await conn.execute(MEMBERS_LOCKED, asked)
    await conn.execute(LOCK_POSTINGS, asked)
    marked = await conn.execute(_WITHHOLD, asked | {"versions": [*versions.values()]})
    await conn.execute(SET_ASLEEP, {"keys": [key.hex for key in marked.scalars()]})
