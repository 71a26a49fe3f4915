"""Tables for people: campaigns, runs with their books, ranked jobs, explanations, quarantine."""

import json
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from posthorn import job_state
from posthorn.quality import in_short

OUTCOMES = ("new", "updated", "unchanged", "duplicate", "rejected", "failed")
_MARK = {"running": "yellow", "succeeded": "green", "partial": "yellow", "failed": "red", "blocked": "red"}


def campaigns(rows: list[dict[str, Any]]) -> Table:
    """One line per campaign."""
    table = Table(_whole("campaign"), "name", "query", "country", "active", "runs", "last run", "next run", box=None)
    for c in rows:
        last = f"{moment(c['last_run_at'])} {c['last_run_status']}" if c["last_run_at"] else "never"
        active = "yes" if c["is_active"] else "paused"
        name, query = escape(c["campaign_name"]), escape(c["query"])
        runs = str(c["total_run_count"])
        table.add_row(
            c["campaign_id"], name, query, c["country"], active, runs, last, moment(c["next_run_at"] or "never")
        )
    return table


def campaign(c: dict[str, Any]) -> Table:
    """Every criterion of one campaign."""
    table = Table("criterion", "value", box=None)
    for name, value in c.items():
        if value not in (None, [], {}):
            shown = ", ".join(map(_word, value)) if isinstance(value, list) else str(value)
            table.add_row(name, escape(shown))
    return table


def runs(rows: list[dict[str, Any]]) -> Table:
    """One line per run."""
    table = Table(_whole("run"), "kind", "campaign", "status", "requested", "trigger", box=None)
    for r in rows:
        name, at = escape(r["campaign_name"]), moment(r["requested_at"])
        table.add_row(r["run_id"], r["kind"], name, Text(r["status"], _MARK.get(r["status"], "")), at, r["trigger"])
    return table


def run(r: dict[str, Any]) -> RenderableType:
    """A run stage by stage, with its books."""
    table = Table("stage", "units", "done", *OUTCOMES, box=None)
    for stage in r["stages"]:
        numbers = [str(stage["counts"].get(o) or "") for o in OUTCOMES]
        table.add_row(stage["stage"], str(stage["units"]), str(stage["finished"]), *numbers)
    status = Text.assemble(("run ", ""), (r["run_id"], "bold"), " ", (r["status"], _MARK.get(r["status"], "")))
    if r["replay_of"]:
        status.append(f"  replay of {r['replay_of']}", "dim")
    told = [Text(f"! {e}", "red") for e in r["errors"]]
    if r["failed_units"] or r["books"]["rejected"] or r["books"]["failed"]:
        told.append(Text(f"what was set aside: posthorn quarantine list --run {r['run_id']}", "dim"))
    verdict = in_short(r.get("quality"), r["run_id"])
    return Group(status, table, books(r["books"]), *([verdict] if verdict else []), *told)


def books(b: dict[str, Any]) -> Group:
    """fetched = new + updated + … and whether it holds."""
    sides = " + ".join(f"{b[o]} {o}" for o in OUTCOMES)
    verdict = ("balanced", "green") if b["balanced"] else (f"{b['open']} still open", "yellow")
    lines = [Text.assemble(("books  ", "bold"), f"{b['fetched']} fetched = {sides}  ", verdict)]
    if b["reasons"]:
        lines.append(Text("       " + ", ".join(f"{n}x {reason}" for reason, n in sorted(b["reasons"].items())), "dim"))
    return Group(*lines)


def jobs(rows: list[dict[str, Any]]) -> Table:
    """Ranked jobs, best first; where a job is shown elsewhere too, a line below it says so."""
    table = Table("#", "score", "title", "company", "place", "salary", _whole("job"), box=None)
    for n, j in enumerate(rows, 1):
        title, company = escape(j["title"]), escape(j["company"] or "?")
        score = f"{j['rank']['rank_score']:.2f}"
        table.add_row(str(n), score, title, company, escape(place(j)), salary(j["salary"]), j["hash_key"][:8])
        if also := also_at(j):
            table.add_row("", "", Text(also, "dim", no_wrap=True))
        for line in job_state.noted(j):
            table.add_row("", "", Text(line, "dim"))
    return table


def also_at(job: dict[str, Any]) -> str | None:
    """Which other sources show a job, in how many postings and at how many places; None where nothing is to be said."""
    cluster = job.get("cluster")
    if not cluster or cluster["postings"] < 2:
        return None
    others = [s["source"] for s in cluster["sources"] if s["source"] != job["source"]]
    told = [f"{cluster['postings']} postings"]
    if len(cluster["places"]) > 1:
        told.append(f"{len(cluster['places'])} places")
    return f"also at {', '.join(others) or job['source']} ({', '.join(told)})"


