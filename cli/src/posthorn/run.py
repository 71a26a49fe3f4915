"""`posthorn run`: start, watch, list, show, cancel."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.live import Live

from posthorn import screens
from posthorn.campaign import Source, parse_source
from posthorn.client import Client, UnavailableError, UnreachableError
from posthorn.output import RUN_FAILED, AsJson, print_json, screen, told

app = typer.Typer(no_args_is_help=True, help="Runs: read the sources of a campaign now, and see what came of it.")
_POLL_SECONDS = 0.25
#: Seconds that the gateway may be away while a run is followed: long enough for it to be started again.
_PATIENCE_SECONDS = 60.0


def follow(client: Client, run_id: str) -> Iterator[dict[str, Any]]:
    """The run again and again until it has ended; the last one given is its end."""
    patience, asked_at = 0.0, time.monotonic()  # whoever is not there at first is told at once
    while True:
        try:
            run: dict[str, Any] = client.call("GET", f"/runs/{run_id}")
        except (UnavailableError, UnreachableError) as error:
            if time.monotonic() - asked_at > patience:
                raise type(error)(
                    f"{error}\nOnce it answers, `posthorn run watch {run_id}` follows the run."
                ) from error
        else:
            patience, asked_at = _PATIENCE_SECONDS, time.monotonic()
            yield run
            if run["state"] != "running":
                return
        time.sleep(_POLL_SECONDS)


def watch_live(client: Client, run_id: str) -> dict[str, Any]:
    """Show the run while it goes through the stages; on no terminal, only its end."""
    run: dict[str, Any] = {}
    with Live(console=screen, refresh_per_second=8, transient=not screen.is_terminal) as live:
        for run in follow(client, run_id):
            if screen.is_terminal:
                live.update(screens.run(run))
    if not screen.is_terminal:
        screen.print(screens.run(run))
    return run


@app.command()
def start(
    campaign: str,
    source: Source = None,
    run_id: Annotated[str | None, typer.Option(help="Your own id; starting it twice starts it once.")] = None,
    watch: Annotated[bool, typer.Option(help="Stay until it has ended.")] = True,
    as_json: AsJson = False,
) -> None:
    """Read the campaign's sources (or those given) now; exit code 4 if the run does not succeed."""
    client = Client()
    body: dict[str, Any] = {"run_id": run_id} if run_id else {}
    if source:
        body["sources"] = [parse_source(s) for s in source]
    with told():
        found = client.campaign(campaign)
        run = client.call("POST", f"/campaigns/{found['campaign_id']}/runs", json=body)
        if watch:
            _watched(client, run["run_id"], as_json)
        else:
            print_json(run) if as_json else screen.print(run["run_id"], markup=False)


@app.command()
def watch(run_id: str, as_json: AsJson = False) -> None:
    """Follow a run to its end; exit code 4 if it does not succeed."""
    with told():
        _watched(Client(), run_id, as_json)


@app.command(name="list")
def list_runs(
    campaign: Annotated[str | None, typer.Option(help="Only of this campaign.")] = None,
    kind: Annotated[str | None, typer.Option(help="collect, rerank or replay.")] = "collect",
    limit: Annotated[int, typer.Option(min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, latest first."""
    client = Client()
    with told():
        narrowed = {"campaign_id": client.campaign(campaign)["campaign_id"]} if campaign else {}
        rows = list(client.pages("/runs", limit, **narrowed, **({"kind": kind} if kind else {})))
    print_json(rows) if as_json else screen.print(screens.runs(rows))


@app.command()
def show(run_id: str, as_json: AsJson = False) -> None:
    """Show a run with its books, stage by stage."""
    with told():
        run = Client().call("GET", f"/runs/{run_id}")
    print_json(run) if as_json else screen.print(screens.run(run))


@app.command()
def diff(run_id: str, as_json: AsJson = False) -> None:
    """Show what a replay of archived pages changed, field by field, with examples."""
    with told():
        found = Client().call("GET", f"/runs/{run_id}/diff")
    print_json(found) if as_json else screen.print(screens.differences(found))


@app.command()
def cancel(run_id: str) -> None:
    """Cancel a run that is under way; what it found so far stays."""
    with told():
        Client().call("POST", f"/runs/{run_id}/cancel")
    screen.print(f"cancelled {run_id}", markup=False)


def _watched(client: Client, run_id: str, as_json: bool) -> None:
    if as_json:
        *_, run = follow(client, run_id)
        print_json(run)
    else:
        run = watch_live(client, run_id)
    if run["status"] != "succeeded":
        raise typer.Exit(RUN_FAILED)
