"""The statements of the normalizer that are no bulk upserts."""

from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from normalizer.tables import content as t_content
from normalizer.tables import posting as t_posting
from normalizer.tables import posting_event as t_event
from normalizer.tables import posting_place as t_place
from normalizer.tables import sighting as t_sighting

_keys = sa.bindparam("keys", type_=sa.ARRAY(sa.Uuid(as_uuid=False)))
LOCK_SIGHTINGS = (
    sa.select(t_sighting)
    .where(t_sighting.c.source == sa.bindparam("source"))
    .where(t_sighting.c.source_job_id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Text))))
    .order_by(t_sighting.c.source_job_id)
    .with_for_update(key_share=True)
)
LOCK_POSTINGS = (
    sa.select(t_posting)
    .where(t_posting.c.hash_key == sa.any_(_keys))
    .order_by(t_posting.c.hash_key)
    .with_for_update(key_share=True)
)
same_sighting = sa.and_(
    t_sighting.c.source == t_content.c.source,
    t_sighting.c.source_job_id == t_content.c.source_job_id,
    t_sighting.c.hash_key == t_content.c.hash_key,
)
STATES = sa.select(t_posting).where(t_posting.c.hash_key == sa.any_(_keys))
#: What a source says of its postings now.
SAID = (
    sa.select(t_content)
    .join_from(t_sighting, t_content, same_sighting)
    .where(t_sighting.c.source == sa.bindparam("source"))
    .where(t_sighting.c.source_job_id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Text))))
)
MEMBERS: sa.Select[Any] = (
    sa.select(
        *(t_sighting.c[name] for name in ("source", "source_job_id", "hash_key", "content_hash", "feed")),
        *(t_sighting.c[name] for name in ("first_seen_at", "last_seen_at", "gone_at", "valid_through")),
        t_content.c.posted_at,
        (t_content.c.description_html == "").label("blank"),
    )
    .join_from(t_content, t_sighting, same_sighting)
    .where(t_content.c.hash_key == sa.any_(_keys))
)
#: What sightings said of a posting that they belong to no more.
FORGET = (
    sa.delete(t_content)
    .where(t_content.c.hash_key == sa.any_(_keys))
    .where(~sa.exists().where(same_sighting).correlate(t_content))
)
_shown = sa.and_(
    t_content.c.hash_key == t_posting.c.hash_key,
    t_content.c.source == t_posting.c.source,
    t_content.c.source_job_id == t_posting.c.source_job_id,
)
SHOWN = sa.select(t_content).join_from(t_posting, t_content, _shown).where(t_posting.c.hash_key == sa.any_(_keys))
CLEAR_PLACES = sa.delete(t_place).where(t_place.c.hash_key == sa.any_(_keys))
_SUMMARY = (
    t_posting.c.hash_key, t_posting.c.version, t_posting.c.first_seen_at, t_posting.c.closed_at,
    t_content.c.title, t_content.c.company, t_content.c.source, t_content.c.source_job_id, t_content.c.url,
)  # fmt: skip
ONE = (
    sa.select(
        t_content,
        t_posting.c.version,
        t_posting.c.content_hash,
        t_posting.c.first_seen_at,
        t_posting.c.closed_at,
        *(t_posting.c[name] for name in ("state", "state_since", "state_reason", "flags")),
    )
    .join_from(t_posting, t_content, _shown)
    .where(t_posting.c.hash_key == sa.bindparam("hash_key", type_=sa.Uuid(as_uuid=False)))
)
#: What happened to a posting, the earliest first.
EVENTS = (
    sa.select(t_event)
    .where(t_event.c.hash_key == sa.bindparam("hash_key", type_=sa.Uuid(as_uuid=False)))
    .order_by(t_event.c.at, t_event.c.noted_at, t_event.c.kind)
)
SIGHTINGS = (
    sa.select(t_sighting, t_content.c.url, t_content.c.apply_url)
    .join_from(t_content, t_sighting, same_sighting)
    .where(t_content.c.hash_key == sa.bindparam("hash_key", type_=sa.Uuid(as_uuid=False)))
    .order_by(t_sighting.c.source, t_sighting.c.source_job_id)
)


def new_by_day(since: date, source: str | None) -> sa.Select[tuple[object, ...]]:
    """How many postings each source, or the one, showed for the first time on each UTC day since then."""
    day = sa.cast(sa.func.timezone("UTC", t_sighting.c.first_seen_at), sa.Date).label("day")
    counted = sa.select(t_sighting.c.source, day, sa.func.count().label("new"))
    begin = datetime.combine(since, time(), UTC)
    query = counted.where(t_sighting.c.first_seen_at >= begin).group_by(t_sighting.c.source, day)
    return query if source is None else query.where(t_sighting.c.source == source)


def listing(*, country: str | None, city: str | None) -> sa.Select[tuple[object, ...]]:
    """Summaries after `after`, at most `limit`, in the order of hash_key; only those with such a place."""
    places = [column == value for column, value in ((t_place.c.country, country), (t_place.c.city, city)) if value]
    query = sa.select(*_SUMMARY).join_from(t_posting, t_content, _shown)
    if places:
        query = query.where(t_posting.c.hash_key.in_(sa.select(t_place.c.hash_key).where(*places)))
    return query.order_by(t_posting.c.hash_key)
