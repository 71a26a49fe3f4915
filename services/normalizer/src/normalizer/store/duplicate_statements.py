"""The statements on clusters of postings."""

from typing import Any

import sqlalchemy as sa

from normalizer.domain.clusters import MOST_TEXTS
from normalizer.store.rows import PAY
from normalizer.store.statements import same_sighting
from normalizer.tables import content as t_content
from normalizer.tables import dedupe_report as t_report
from normalizer.tables import duplicate as t_duplicate
from normalizer.tables import duplicate_decision as t_decision
from normalizer.tables import posting as t_posting
from normalizer.tables import posting_event as t_event
from normalizer.tables import sighting as t_sighting


def _list(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=sa.ARRAY(sa.Uuid(as_uuid=False)))


#: Locks blocks until the transaction ends; the caller sorts the keys. From then on rows are looked up by index: a plan
#: made while a table was small is kept, and would go through all of it when it is large.
LOCK_BLOCKS = sa.text(
    "SELECT count(pg_advisory_xact_lock(k)) FROM set_config('enable_seqscan', 'off', true),"
    " unnest(CAST(:keys AS bigint[])) AS k"
)


def _nearest(asked: sa.TableValuedAlias, wanted: sa.ColumnElement[bool], most: int = MOST_TEXTS) -> sa.Select[Any]:
    """Of each block asked for the texts with the lowest fingerprints: always the same ones, however many there are."""
    near = sa.select(t_duplicate).where(wanted).order_by(t_duplicate.c.fingerprint)
    found = near.limit(most).lateral()
    return sa.select(*(found.c[name] for name in t_duplicate.c.keys())).select_from(asked.join(found, sa.true()))  # noqa: SIM118 - a column collection iterates over columns


