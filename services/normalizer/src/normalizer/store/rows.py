"""Rows of the tables, made from domain values and read back into them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from common.contracts import Flag, OfferedPay, Place
from normalizer.domain.closing import Standing
from normalizer.domain.closing_rules import ClosingRules
from normalizer.domain.markup import text_of
from normalizer.domain.merge import Member, PostingState, Sighting
from normalizer.domain.one_job import Saying
from normalizer.domain.record import Record

_SAME_NAME = [
    "hash_key", "source", "source_job_id", "title", "company", "company_url", "url", "apply_url",
    "description_html", "description_is_excerpt", "places", "employment_types", "remote", "seniority", "department",
    "company_size", "tags", "language", "posted_at", "valid_through", "warnings",
]  # fmt: skip
_UNSAID = ("hash_key", "source", "source_job_id", "description_is_excerpt", "places", "warnings")
_SAID = [name for name in _SAME_NAME if name not in _UNSAID]
_EVENTS = {"repost": "reposted", "evergreen": "evergreen"}
#: What a page has asked to be looked at is looked at all the same after so long, whatever has become of the message.
_LOOK_AFTER = timedelta(minutes=10)
#: The parts of what is paid, each in a column `pay_...`.
PAY = ("text", "minimum", "maximum", "currency", "period")


@dataclass(frozen=True, slots=True)
class Page:
    """Where and when records were seen."""

    source: str
    feed: str
    archive_key: str
    page: int
    campaign_id: str
    run_id: str
    collected_at: datetime
    rules_version: str
    now: datetime
    closing: ClosingRules


def content_row(record: Record, rules_version: str, now: datetime) -> dict[str, Any]:
    """The row of what a source says of a posting."""
    row = {name: getattr(record, name) for name in _SAME_NAME}
    for name in PAY:
        row[f"pay_{name}"] = getattr(record.pay, name, None)
    row["rules_version"] = rules_version
    row["dwh_load_timestamp"] = now
    return row


def values_of(row: Mapping[str, Any] | sa.RowMapping) -> dict[str, Any]:
    """What a row of `content` says of the posting, whether it is stored or about to be."""
    said: dict[str, Any] = {name: row[name] for name in (*_SAME_NAME, *(f"pay_{name}" for name in PAY))}
    del said["source"], said["source_job_id"]
    key = said["hash_key"]
    return said | {"hash_key": getattr(key, "hex", key), "places": msgspec.to_builtins(said["places"])}


def saying_of(row: sa.RowMapping) -> Saying:
    """What a row of `content` says, with the times of its sighting and posting beside it."""
    pay = {name: value for name in PAY if (value := row[f"pay_{name}"]) is not None}
    said = {name: row[name] for name in _SAID} | {"pay": pay or None}
    return Saying(
        row["hash_key"].hex, row["source"], row["source_job_id"], said,
        not row["description_html"], row["closed_at"], row["first_seen_at"], row["last_seen_at"],
    )  # fmt: skip


def record_of(row: sa.RowMapping, content_hash: str) -> Record:
    """The record in a row of `content`, whose digest stands in `posting` and `sighting`."""
    values = {name: row[name] for name in _SAME_NAME}
    values["hash_key"] = values["hash_key"].hex
    values["places"] = msgspec.convert(values["places"], list[Place])
    return Record(
        content_hash=content_hash,
        description_text=text_of(values["description_html"]),
        pay=pay_of(row),
        **values,
    )


def pay_of(row: sa.RowMapping) -> OfferedPay | None:
    """The pay in a row of `content`."""
    pay = OfferedPay(**{name: row[f"pay_{name}"] for name in PAY})
    return None if pay == OfferedPay() else pay


def place_rows(record: Record) -> list[dict[str, Any]]:
    """The rows of `posting_place` of a posting that shows this record."""
    return [
        {
            "hash_key": record.hash_key,
            "place_idx": number,
            "text": place.text,
            "city": place.city,
            "region": place.region,
            "country": place.country,
        }
        for number, place in enumerate(record.places)
    ]


def sighting_row(page: Page, record: Record) -> dict[str, Any]:
    """The row of `sighting` of a first observation."""
    return {
        "source": page.source,
        "source_job_id": record.source_job_id,
        "hash_key": record.hash_key,
        "content_hash": record.content_hash,
        "feed": page.feed,
        "archive_key": page.archive_key,
        "page": page.page,
        "campaign_id": page.campaign_id,
        "last_run_id": page.run_id,
        "first_seen_at": page.collected_at,
        "last_seen_at": page.collected_at,
        "valid_through": record.valid_through,
        "gone_at": None,
        "asleep": record.valid_through is not None and record.valid_through <= page.now,
    }


def kept(sighting: Sighting, seen_at: datetime) -> dict[str, Any]:
    """What the row of a known sighting keeps when it is seen again; who was gone at that time stays gone."""
    gone_at = None if sighting.gone_at is None or seen_at > sighting.gone_at else sighting.gone_at
    return {"first_seen_at": sighting.first_seen_at, "gone_at": gone_at, "asleep": sighting.asleep}


def posting_row(state: PostingState, now: datetime) -> dict[str, Any]:
    """The row of `posting` in this state."""
    return {
        "hash_key": state.hash_key,
        "version": state.version,
        "source": state.source,
        "source_job_id": state.source_job_id,
        "content_hash": state.content_hash,
        "first_seen_at": state.first_seen_at,
        "closed_at": state.closed_at,
        "state": state.standing.state,
        "state_since": state.standing.since,
        "state_reason": state.standing.reason,
        "flags": list(state.flags),
        "withheld": state.withheld,
        "look_at": now + _LOOK_AFTER if state.look_at is not None and state.look_at <= now else state.look_at,
        "dwh_load_timestamp": now,
    }


def sighting_of(row: sa.Row[Any]) -> Sighting:
    """The sighting in a row of `sighting`."""
    return Sighting(
        row.source, row.source_job_id, row.hash_key.hex, row.content_hash.hex,
        row.first_seen_at, row.last_seen_at, row.last_run_id, row.archive_key, row.gone_at, row.asleep,
    )  # fmt: skip


def state_of(row: sa.Row[Any]) -> PostingState:
    """The state in a row of `posting`."""
    return PostingState(
        row.hash_key.hex, row.version, row.source, row.source_job_id, row.content_hash.hex,
        row.first_seen_at, Standing(row.state, row.state_since, row.state_reason),
        tuple(msgspec.convert(row.flags, list[Flag])), row.look_at, row.withheld,
    )  # fmt: skip


def member_of(row: sa.Row[Any]) -> Member:
    """A sighting with its posting, and when it was seen."""
    return Member(
        row.source, row.source_job_id, row.hash_key.hex, row.content_hash.hex, row.blank, row.feed, row.first_seen_at,
        row.last_seen_at, row.gone_at, row.valid_through, row.posted_at,
    )  # fmt: skip


def event_rows(before: PostingState, after: PostingState, rules_version: str, now: datetime) -> list[dict[str, Any]]:
    """The rows of `posting_event` of what has become of a posting."""
    told: list[tuple[str, datetime, str]] = []
    if after.standing.state != before.standing.state:
        kind = "reopened" if after.standing.state == "open" else after.standing.state
        told.append((kind, after.standing.since or now, after.standing.reason or ""))
    known = {flag.kind for flag in before.flags}
    told += [(_EVENTS[flag.kind], flag.since, flag.evidence) for flag in after.flags if flag.kind not in known]
    return [
        {
            "hash_key": after.hash_key, "at": at, "kind": kind, "source": after.source, "reason": reason,
            "rules_version": rules_version, "noted_at": now,
        }
        for kind, at, reason in told
    ]  # fmt: skip
