"""`posthorn duplicates`: jobs that several postings show, why they are one, and decisions by hand."""

import getpass
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.markup import escape
from rich.table import Column, Table

from posthorn.client import Client
from posthorn.output import AsJson, print_json, screen, told

app = typer.Typer(no_args_is_help=True, help="Duplicates: jobs that several postings show, and decisions by hand.")
Posting = Annotated[str, typer.Argument(help="hash_key of a posting, 32 hex digits.")]
Why = Annotated[str, typer.Option("--reason", help="Why you decide so; it is kept.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; default: your user name.")]


@app.command(name="list")
def list_clusters(
    after: Annotated[str | None, typer.Option(help="Go on behind this cluster.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs that several postings show."""
    asked = {"limit": limit} | ({"after": after} if after else {})
    with told():
        found = Client().call("GET", "/duplicates", params=asked)
    print_json(found) if as_json else screen.print(_clusters(found))


@app.command()
def show(posting: Posting, as_json: AsJson = False) -> None:
    """Show the job of a posting: its other postings, the evidence for each, and what was decided."""
    with told():
        found = Client().call("GET", f"/duplicates/{posting}")
    print_json(found) if as_json else screen.print(_cluster(found))


@app.command()
def split(posting: Posting, reason: Why, by: By = None, as_json: AsJson = False) -> None:
    """Say that a posting is another job than the others of its cluster; no run undoes it."""
    with told():
        found = Client().call("POST", f"/duplicates/{posting}/split", json=_decision(by, reason))
    print_json(found) if as_json else screen.print(_cluster(found))


@app.command()
def merge(
    postings: Annotated[list[str], typer.Argument(help="hash_keys of two postings or more.")],
    reason: Why, by: By = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that postings are one job; no run undoes it."""
    with told():
        found = Client().call("POST", "/duplicates/merge", json={"hash_keys": postings, **_decision(by, reason)})
    print_json(found) if as_json else screen.print(_cluster(found))


@app.command(name="report")
def of_run(
    run: Annotated[str, typer.Argument(help="Id of a run.")],
    limit: Annotated[int, typer.Option(min=1, max=200, help="Examples.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what a run merged and what it kept apart, with the evidence."""
    with told():
        found = Client().call("GET", f"/runs/{run}/dedupe-report", params={"limit": limit})
    print_json(found) if as_json else screen.print(_of_run(found))


def _decision(by: str | None, reason: str) -> dict[str, str]:
    return {"by": by or getpass.getuser(), "reason": reason}


def _clusters(found: dict[str, Any]) -> Group:
    table = Table(_key("cluster"), "postings", "title", "company", "sources", box=None)
    for c in found["clusters"]:
        sources = escape(", ".join(c["sources"]))
        table.add_row(c["cluster_id"], str(c["postings"]), escape(c["title"]), escape(c["company"]), sources)
    return Group(table, *([f"more: --after {found['next']}"] if found["next"] else []))


def _cluster(found: dict[str, Any]) -> Group:
    table = Table(_key("posting"), "source", "title", "company", "why", "alike", "", "apply", box=None)
    for m in found["members"]:
        names = (escape(m[name]) for name in ("hash_key", "source", "title", "company"))
        table.add_row(
            *names, _why(m), _share(m["similarity"]),
            "closed" if m["closed_at"] else "", escape(m["apply_url"] or m["url"] or ""),
        )  # fmt: skip
    seen = f"first seen {found['first_seen_at'][:10]}, last seen {(found['last_seen_at'] or 'not known')[:10]}"
    ended = f", closed {found['closed_at'][:10]}" if found["closed_at"] else ""
    links = (f"{s['source']}: {s['apply_url'] or 'no link'}" for s in found["sources"])
    differ = (_standing(field) for field in found["fields"] if field["others"])
    told = (f"{d['verdict']} {d['one']} {d['other']} by {d['decided_by']}: {d['reason']}" for d in found["decisions"])
    lines = map(escape, (*links, *differ, *told))
    return Group(f"cluster {found['cluster_id']}, {seen}{ended}", escape("; ".join(found["places"])), table, *lines)


def _standing(field: dict[str, Any]) -> str:
    """Whose words stand for a field of which not all say the same."""
    value = "" if field["value"] is None else f": {field['value']}"[:100]
    return f"{field['field']} as {field['source']} says ({field['reason']}, {field['others']} differ){value}"


def _of_run(found: dict[str, Any]) -> Group:
    table = Table(_key("posting"), "title", "company", "why", "alike", _key("with"), box=None)
    for e in found["examples"]:
        merged = e["reason"] is not None
        why = _why(e) if merged else f"apart: {e['kept_reason']}"
        table.add_row(
            e["hash_key"], escape(e["title"]), escape(e["company"]), why,
            _share(e["similarity"] if merged else e["kept_similarity"]), e["matched"] if merged else e["kept_from"],
        )  # fmt: skip
    told = [f"{name}: " + (", ".join(f"{n} {why}" for why, n in sorted(found[name].items())) or "none")
            for name in ("merged", "classes", "kept_apart")]  # fmt: skip
    return Group(*([table] if found["examples"] else []), *told)


def _why(evidence: dict[str, Any]) -> str:
    return f"{evidence['reason']} ({evidence['duplicate_class']})" if evidence["reason"] else ""


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _key(name: str) -> Column:
    return Column(name, no_wrap=True, overflow="fold")
