"""`posthorn jobs` and `posthorn explain`: what was found, best first, and why."""

from typing import Annotated, Any

import typer

from posthorn import screens, source_screens
from posthorn.client import Client
from posthorn.output import AsJson, print_json, screen, told


def jobs(
    campaign: Annotated[str, typer.Argument(help="Id, beginning of the id, or name.")],
    location: Annotated[str | None, typer.Option(help="Part of a place's name.")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166-1 alpha-2.")] = None,
    remote_type: Annotated[list[str] | None, typer.Option(help="onsite, hybrid or remote. Repeatable.")] = None,
    salary_min: Annotated[int | None, typer.Option(help="Yearly, in the reference currency.")] = None,
    salary_max: Annotated[int | None, typer.Option(help="Yearly, in the reference currency.")] = None,
    min_score: Annotated[float | None, typer.Option(help="0 to 100.")] = None,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="List every posting, also those that are one job.")
    ] = False,
    state: Annotated[
        list[str] | None,
        typer.Option(help="open, stale, expired or closed. Repeatable. Default: those one can apply to."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The best N.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the best jobs of a campaign."""
    narrowed: dict[str, Any] = {
        "location": location, "country": country, "remote_type": remote_type, "salary_min": salary_min,
        "salary_max": salary_max, "min_score": min_score, "duplicates": "show" if duplicates else None, "state": state,
    }  # fmt: skip
    client = Client()
    with told():
        found = client.campaign(campaign)
        given = {name: value for name, value in narrowed.items() if value is not None}
        rows = list(client.pages(f"/campaigns/{found['campaign_id']}/jobs", limit, **given))
    print_json(rows) if as_json else screen.print(screens.jobs(rows), *source_screens.attributions(rows), sep="\n")


def explain(
    job: Annotated[str, typer.Argument(help="hash_key, or its first characters as `posthorn jobs` shows them.")],
    campaign: Annotated[str, typer.Argument(help="Id, beginning of the id, or name.")],
    as_json: AsJson = False,
) -> None:
    """Explain a job's score for a campaign, factor by factor."""
    client = Client()
    with told():
        found = client.job(job, client.campaign(campaign)["campaign_id"])
    print_json(found) if as_json else screen.print(
        screens.explanation(found), *source_screens.attributions([found]), sep="\n"
    )
