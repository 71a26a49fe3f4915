"""`posthorn replay` and `posthorn backfill`: past days, from the archive or from the sources."""

from typing import Annotated, Any

import typer

from posthorn import screens
from posthorn.campaign import Source, parse_source
from posthorn.client import Client
from posthorn.output import RUN_FAILED, AsJson, print_json, screen, told
from posthorn.run import follow, watch_live

First = Annotated[str | None, typer.Option("--from", help="First day (UTC), such as 2026-11-01.")]
Last = Annotated[str | None, typer.Option("--to", help="Last day; today where it is left out.")]
Wait = Annotated[bool, typer.Option(help="Stay until it has ended.")]


def replay(
    first: First = None,
    last: Last = None,
    source: Annotated[list[str] | None, typer.Option(help="Only pages of this source. Repeatable.")] = None,
    run: Annotated[list[str] | None, typer.Option(help="Only pages of this run. Repeatable.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would change.")] = False,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Read archived pages again through today's rules, without asking any source, and show what changed."""
    asked = {"sources": source or [], "run_ids": run or [], "dry_run": dry_run, **_days(first, last)}
    client = Client()
    with told():
        begun = client.call("POST", "/runs/replay", json=asked)
        if not wait:
            print_json(begun) if as_json else screen.print(begun["run_id"], markup=False)
            return
        ended = _ended(client, begun["run_id"], as_json)
        found = client.call("GET", f"/runs/{begun['run_id']}/diff")
    print_json(ended | {"diff": found}) if as_json else screen.print(screens.differences(found))
    _end(ended)


def backfill(
    campaign: str,
    first: Annotated[str, typer.Option("--from", help="First day on which postings wanted were posted.")],
    last: Last = None,
    source: Source = None,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Ask the campaign's sources for past days; those that know no days are named, and the run says so."""
    client = Client()
    with told():
        asked: dict[str, Any] = {"campaign_id": client.campaign(campaign)["campaign_id"], **_days(first, last)}
        if source:
            asked["sources"] = [parse_source(s) for s in source]
        begun = client.call("POST", "/runs/backfill", json=asked)
        if not wait:
            print_json(begun) if as_json else screen.print(begun["run_id"], markup=False)
            return
        ended = _ended(client, begun["run_id"], as_json)
    if as_json:
        print_json(ended)
    _end(ended)


def _days(first: str | None, last: str | None) -> dict[str, str]:
    return {name: day for name, day in (("from", first), ("to", last)) if day is not None}


def _ended(client: Client, run_id: str, as_json: bool) -> dict[str, Any]:
    if not as_json:
        return watch_live(client, run_id)
    *_, run = follow(client, run_id)
    return run


def _end(run: dict[str, Any]) -> None:
    if run["status"] != "succeeded":
        raise typer.Exit(RUN_FAILED)
