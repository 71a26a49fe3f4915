"""`posthorn bronze`: the archive of raw pages, listed, read, checked and swept."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich import filesize
from rich.text import Text

from posthorn import screens
from posthorn.client import Client
from posthorn.output import REFUSED, AsJson, print_json, screen, told

app = typer.Typer(no_args_is_help=True, help="Bronze: every page of every source, whole, as it came.")
Run = Annotated[str | None, typer.Option(help="Only of this run.")]
Source = Annotated[str | None, typer.Option(help="Only of this source.")]
Day = Annotated[str | None, typer.Option("--date", help="Only of this day (UTC), such as 2026-11-20.")]
#: Pages asked for at a time; seconds that a look at the whole archive may take.
_AT_A_TIME, _PATIENCE = 500, 130
_PAGE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@app.command(name="ls")
def list_pages(
    day: Day = None,
    run: Run = None,
    source: Source = None,
    limit: Annotated[int, typer.Option(min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """List archived pages in the order they were fetched."""
    client, rows = Client(), []
    with told():
        for page in _pages(client, _narrowed(day, run, source), min(limit, _AT_A_TIME)):
            rows.append(page)
            if len(rows) == limit:
                break
    print_json(rows) if as_json else screen.print(screens.pages(rows), soft_wrap=True)


@app.command()
def cat(page: Annotated[str, typer.Argument(help="The page's id, or its key in the archive.")]) -> None:
    """Print a page as it was archived: request, response with the payload, and where it came from."""
    client = Client()
    with told():
        if _PAGE_ID.fullmatch(page):
            found = client.call("GET", f"/pages/{page}/raw")
        else:
            found = client.call("GET", "/pages/raw", params={"key": page})
    print_json(found)


@app.command()
def verify(day: Day = None, run: Run = None, source: Source = None, as_json: AsJson = False) -> None:
    """Read pages and compare their digests, and look for objects that the index lacks; exit code 1: not all is well."""
    client, asked = Client(), _narrowed(day, run, source)
    report: dict[str, Any] = {"checked": 0, "removed": 0, "faults": []}
    with told():
        after: str | None = None
        while True:
            behind = {"after": after} if after else {}
            part = client.call("GET", "/bronze/check", params={**asked, **behind, "limit": _AT_A_TIME})
            report = {name: value + part[name] for name, value in report.items()}
            after = part["next"]
            if after is None:
                break
        looked_for = {"source": source, "run_id": run, "day": day}
        parameters = {name: value for name, value in looked_for.items() if value}
        report |= client.call("GET", "/bronze/unindexed", params=parameters, timeout=_PATIENCE)
    print_json(report) if as_json else screen.print(*_words(report), sep="\n")
    if report["faults"] or report["unindexed"]:
        raise typer.Exit(REFUSED)


@app.command()
def sweep(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False, as_json: AsJson = False
) -> None:
    """Remove pages whose time is over, as the extractor does daily; a bucket is given its lifecycle rules, too."""
    with told():
        swept = Client().call("POST", "/bronze/sweep", json={"dry_run": dry_run}, timeout=_PATIENCE)
    if as_json:
        print_json(swept)
        return
    size = filesize.decimal(swept["bytes"])
    screen.print(f"{'would remove' if dry_run else 'removed'} {swept['objects']} pages, {size}", markup=False)
    for name, count in swept["by_source"].items():
        screen.print(f"  {count} of {name}", markup=False)
    for rule in swept["lifecycle"]:
        tier = f"to Glacier Instant Retrieval after {rule['tier_days']} days, " if rule["tier_days"] else ""
        screen.print(f"bucket: {rule['prefix']} {tier}removed after {rule['expire_days']} days", markup=False)


def _narrowed(day: str | None, run: str | None, source: str | None) -> dict[str, str]:
    given = {"from": day, "to": day, "run_id": run, "source": source}
    return {name: value for name, value in given.items() if value is not None}


def _pages(client: Client, asked: dict[str, str], at_a_time: int) -> Iterator[dict[str, Any]]:
    after: dict[str, str] = {}
    while True:
        part = client.call("GET", "/pages", params={**asked, **after, "limit": at_a_time})
        yield from part
        if len(part) < at_a_time:
            return
        after = {"after": part[-1]["id"]}


def _words(report: dict[str, Any]) -> Iterator[Text]:
    for fault in report["faults"]:
        yield Text(f"{fault['fault']}: {fault['archive_key']} ({fault['detail']})", "red")
    for key in report["keys"]:
        yield Text(f"not indexed: {key}", "yellow")
    if more := report["unindexed"] - len(report["keys"]):
        yield Text(f"and {more} more that are not indexed", "yellow")
    pages = (
        f"{report['checked']} pages checked, {len(report['faults'])} damaged or missing, {report['removed']} expired"
    )
    yield Text(f"{pages}; {report['objects']} objects, {report['unindexed']} not indexed")
