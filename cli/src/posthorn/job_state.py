"""Whether one can still apply for a job, since when not and why, in words."""

from typing import Any


def noted(job: dict[str, Any]) -> list[str]:
    """What people should know of it; nothing of a job that is simply open."""
    told = [f"{flag['kind']}: {flag['evidence']}" for flag in job.get("flags", ())]
    if job.get("state", "open") == "open":
        return told
    since = f" since {job['state_since'][:10]}" if job["state_since"] else ""
    return [f"{job['state']}{since}" + (f": {job['state_reason']}" if job["state_reason"] else ""), *told]


def past(job: dict[str, Any]) -> list[str]:
    """What happened to it, the earliest first; nothing where it was only seen."""
    events = job.get("history") or []
    if len(events) < 2:
        return []
    return [f"{e['at'][:10]} {e['kind']} ({e['source']}) {e['reason']}".rstrip() for e in events]