def explanation(job: dict[str, Any]) -> RenderableType:
    """Why a job scored as it did: every factor with its points, its most, and the reason in words."""
    rank, explained = job["rank"], job["explanation"] or {}
    if rank is None:
        return Text(f"{job['title']} at {job['company']} has no score for this campaign yet.")
    head = Text.assemble((f"{rank['rank_score']:.2f}", "bold green"), f" of 100  {job['title']} at {job['company']}")
    table = Table("factor", "points", "of", "why", box=None)
    if not explained:
        return Group(head, Text("The ranker, which explains scores, does not answer now; try again.", "yellow"))
    for f in explained["factors"]:
        table.add_row(f["factor"], f"{f['points']:.2f}", f"{f['max_points']:.2f}", escape(f["reason"]))
    told = [Text(line, "yellow") for line in job_state.noted(job)]
    past = [Text(line, "dim") for line in job_state.past(job)]
    tail = f"ages counted from {rank['as_of']}, rules {rank['rules_version']}"
    return Group(head, *told, table, *past, Text(tail, "dim"))


def entries(rows: list[dict[str, Any]]) -> Table:
    """One line per entry of quarantine."""
    table = Table(_whole("entry"), "service", "at", "stage", "reason", "error", _whole("run"), box=None)
    for e in rows:
        table.add_row(
            e["id"], e["service"], moment(e["created_at"]), escape(e["stage"]), escape(e["reason"]),
            Text(_in_a_line(e["error"]), overflow="ellipsis", no_wrap=True), escape(e["run_id"]),
        )  # fmt: skip
    return table


def companies(found: dict[str, Any]) -> Group:
    """One line per look-up, and whether the provider is asked at all."""
    table = Table(_whole("company"), _whole("status"), "name and what is known", box=None)
    for c in found["items"]:
        table.add_row(c["company_lookup_key"], c["enrichment_status"], Text.assemble(c["name"], (_look_up(c), "dim")))
    counts = ", ".join(f"{count} {status}" for status, count in sorted(found["counts"].items())) or "none"
    return Group(table, Text(f"look-ups: {counts}"), Text(found["detail"], "" if found["asking"] else "yellow"))


def _look_up(c: dict[str, Any]) -> str:
    """What a look-up has found and how, and how often it has failed; a line each, below the name."""
    how = f"{c['reason']} {c['score']:g}" if c["reason"] else ""
    known = ", ".join(part for part in (c["domain"], how) if part)
    error = _in_a_line(c["last_error"] or "")
    tried = (
        f"failed {c['attempts']} times, next {moment(c['next_attempt_at'] or '') or 'never'}: {error}" if error else ""
    )
    return "".join(f"\n{line}" for line in (known, tried) if line)


def entry(e: dict[str, Any]) -> RenderableType:
    """An entry of quarantine: what is known of it, its payload, what was done with it."""
    table = Table("", "", box=None, show_header=False)
    for name in ("id", "created_at", "run_id", "unit_id", "stage", "event_type", "attempts", "reference", "state"):
        table.add_row(name, escape(str(e[name])))
    table.add_row("reason", escape(f"{e['reason']}: {e['error']}"))
    for done in e["history"]:
        table.add_row(moment(done["at"]), escape(f"{done['action']} {done['run_id'] or ''} {done['reason']}"))
    payload = e["event"] if e["is_message"] else e["item"]
    shown = json.dumps(payload, indent=2, ensure_ascii=False).encode(errors="backslashreplace").decode()
    return Group(table, Text("the message" if e["is_message"] else "the posting", "bold"), Text(shown))


def replay(r: dict[str, Any]) -> RenderableType:
    """The runs that a replay has begun, and what it left out."""
    lines = [Text(r["detail"])]
    lines += [Text(f"run {one['run_id']}: {one['entries']} of {one['replay_of']}") for one in r["runs"]]
    lines += [Text(f"{len(s['ids'])} left out, {s['reason']}: {s['detail']}", "yellow") for s in r["skipped"]]
    if r["more"]:
        lines.append(Text("There are more: ask again once these runs have ended.", "yellow"))
    return Group(*lines)


