"""Campaigns and jobs as people write them by hand: a few fields by name, the rest by default."""

from typing import Any, TypeVar

import msgspec

from common.contracts import Campaign, Job

T = TypeVar("T", Campaign, Job)
_CAMPAIGN = {"campaign_id": "try", "version": 0, "campaign_name": "try", "query": ""}
_JOB = {
    "hash_key": "0" * 32, "version": 0, "source": "try", "source_job_id": "0", "company": "", "rules_version": "",
}  # fmt: skip


def campaign_from(given: dict[str, Any]) -> Campaign:
    """A campaign's criteria; ValueError names what is unknown or of another type."""
    return _read(Campaign, _CAMPAIGN, given, "campaign")


def job_from(given: dict[str, Any]) -> Job:
    """An enriched job; ValueError names what is unknown or of another type."""
    return _read(Job, _JOB, given, "job")


def _read(kind: type[T], defaults: dict[str, Any], given: dict[str, Any], name: str) -> T:
    if unknown := set(given) - set(kind.__struct_fields__):
        raise ValueError(f"{name}: unknown fields {', '.join(sorted(unknown))}")
    try:
        return msgspec.convert({**defaults, **given}, kind, strict=True, str_keys=True)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from error
