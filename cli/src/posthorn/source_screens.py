"""Tables for people: sources and how they are."""

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

_MARK = {"ok": "green", "degraded": "yellow", "broken": "red", "paused": "blue"}


def listed(rows: list[dict[str, Any]]) -> Table:
    """One line per source."""
    table = Table("source", "state", "last read", "pages", "failed", "postings", "new", "quota", "why", box=None)
    for s in rows:
        day = s["latest"] or {}
        numbers = [_number(day, name) for name in ("day", "pages", "failed", "postings", "new")]
        why = "; ".join(s["because"] or [f"set {name}" for name in s["credentials_missing"]])
        quota = ", ".join(f"{q['used']}/{q['allowed']} a {q['per']}" for q in s["quotas"] if q["used"])
        table.add_row(s["name"], _state(s), *numbers, quota, escape(why))
    return table


def shown(s: dict[str, Any]) -> RenderableType:
    """One source: state and reasons, quotas, terms, days."""
    head = Text.assemble((s["name"], "bold"), "  ", _state(s), f"  {s['base_url']}")
    told = [Text(f"! {why}", "yellow") for why in s["because"]]
    told += [Text(f"set {name} to read it", "yellow") for name in s["credentials_missing"]]
    if s["appeared_fields"]:
        told.append(Text(f"new fields: {', '.join(s['appeared_fields'])}", "dim"))
    told += [
        Text(f"quota  {q['used']} of {q['allowed']} a {q['per']}" + (f", until {q['resets_at']}" if q["used"] else ""))
        for q in s["quotas"]
    ]
    return Group(head, *told, *_terms(s["terms"]), *_sweeps(s["feeds"]), _days(s["days"]))


def attributions(jobs: list[dict[str, Any]]) -> list[Text]:
    """What the sources of these jobs want to stand beside them, each once."""
    shown = [one for job in jobs for one in (job, *(job.get("cluster") or {"sources": ()})["sources"])]
    asked = [one["attribution"] for one in shown if one.get("attribution")]
    lines = dict.fromkeys(f"{a['text']} {a['url'] or ''}".strip() for a in asked)
    return [Text(line, "dim") for line in lines]


def _terms(terms: dict[str, Any]) -> list[Text]:
    named = {
        "good for": terms["good_for"],
        "allowed use": terms["allowed_use"],
        "shown with each job": " ".join(filter(None, (terms["attribution"], terms["attribution_url"]))),
        "kept for": f"{terms['retention_days']} days" if terms["retention_days"] else "",
        "terms": terms["url"],
    }
    return [Text(f"{name}: {value}", "dim") for name, value in named.items() if value]


def _sweeps(feeds: list[dict[str, Any]]) -> list[Text]:
    """What the last whole read of each feed has shown and closed, and why a later one was not whole."""
    lines = {}
    for feed in feeds:
        if sweep := feed.get("sweep"):
            held = ", closing held back: too much is missing at once" if sweep["held"] else ""
            lines[feed["feed"]] = Text(
                f"{feed['feed'] or 'all'}: read whole {sweep['finished_at'][:16]}, {sweep['postings']} postings,"
                f" {sweep['missing'] or 0} missing, {sweep['closed'] or 0} closed by it,"
                f" {sweep['closed_in_all']} in all{held}",
                "yellow" if held else "",
            )
        if feed.get("left_out"):
            lines[f"{feed['feed']} "] = Text(f"{feed['feed'] or 'all'}: not read whole: {feed['left_out']}", "yellow")
    return list(lines.values())


def _days(days: list[dict[str, Any]]) -> Table:
    table = Table("day (UTC)", "requests", "pages", "failed", "postings", "new", "seconds", "errors", box=None)
    for day in days[-7:]:
        errors = ", ".join(f"{n}x {kind}" for kind, n in sorted(day["errors"].items()))
        numbers = [_number(day, name) for name in ("requests", "pages", "failed", "postings", "new")]
        table.add_row(day["day"], *numbers, f"{day['seconds']:.0f}", escape(errors))
    return table


def _number(day: dict[str, Any], name: str) -> str:
    """Blank where nothing was asked that day, or nobody can say."""
    return "" if day.get(name) is None else str(day[name])


def _state(source: dict[str, Any]) -> Text:
    return Text(source["state"], _MARK.get(source["state"], ""))