def schedules(rows: list[dict[str, Any]]) -> Table:
    """One line per schedule."""
    table = Table("campaign", "source", "cron", "time zone", "next start", "catch-up", "SLA", "last run", box=None)
    for s in rows:
        coming = s["next_starts"]
        paused = "paused" if s["paused"] else "campaign paused"
        last = Text("never", "dim")
        if s["last_run_id"]:
            last = Text.assemble(s["last_run_id"], " ", (s["last_state"], _MARK.get(s["last_state"], "")))
            if s["last_sla_missed_at"]:
                last.append(" SLA missed", "red")
        table.add_row(
            escape(s["campaign_name"]), escape(s["source"] or ""), s["cron"], s["time_zone"],
            moment(coming[0]["local"]) if coming else Text(paused, "yellow"), s["catch_up"],
            f"{s['sla_minutes']} min" if s["sla_minutes"] else "", last,
        )  # fmt: skip
    return table


def recognised(found: dict[str, Any]) -> RenderableType:
    """What is behind a web address, or what was looked for in vain."""
    lines = [Text(f"- {tried}", "dim") for tried in found["tried"]]
    if found["source"] is None:
        head = Text(f"No source was recognised behind {found['address']}.", "yellow")
    else:
        head = Text.assemble((source(found["source"]), "bold"), f"  (recognised by {found['found_by']})")
    if found["failure"]:
        lines.append(Text(f"! it could not be read: {found['failure']}", "red"))
    if page := found["first_page"]:
        lines.append(Text(f"{page['postings']}{' or more' if page['more'] else ''} postings"))
        lines += [Text(f"  {title}") for title in page["titles"]]
    if found["others"]:
        lines.append(Text(f"the page also names {', '.join(map(source, found['others'][:5]))}", "dim"))
    return Group(head, *lines)


def source(choice: dict[str, Any]) -> str:
    """A source as the option --source takes it."""
    params = ",".join(f"{key}={it}" for key, it in choice["params"].items())
    return f"{choice['source']}:{params}" if params else str(choice["source"])


def place(job: dict[str, Any]) -> str:
    """The first place and how many more, and whether the job is remote or hybrid."""
    places = job["places"]
    words = ""
    if places:
        first = places[0]
        parts = [first.get("city"), (first.get("country") or "").upper()]
        words = ", ".join(p for p in parts if p) or first.get("text") or ""
        words += f" +{len(places) - 1}" if len(places) > 1 else ""
    kind = job["remote_type"]
    return f"{words} ({kind})" if words and kind in ("remote", "hybrid") else words or kind or "?"


def salary(pay: dict[str, Any] | None) -> str:
    """A year's pay in its own currency, or the pay as it was stated."""
    if not pay:
        return ""
    low, high = pay.get("yearly_minimum"), pay.get("yearly_maximum")
    if low is None and high is None:
        return pay.get("text") or ""
    amounts = "-".join(f"{a:,}" for a in dict.fromkeys((low, high)) if a is not None)
    return f"{amounts} {pay.get('currency') or '?'}"


def _whole(name: str) -> Column:
    """A column that is copied from the screen, so never cut."""
    return Column(name, no_wrap=True, overflow="ignore")


def _word(value: Any) -> str:
    """An entry of a list; a source as the option --source takes it, with its own times."""
    if not isinstance(value, dict):
        return str(value)
    own = value.get("schedule_cron")
    return f"{source(value)} ({own} {value.get('schedule_time_zone') or ''})" if own else source(value)


def _in_a_line(text: str) -> str:
    return " ".join(text.split())[:200]


def moment(value: str) -> str:
    """To the minute; words as they are."""
    return value[:16].replace("T", " ") if len(value) > 16 else value


def pages(rows: list[dict[str, Any]]) -> Text:
    """One line per archived page; its key, which `cat` takes, names source, feed, day, run and page."""
    lines = [f"{'fetched':16}  {'items':>6}  {'bytes':>9}  key"]
    for p in rows:
        state = " (removed)" if p["removed_at"] else " (no page)" if p["error"] else ""
        lines.append(f"{moment(p['fetched_at']):16}  {p['items']:>6}  {p['bytes']:>9}  {p['archive_key']}{state}")
    return Text("\n".join(lines))


def differences(d: dict[str, Any]) -> RenderableType:
    """What a replay changed, field by field, with examples."""
    what = "would change" if d["dry_run"] else "changed"
    if not d["fields"]:
        return Text(f"nothing {what} in postings that were known")
    lines = [Text(f"what {what} in postings that were known", "bold")]
    for f in d["fields"]:
        lines.append(Text(f"{f['postings']:>7}  {f['field']}  ({f['stage']}, rules {f['rules_version']})"))
        for e in f["examples"]:
            before, after = (_in_a_line(json.dumps(e[side], ensure_ascii=False)) for side in ("before", "after"))
            lines.append(Text(f"         {e['hash_key'][:8]}  {before} -> {after}", "dim"))
    return Group(*lines)
