"""`posthorn schedule`: when campaigns and their sources are read by themselves."""

from typing import Annotated, Any

import typer

from posthorn import screens
from posthorn.campaign import parse_source
from posthorn.client import Client, NoSuchError
from posthorn.output import RUN_FAILED, AsJson, print_json, screen, told
from posthorn.run import follow, watch_live

app = typer.Typer(no_args_is_help=True, help="Schedules: when runs start by themselves, and whether they did.")


@app.command(name="list")
def list_schedules(as_json: AsJson = False) -> None:
    """List every schedule with its next start, its last run, and whether a deadline was missed."""
    with told():
        rows = Client().call("GET", "/schedules")
    print_json(rows) if as_json else screen.print(screens.schedules(rows))


@app.command()
def start(as_json: AsJson = False) -> None:
    """Start what is due now and stay until it has ended; exit code 4 if a run does not succeed. For cron and CronJobs.

    What a gateway's own scheduler has started in the ten minutes before is not started again, but followed as well.
    """
    client = Client()
    with told():
        begun = client.call("POST", "/schedules/start")["run_ids"]
        runs = [list(follow(client, run_id))[-1] if as_json else watch_live(client, run_id) for run_id in begun]
    if as_json:
        print_json(runs)
    elif not runs:
        screen.print("nothing is due; see `posthorn schedule list`")
    if any(run["status"] != "succeeded" for run in runs):
        raise typer.Exit(RUN_FAILED)


@app.command()
def pause(campaign: str, as_json: AsJson = False) -> None:
    """Start nothing by itself; runs that are asked for still start."""
    _turn(campaign, "pause", as_json)


@app.command()
def resume(campaign: str, as_json: AsJson = False) -> None:
    """Start by itself again, from the next slot on."""
    _turn(campaign, "resume", as_json)


@app.command(name="set")
def set_schedule(
    campaign: str,
    cron: Annotated[
        str | None, typer.Option(help="minute hour day month weekday: '0 7 * * 1-5'; none: no times.")
    ] = None,
    time_zone: Annotated[str | None, typer.Option(help="An IANA name: America/Toronto.")] = None,
    catch_up: Annotated[
        str | None, typer.Option(help="Starts missed while down: latest (one for all), none, or all (the last 24).")
    ] = None,
    sla: Annotated[
        int | None, typer.Option(min=0, help="Minutes within which a run is to end; 0: no deadline.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Give this source of the campaign times of its own: greenhouse:board=acme.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change when a campaign, or one source of it, is read by itself."""
    given = {"schedule_cron": cron, "schedule_time_zone": time_zone, "schedule_catch_up": catch_up, "sla_minutes": sla}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise typer.BadParameter("nothing to set: give --cron, --time-zone, --catch-up or --sla")
    if source and {"schedule_catch_up", "sla_minutes"} & changes.keys():
        raise typer.BadParameter("--catch-up and --sla hold for the whole campaign: leave --source out")
    if cron == "none":
        changes["schedule_cron"] = None
    if sla == 0:
        changes["sla_minutes"] = None
    client = Client()
    with told():
        found = client.campaign(campaign)
        if source:
            changes = {"sources": _changed(found, source, changes)}
        changed = client.call("PATCH", f"/campaigns/{found['campaign_id']}", json=changes)
        rows = [s for s in client.call("GET", "/schedules") if s["campaign_id"] == changed["campaign_id"]]
    print_json(rows) if as_json else screen.print(screens.schedules(rows))


def _changed(campaign: dict[str, Any], source: str, changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The campaign's sources, one of them with other times."""
    asked = _plain(parse_source(source))
    if asked not in [_plain(s) for s in campaign["sources"]]:
        raise NoSuchError(f"no source {source!r} in {campaign['campaign_name']!r}; see `posthorn campaign show`")
    return [{**s, **changes} if _plain(s) == asked else s for s in campaign["sources"]]


def _plain(source: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """What makes it that source, as a command can write it."""
    return source["source"], {key: str(value) for key, value in source["params"].items()}


def _turn(campaign: str, how: str, as_json: bool) -> None:
    client = Client()
    with told():
        found = client.campaign(campaign)
        rows = client.call("POST", f"/schedules/{found['campaign_id']}/{how}")
    print_json(rows) if as_json else screen.print(screens.schedules(rows))
