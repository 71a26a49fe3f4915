"""`posthorn campaign`: create, list, show, edit, pause, delete."""

from typing import Annotated, Any

import typer

from posthorn import screens
from posthorn.client import Client
from posthorn.output import AsJson, print_json, screen, told

app = typer.Typer(no_args_is_help=True, help="Campaigns: what to search for, and how to rank what is found.")

_List = Annotated[list[str] | None, typer.Option()]
_Text = Annotated[str | None, typer.Option()]
_Number = Annotated[int | None, typer.Option()]
Source = Annotated[
    list[str] | None,
    typer.Option("--source", help="A source with its parameters: sample, greenhouse:board=acme. Repeatable."),
]


def parse_source(written: str) -> dict[str, Any]:
    """`name:key=value,key=value` as the API takes it; BadParameter where it is not of that form."""
    name, _, rest = written.partition(":")
    pairs = [part.partition("=") for part in rest.split(",") if part]
    if not name or any(not key or not equals for key, equals, _ in pairs):
        raise typer.BadParameter(f"{written!r} is not of the form name:key=value,key=value", param_hint="--source")
    return {"source": name, "params": {key: value for key, _, value in pairs}}


def _criteria(values: dict[str, Any]) -> dict[str, Any]:
    """Options that were given, under the API's names."""
    sources = values.pop("source")
    given = {name: value for name, value in values.items() if value is not None}
    return given | ({"sources": [parse_source(s) for s in sources]} if sources else {})


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Your name for it.")],
    query: Annotated[str, typer.Option(help="What to look for: 'data engineer'.")],
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2, such as ca.")],
    email: Annotated[str, typer.Option(help="Where results are sent once e-mail is set up.")],
    source: Source = None,
    date_window: Annotated[str, typer.Option(help="all, today, 3days, week or month.")] = "month",
    location: _Text = None,
    skills: Annotated[str | None, typer.Option(help="Comma-separated.")] = None,
    min_salary: _Number = None,
    max_salary: _Number = None,
    currency: _Text = None,
    remote: Annotated[str | None, typer.Option(help="onsite, hybrid, remote; comma-separated.")] = None,
    seniority: Annotated[str | None, typer.Option(help="intern … executive; comma-separated.")] = None,
    employment_type: Annotated[str | None, typer.Option(help="FULL_TIME, …; comma-separated.")] = None,
    company_size: Annotated[str | None, typer.Option(help="51-200, …; comma-separated.")] = None,
    preset: Annotated[str, typer.Option(help="Ranking preset: default or mvp.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Create a campaign; jobs already stored are ranked for it at once."""
    criteria = _criteria({
        "campaign_name": name, "query": query, "country": country, "email": email, "source": source,
        "date_window": date_window, "location": location, "skills": skills, "min_salary": min_salary,
        "max_salary": max_salary, "currency": currency, "remote_preference": remote, "seniority": seniority,
        "employment_type_preference": employment_type, "company_size_preference": company_size,
        "ranking_preset": preset,
    })  # fmt: skip
    with told():
        _show(Client().call("POST", "/campaigns", json=criteria), as_json)


@app.command()
def edit(
    campaign: str,
    name: _Text = None,
    query: _Text = None,
    country: _Text = None,
    email: _Text = None,
    source: Source = None,
    date_window: _Text = None,
    location: _Text = None,
    skills: _Text = None,
    min_salary: _Number = None,
    max_salary: _Number = None,
    currency: _Text = None,
    remote: _Text = None,
    seniority: _Text = None,
    employment_type: _Text = None,
    company_size: _Text = None,
    preset: _Text = None,
    clear: Annotated[list[str] | None, typer.Option(help="A criterion to empty, by its API name. Repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change criteria of a campaign; stored jobs are ranked again."""
    changes = _criteria({
        "campaign_name": name, "query": query, "country": country, "email": email, "source": source,
        "date_window": date_window, "location": location, "skills": skills, "min_salary": min_salary,
        "max_salary": max_salary, "currency": currency, "remote_preference": remote, "seniority": seniority,
        "employment_type_preference": employment_type, "company_size_preference": company_size,
        "ranking_preset": preset,
    })  # fmt: skip
    client = Client()
    with told():
        found = client.campaign(campaign)
        emptied: dict[str, Any] = {c: _empty(found.get(c)) for c in clear or []}
        _show(client.call("PATCH", f"/campaigns/{found['campaign_id']}", json=changes | emptied), as_json)


@app.command(name="list")
def list_campaigns(as_json: AsJson = False) -> None:
    """List campaigns by name."""
    with told():
        rows = Client().call("GET", "/campaigns")
    print_json(rows) if as_json else screen.print(screens.campaigns(rows))


@app.command()
def show(campaign: str, as_json: AsJson = False) -> None:
    """Show every criterion of a campaign."""
    with told():
        _show(Client().campaign(campaign), as_json)


@app.command()
def toggle(campaign: str, as_json: AsJson = False) -> None:
    """Pause a campaign, or resume a paused one."""
    client = Client()
    with told():
        found = client.campaign(campaign)
        _show(client.call("POST", f"/campaigns/{found['campaign_id']}/toggle"), as_json)


@app.command()
def delete(campaign: str) -> None:
    """Delete a campaign and its rankings; jobs and runs stay."""
    client = Client()
    with told():
        found = client.campaign(campaign)
        client.call("DELETE", f"/campaigns/{found['campaign_id']}")
    screen.print(f"deleted {found['campaign_name']}", markup=False)


def _empty(value: Any) -> Any:
    """The empty value of a criterion's kind."""
    return type(value)() if isinstance(value, (list, dict)) else None


def _show(row: dict[str, Any], as_json: bool) -> None:
    print_json(row) if as_json else screen.print(screens.campaign(row))
