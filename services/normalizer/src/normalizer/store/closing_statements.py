"""The statements that close postings."""

from typing import Any

import sqlalchemy as sa

from normalizer.store.statements import MEMBERS, same_sighting
from normalizer.tables import content as t_content
from normalizer.tables import duplicate as t_duplicate
from normalizer.tables import posting as t_posting
from normalizer.tables import sighting as t_sighting
from normalizer.tables import sweep as t_sweep

_keys = sa.bindparam("keys", type_=sa.ARRAY(sa.Uuid(as_uuid=False)))
_moment = sa.DateTime(timezone=True)
_now, _before = sa.bindparam("now", type_=_moment), sa.bindparam("before", type_=_moment)
_most = sa.bindparam("most", type_=sa.Integer)

ALONE = sa.text("SELECT pg_try_advisory_xact_lock(1, 1)")
#: The oldest whole read that nobody has judged: all its postings are merged.
TO_JUDGE: sa.Select[Any] = (
    sa.select(t_sweep)
    .where(t_sweep.c.judged_at.is_(None), t_sweep.c.finished_at.is_not(None), t_sweep.c.left_out.is_(None))
    .where(t_sweep.c.arrived >= t_sweep.c.postings)
    .order_by(t_sweep.c.finished_at, t_sweep.c.sweep_id)
    .limit(1)
    .with_for_update()
)
_this_feed = sa.and_(t_sweep.c.source == sa.bindparam("source"), t_sweep.c.feed == sa.bindparam("feed"))
#: When the last reads of a feed began that counted, the latest first.
COUNTED = (
    sa.select(t_sweep.c.started_at)
    .where(_this_feed, t_sweep.c.counted)
    .order_by(t_sweep.c.started_at.desc())
    .limit(_most)
)
_of_feed = sa.and_(
    t_sighting.c.source == sa.bindparam("source"),
    t_sighting.c.feed == sa.bindparam("feed"),
    t_sighting.c.gone_at.is_(None),
)
_missing = t_sighting.c.last_seen_at < _before
COUNT = sa.select(sa.func.count(), sa.func.count().filter(_missing)).where(_of_feed)
MISSING: sa.Select[Any] = (
    sa.select(t_sighting.c.source_job_id, t_sighting.c.hash_key)
    .where(_of_feed, _missing)
    .order_by(t_sighting.c.source_job_id)
    .with_for_update(key_share=True)
)
#: Gone since the first of these reads that did not show it.
_starts = sa.func.unnest(sa.bindparam("starts", type_=sa.ARRAY(_moment))).column_valued("start")
MARK = (
    sa.update(t_sighting)
    .where(t_sighting.c.source == sa.bindparam("of_source"))
    .where(t_sighting.c.source_job_id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Text))))
    .values(
        gone_at=sa.select(sa.func.min(_starts))
        .where(_starts > t_sighting.c.last_seen_at)
        .correlate(t_sighting)
        .scalar_subquery(),
    )
)
LOOK_SOON = sa.update(t_posting).where(t_posting.c.hash_key == sa.any_(_keys)).values(look_at=_now)
DUE = sa.select(t_posting.c.hash_key).where(t_posting.c.look_at <= _now).order_by(t_posting.c.look_at).limit(_most)
MEMBERS_LOCKED: sa.Select[Any] = MEMBERS.order_by(t_sighting.c.source, t_sighting.c.source_job_id).with_for_update(
    key_share=True, of=t_sighting
)
_earlier, _text = t_posting.alias("earlier"), t_content.alias("text")
_day = sa.func.coalesce(_text.c.posted_at, _earlier.c.first_seen_at)
#: The postings that these were found to repeat under a new id.
TWINS: sa.Select[Any] = (
    sa.select(t_duplicate.c.hash_key, t_duplicate.c.matched, t_duplicate.c.similarity, _day.label("day"))
    .join_from(t_duplicate, _earlier, _earlier.c.hash_key == t_duplicate.c.matched)
    .join(
        _text,
        sa.and_(
            _text.c.hash_key == _earlier.c.hash_key,
            _text.c.source == _earlier.c.source,
            _text.c.source_job_id == _earlier.c.source_job_id,
        ),
    )
    .where(t_duplicate.c.hash_key == sa.any_(_keys), t_duplicate.c.duplicate_class == "temporal")
)
_open = t_posting.c.state == "open"
SET_ASLEEP = (
    sa.update(t_sighting)
    .where(t_posting.c.hash_key == sa.any_(_keys), t_content.c.hash_key == t_posting.c.hash_key, same_sighting)
    .where(t_sighting.c.asleep == _open)
    .values(asleep=~_open)
)
