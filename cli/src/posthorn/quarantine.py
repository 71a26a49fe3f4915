"""`posthorn quarantine`: what was set aside, looked at, replayed or discarded."""

from typing import Annotated, Any

import typer

from posthorn import screens
from posthorn.client import Client, GatewayError
from posthorn.output import REFUSED, RUN_FAILED, AsJson, errors, print_json, screen, told
from posthorn.run import follow, watch_live

app = typer.Typer(no_args_is_help=True, help="Quarantine: postings and messages that could not go on, and why.")
SERVICES = ("extractor", "normalizer", "enricher", "ranker", "gateway", "notifier")
Service = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids of entries; none: all that the options leave.")]
OfRun = Annotated[str | None, typer.Option("--run", help="Only of this run.")]
Reason = Annotated[str | None, typer.Option(help="Only for this reason, such as killer.")]
Stage = Annotated[str | None, typer.Option(help="Only of this stage, such as enrich.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command(name="list")
def list_entries(
    service: Annotated[str | None, typer.Argument(help="Only of this service.")] = None,
    run: OfRun = None,
    reason: Reason = None,
    stage: Stage = None,
    state: Annotated[str, typer.Option(help="open, replayed, discarded or all.")] = "open",
    limit: Annotated[int, typer.Option(min=1, help="Entries of each service.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List what was set aside, latest first; of all services unless one is named."""
    narrowed = _given(run_id=run, reason=reason, stage=stage, state=None if state == "all" else state)
    client, rows, away = Client(), [], []
    with told():
        for name in [service] if service else SERVICES:
            try:
                rows += [{"service": name, **e} for e in client.pages(f"/quarantine/{name}", limit, **narrowed)]
            except GatewayError as error:
                if service:
                    raise
                away.append(error)
    print_json(rows) if as_json else screen.print(screens.entries(rows))
    if away:
        for each in away:
            errors.print(str(each), style="red", markup=False)
        raise typer.Exit(REFUSED)


@app.command()
def show(service: Service, entry: str, as_json: AsJson = False) -> None:
    """Show an entry with its payload and what was done with it."""
    with told():
        found = Client().call("GET", f"/quarantine/{service}/{entry}")
    print_json(found) if as_json else screen.print(screens.entry(found))


@app.command()
def replay(
    service: Service,
    ids: Ids = None,
    run: OfRun = None,
    reason: Reason = None,
    stage: Stage = None,
    yes: Yes = False,
    wait: Annotated[bool, typer.Option(help="Stay until the runs have ended.")] = True,
    as_json: AsJson = False,
) -> None:
    """Let open entries go through their stage again, as new runs; exit code 4 if one does not succeed."""
    chosen = _given(ids=ids or None, run_id=run, reason=reason, stage=stage)
    client = Client()
    with told():
        if not yes:
            _ask(client, service, chosen, "Replay")
        begun = client.call("POST", f"/quarantine/{service}/replay", json=chosen)
        if not as_json:
            screen.print(screens.replay(begun))
        runs = [_ended(client, r["run_id"], as_json) for r in begun["runs"]] if wait else []
    if as_json:
        print_json(begun | ({"ended": runs} if wait else {}))
    if any(r["status"] != "succeeded" for r in runs):
        raise typer.Exit(RUN_FAILED)


@app.command()
def discard(
    service: Service,
    because: Annotated[str, typer.Option(help="Why; kept with each entry.")],
    ids: Ids = None,
    run: OfRun = None,
    reason: Reason = None,
    stage: Stage = None,
    yes: Yes = False,
) -> None:
    """Discard open entries: they stay on record and are never replayed."""
    chosen = _given(ids=ids or None, run_id=run, reason=reason, stage=stage)
    client = Client()
    with told():
        if not yes:
            _ask(client, service, chosen, "Discard")
        done = client.call("POST", f"/quarantine/{service}/discard", json={**chosen, "because": because})
    screen.print(f"discarded {done['discarded']}", markup=False)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _ask(client: Client, service: str, chosen: dict[str, Any], what: str) -> None:
    """Say how many entries it would be, and go on only after a yes."""
    found = client.call("POST", f"/quarantine/{service}/select", json=chosen)
    count = sum(len(group["ids"]) for group in found["groups"])
    if what == "Discard":
        count += sum(len(skipped["ids"]) for skipped in found["skipped"])
    if count:
        more = " (and there are more)" if found["more"] else ""
        typer.confirm(f"{what} {count} of {service}{more}?", abort=True, err=True)


def _ended(client: Client, run_id: str, as_json: bool) -> dict[str, Any]:
    if not as_json:
        return watch_live(client, run_id)
    *_, run = follow(client, run_id)
    return run
