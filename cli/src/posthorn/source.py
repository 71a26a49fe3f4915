"""`posthorn source`: the sources that can be read."""

from typing import Annotated, Any

import typer

from posthorn import source_screens
from posthorn.client import Client
from posthorn.output import AsJson, print_json, screen, told
from posthorn.source_add import add

app = typer.Typer(no_args_is_help=True, help="Sources: what can be read, and how it is.")
app.command()(add)
Name = Annotated[str, typer.Argument(help="Name of a source, as `posthorn source list` shows it.")]


@app.command(name="list")
def list_sources(as_json: AsJson = False) -> None:
    """List all sources with their state and what they did last."""
    with told():
        found = Client().call("GET", "/sources")
    print_json(found) if as_json else screen.print(source_screens.listed(found))


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show how a source is and why, its quotas, its terms and its last days."""
    _print(_call("GET", name), as_json)


@app.command()
def pause(name: Name, as_json: AsJson = False) -> None:
    """Read nothing of a source until it is resumed."""
    _print(_call("POST", f"{name}/pause"), as_json)


@app.command()
def resume(name: Name, as_json: AsJson = False) -> None:
    """Read a source again that was paused, or that was broken and has been repaired."""
    _print(_call("POST", f"{name}/resume"), as_json)


def _call(method: str, path: str) -> Any:
    with told():
        return Client().call(method, f"/sources/{path}")


def _print(found: Any, as_json: bool) -> None:
    print_json(found) if as_json else screen.print(source_screens.shown(found))
