"""The statements that close postings."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

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

#: Looks at postings, and judgements, are made one after another: one that waits finds what the one before has left.
ALONE = sa.text("SELECT pg_try_advisory_xact_lock(1, 1)")
TURN = sa.text("SELECT pg_advisory_xact_lock(1, 1)")
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
_reposted = t_posting.c.flags.contains([{"kind": "repost"}])
#: What sources show of postings that are in clusters, and when it was published.
_shown = (
    sa.select(
        t_duplicate.c.cluster_id, t_posting.c.hash_key, t_posting.c.source,
        sa.func.coalesce(t_content.c.posted_at, t_posting.c.first_seen_at).label("day"), _reposted.label("reposted"),
    )
    .join_from(t_duplicate, t_posting, t_posting.c.hash_key == t_duplicate.c.hash_key)
    .join(t_content, sa.and_(
        t_content.c.hash_key == t_posting.c.hash_key,
        t_content.c.source == t_posting.c.source,
        t_content.c.source_job_id == t_posting.c.source_job_id,
    ))
    .join(t_sighting, same_sighting)
)  # fmt: skip
_mate = t_duplicate.alias("mate")
_clusters = sa.select(_mate.c.cluster_id).where(_mate.c.hash_key == sa.any_(_keys))
_near = _shown.where(t_duplicate.c.cluster_id.in_(_clusters)).cte("near")
_apart = sa.bindparam("apart", type_=sa.Interval)
#: Postings of the clusters of these in which one source shows a job again, or was said to.
MATES = sa.select(_near.c.hash_key).where(
    _near.c.cluster_id.in_(
        sa.select(_near.c.cluster_id)
        .group_by(_near.c.cluster_id, _near.c.source)
        .having(
            sa.or_(sa.func.max(_near.c.day) - sa.func.min(_near.c.day) >= _apart, sa.func.bool_or(_near.c.reposted))
        )
    )
)
#: Of the postings `keys` those that are in such a cluster.
IN_REPOSTS = MATES.where(_near.c.hash_key == sa.any_(_keys))
_one, _other = _near.alias("one"), _near.alias("other")
#: Of each of these the last posting before it of the same source and cluster.
TWINS: sa.Select[Any] = (
    sa.select(_one.c.hash_key, _one.c.day.label("since"), _other.c.hash_key.label("twin"), _other.c.day)
    .ext(distinct_on(_one.c.hash_key))
    .join_from(_one, _other, sa.and_(
        _other.c.cluster_id == _one.c.cluster_id, _other.c.source == _one.c.source,
        _one.c.day - _other.c.day >= _apart,
    ))
    .where(_one.c.hash_key == sa.any_(_keys))
    .order_by(_one.c.hash_key, _other.c.day.desc(), _other.c.hash_key)
)  # fmt: skip
# Where one of its sightings tells that it is otherwise, it is looked at again: open, no repost, not withheld.
_awake = sa.and_(t_posting.c.state == "open", ~_reposted, ~t_posting.c.withheld)
SET_ASLEEP = (
    sa.update(t_sighting)
    .where(t_posting.c.hash_key == sa.any_(_keys), t_content.c.hash_key == t_posting.c.hash_key, same_sighting)
    .where(t_sighting.c.asleep == _awake)
    .values(asleep=~_awake)
)