def _may_be_one(one: sa.ColumnElement[str], other: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether one brand is a part of the other, or both begin with one word, or begin and end alike (see `akin`)."""
    these, those = (sa.func.string_to_array(brand, " ", type_=sa.ARRAY(sa.Text)) for brand in (one, other))
    begun = sa.func.split_part(one, " ", 1) == sa.func.split_part(other, " ", 1)
    ends = [end(one, 1) == end(other, 1) for end in (sa.func.left, sa.func.right)]
    # No words are a part of all others: an employer that is not named may be any.
    return sa.or_(these.op("<@")(those), those.op("<@")(these), begun, sa.and_(*ends))


_blocks = sa.func.unnest(_list("blocks")).table_valued(sa.column("block", sa.Uuid), name="asked").render_derived()
_texts = (
    sa.func.unnest(_list("text_blocks"), sa.bindparam("brands", type_=sa.ARRAY(sa.Text)))
    .table_valued(sa.column("block", sa.Uuid), sa.column("brand", sa.Text), name="asked_text")
    .render_derived()
)
_twins = (
    sa.func.unnest(_list("twin_blocks"), _list("fingerprints"))
    .table_valued(sa.column("block", sa.Uuid), sa.column("fingerprint", sa.Uuid), name="asked_twin")
    .render_derived()
)
_own = sa.func.unnest(_list("keys")).table_valued(sa.column("hash_key", sa.Uuid), name="asked_own").render_derived()
_wanted = sa.union(
    _nearest(_blocks, t_duplicate.c.block == _blocks.c.block),
    _nearest(
        _texts, sa.and_(t_duplicate.c.text_block == _texts.c.block, _may_be_one(t_duplicate.c.brand, _texts.c.brand))
    ),
    _nearest(
        _twins, sa.and_(t_duplicate.c.block == _twins.c.block, t_duplicate.c.fingerprint == _twins.c.fingerprint), 1
    ),
    _nearest(_own, t_duplicate.c.hash_key == _own.c.hash_key, 1),
).subquery("wanted")
_COMPARED = (
    "source", "company", "title", "places", "description_html", "description_is_excerpt", "posted_at",
    *(f"pay_{part}" for part in PAY),
)  # fmt: skip
_shown = sa.and_(
    t_content.c.hash_key == t_posting.c.hash_key,
    t_content.c.source == t_posting.c.source,
    t_content.c.source_job_id == t_posting.c.source_job_id,
)
_said = (
    sa.select(*(t_content.c[name] for name in _COMPARED))
    .join_from(t_posting, t_content, _shown)
    .where(t_posting.c.hash_key == _wanted.c.hash_key)
    .limit(1)
    .lateral("said")
)
#: What postings of these blocks and text blocks say, with the rows of the postings `keys` themselves.
CANDIDATES = sa.select(_wanted, _said).join_from(_wanted, _said, sa.true())
_clusters = sa.any_(_list("clusters"))
#: Postings of each of these clusters that are stored.
SIZES = (
    sa.select(t_duplicate.c.cluster_id, sa.func.count().label("postings"))
    .where(t_duplicate.c.cluster_id == _clusters)
    .group_by(t_duplicate.c.cluster_id)
)
_one, _other = t_duplicate.alias("d1"), t_duplicate.alias("d2")
#: Pairs of clusters that people have split, one of which is among these.
APART = (
    sa.select(_one.c.cluster_id.label("one"), _other.c.cluster_id.label("other"))
    .distinct()
    .join_from(t_decision, _one, _one.c.hash_key == t_decision.c.one)
    .join(_other, _other.c.hash_key == t_decision.c.other)
    .where(t_decision.c.verdict == "split", _one.c.cluster_id != _other.c.cluster_id)
    .where(sa.or_(_one.c.cluster_id == _clusters, _other.c.cluster_id == _clusters))
)
#: Whoever changes what is in clusters that are stored does so alone, until its transaction ends.
LOCK_CLUSTERING = sa.text("SELECT pg_advisory_xact_lock(1, 0)")
CLUSTERS_OF = sa.select(t_duplicate.c.hash_key, t_duplicate.c.cluster_id).where(
    t_duplicate.c.hash_key == sa.any_(_list("keys"))
)
#: Moves all postings of some clusters into others.
MOVE = sa.text(
    "UPDATE normalizer.duplicate AS d SET cluster_id = m.winner, version = version + 1"
    " FROM unnest(CAST(:losers AS uuid[]), CAST(:winners AS uuid[])) AS m (loser, winner)"
    " WHERE d.cluster_id = m.loser RETURNING d.hash_key, d.cluster_id, d.version"
)
SET_CLUSTER = sa.text(
    "UPDATE normalizer.duplicate AS d SET cluster_id = m.cluster_id, version = version + 1"
    " FROM unnest(CAST(:keys AS uuid[]), CAST(:clusters AS uuid[])) AS m (hash_key, cluster_id)"
    " WHERE d.hash_key = m.hash_key AND d.cluster_id <> m.cluster_id RETURNING d.hash_key, d.cluster_id, d.version"
)
#: The members of the clusters of some postings, in the order of their keys.
MATES = (
    sa.select(t_duplicate.c.hash_key, t_duplicate.c.cluster_id)
    .where(
        t_duplicate.c.cluster_id.in_(
            sa.select(t_duplicate.c.cluster_id).where(t_duplicate.c.hash_key == sa.any_(_list("keys")))
        )
    )
    .order_by(t_duplicate.c.hash_key)
)
EVIDENCE = (
    "matched", "reason", "similarity", "duplicate_class", "kept_from", "kept_reason", "kept_similarity",
    "rules_version",
)  # fmt: skip
_SAID = [
    t_content.c[name]
    for name in ("title", "company", "source", "source_job_id", "url", "apply_url", "places", "posted_at")
]
_described = (
    sa.select(
        t_duplicate.c.hash_key, t_duplicate.c.cluster_id, *(t_duplicate.c[name] for name in EVIDENCE), *_SAID,
        t_posting.c.version, t_posting.c.first_seen_at, t_posting.c.closed_at, t_posting.c.state,
        t_posting.c.state_since,
    )
    .join_from(t_duplicate, t_posting, t_posting.c.hash_key == t_duplicate.c.hash_key)
    .join(t_content, _shown)
)  # fmt: skip
_key = sa.bindparam("hash_key", type_=sa.Uuid(as_uuid=False))
_mine = sa.select(t_duplicate.c.cluster_id).where(t_duplicate.c.hash_key == _key).scalar_subquery()
#: Postings of one cluster; whoever asks for a cluster by the posting that it is called by gets the same.
MEMBERS = _described.where(t_duplicate.c.cluster_id == _mine).order_by(
    t_posting.c.first_seen_at, t_duplicate.c.hash_key
)
_over = sa.case((t_posting.c.state.in_(["closed", "expired"]), t_posting.c.state_since))
#: What every source says of each posting of the cluster, and when it was seen there; what is seen no more too.
SAYINGS = (
    sa.select(t_content, _over.label("closed_at"), t_sighting.c.first_seen_at, t_sighting.c.last_seen_at)
    .join_from(t_duplicate, t_posting, t_posting.c.hash_key == t_duplicate.c.hash_key)
    .join(t_content, t_content.c.hash_key == t_duplicate.c.hash_key)
    .outerjoin(t_sighting, same_sighting)
    .where(t_duplicate.c.cluster_id == _mine)
)
#: What happened to the postings of the cluster.
EVENTS = (
    sa.select(t_event)
    .join_from(t_duplicate, t_event, t_event.c.hash_key == t_duplicate.c.hash_key)
    .where(t_duplicate.c.cluster_id == _mine)
)
DECISIONS = (
    sa.select(t_decision)
    .where(sa.or_(t_decision.c.one == sa.any_(_list("keys")), t_decision.c.other == sa.any_(_list("keys"))))
    .order_by(t_decision.c.decided_at.desc(), t_decision.c.one, t_decision.c.other)
    .limit(1000)
)
#: Whoever merges by hand takes back what kept these postings apart.
FORGET_SPLITS = (
    sa.delete(t_decision)
    .where(t_decision.c.verdict == "split")
    .where(t_decision.c.one == sa.any_(_list("keys")), t_decision.c.other == sa.any_(_list("keys")))
)
_large = (
    sa.select(t_duplicate.c.cluster_id, sa.func.count().label("postings"))
    .where(t_duplicate.c.cluster_id > sa.bindparam("after", type_=sa.Uuid(as_uuid=False)))
    .group_by(t_duplicate.c.cluster_id)
    .having(sa.func.count() > 1)
    .order_by(t_duplicate.c.cluster_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .subquery("large")
)
_members = (
    sa.select(
        sa.func.min(t_content.c.title).label("title"),
        sa.func.min(t_content.c.company).label("company"),
        sa.func.array_agg(t_content.c.source.distinct()).label("sources"),
    )
    .join_from(t_duplicate, t_posting, t_posting.c.hash_key == t_duplicate.c.hash_key)
    .join(t_content, _shown)
    .where(t_duplicate.c.cluster_id == _large.c.cluster_id)
    .lateral("members")
)
#: Clusters of more than one posting, with the first of their titles and companies and all sources.
CLUSTERS = sa.select(_large, _members).join_from(_large, _members, sa.true()).order_by(_large.c.cluster_id)
_of_run = t_report.c.run_id == sa.bindparam("run_id")
RUN_COUNTS = (
    sa.select(t_report.c.reason, t_report.c.duplicate_class, t_report.c.kept_reason, sa.func.count().label("postings"))
    .where(_of_run)
    .group_by(t_report.c.reason, t_report.c.duplicate_class, t_report.c.kept_reason)
)
#: Merged ones first, in each the most alike ones.
OF_RUN = (
    sa.select(t_report, *_SAID)
    .join_from(t_report, t_posting, t_posting.c.hash_key == t_report.c.hash_key)
    .join(t_content, _shown)
    .where(_of_run)
    .order_by(
        t_report.c.matched.is_(None), t_report.c.similarity.desc().nulls_last(),
        t_report.c.kept_similarity.desc().nulls_last(), t_report.c.hash_key,
    )
    .limit(sa.bindparam("limit", type_=sa.Integer))
)  # fmt: skip
