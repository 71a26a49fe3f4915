"""`posthorn source add`: what is behind a careers address, and a campaign that reads it."""

from typing import Annotated, Any

import typer

from posthorn import screens
from posthorn.client import Client, NoSuchError
from posthorn.output import REFUSED, AsJson, errors, print_json, screen, told

#: The gateway waits for the other side for a minute.
_SECONDS = 70


def add(
    address: Annotated[
        str, typer.Argument(help="A board, a job or a careers page: https://boards.greenhouse.io/acme.")
    ],
    campaign: Annotated[
        str | None, typer.Option(help="Who is to read it; may be left out where there is one campaign.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is there, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Recognise the source behind a web address, check it, and add it to a campaign."""
    client = Client()
    with told():
        chosen = None if dry_run else _chosen(client, campaign)
        found = client.call("POST", "/sources/recognise", json={"address": address}, timeout=_SECONDS)
        usable = found["source"] is not None and found["first_page"] is not None
        added = _added(client, chosen, found["source"]) if usable and chosen else None
    if as_json:
        print_json({**found, "campaign": added})
    else:
        screen.print(screens.recognised(found))
        if usable and not dry_run:
            screen.print(_told(chosen, added, found["source"]), markup=False, soft_wrap=True)
    if not usable:
        errors.print("nothing was added", style="red")
        raise typer.Exit(REFUSED)


def _chosen(client: Client, campaign: str | None) -> dict[str, Any] | None:
    """The campaign that is to read it: the one named, or the only one; None where there is none yet."""
    if campaign is not None:
        return dict(client.campaign(campaign))
    everyone = client.call("GET", "/campaigns")
    if len(everyone) > 1:
        names = ", ".join(c["campaign_name"] for c in everyone[:10])
        raise NoSuchError(f"say with --campaign who is to read it: {names}")
    return everyone[0] if everyone else None


def _added(client: Client, campaign: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    return dict(client.call("POST", f"/campaigns/{campaign['campaign_id']}/sources", json=source))


def _told(before: dict[str, Any] | None, after: dict[str, Any] | None, source: dict[str, Any]) -> str:
    written = screens.source(source)
    if before is None or after is None:
        return (
            "There is no campaign yet that could read it. Make one:\n  posthorn campaign create --name NAME "
            f"--query 'data engineer' --country ca --email YOU@EXAMPLE.COM --source {written}"
        )
    name = after["campaign_name"]
    if len(after["sources"]) == len(before["sources"]):
        return f"The campaign {name!r} reads {written} already."
    return f"The campaign {name!r} reads {written} from now on. Read it at once: posthorn run start {name!r}"
