"""`posthorn companies`: the queue of company look-ups, and asking again."""

from typing import Annotated

import typer

from posthorn import screens
from posthorn.client import Client
from posthorn.output import AsJson, print_json, screen, told

app = typer.Typer(no_args_is_help=True, help="Companies: who was looked up, who waits, who was not found.")


@app.command(name="list")
def list_look_ups(
    status: Annotated[str | None, typer.Option(help="pending, success, not_found or error.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: AsJson = False,
) -> None:
    """List look-ups, the latest changed first, and say whether the provider is asked at all."""
    asked = {"limit": limit} | ({"status": status} if status else {})
    with told():
        found = Client().call("GET", "/companies/queue", params=asked)
    print_json(found) if as_json else screen.print(screens.companies(found))


@app.command()
def retry(key: Annotated[str, typer.Argument(help="Key of the company, as the list shows it.")]) -> None:
    """Look up again a company that was not found or ended in an error."""
    with told():
        Client().call("POST", f"/companies/queue/{key}/retry")
    screen.print(f"{key} will be looked up again", markup=False)
