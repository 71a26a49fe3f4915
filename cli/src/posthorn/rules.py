"""`posthorn rules`: rule files tried, activated and rolled back without a restart."""

import base64
import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from posthorn import rule_screens, screens
from posthorn.client import Client, NoSuchError
from posthorn.output import RUN_FAILED, AsJson, print_json, screen, told
from posthorn.replay import First, Last, Wait
from posthorn.run import follow, watch_live

app = typer.Typer(no_args_is_help=True, help="Rules: changed files of config/, tried and activated without a restart.")
Version = Annotated[str, typer.Argument(help="Of a rule set, or its beginning; `shipped` for the rules as they came.")]
Why = Annotated[str, typer.Option("--reason", help="Why you do so; it is kept.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; default: your user name.")]


@app.command(name="list")
def list_rules(as_json: AsJson = False) -> None:
    """List rule sets, which one every service goes by, and what was done."""
    with told():
        found = Client().call("GET", "/rules")
    print_json(found) if as_json else screen.print(rule_screens.rules(found))


@app.command()
def show(
    version: Version,
    file: Annotated[str | None, typer.Option(help="Print this file of it, such as ranking.yml.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the files of a rule set."""
    client = Client()
    with told():
        found = client.call("GET", f"/rules/{_whole(client, version)}")
        if file is not None and file not in found["files"]:
            raise NoSuchError(f"no file {file!r} in this set; it has {', '.join(found['files'])}")
    if as_json:
        print_json(found)
    elif file is not None:
        typer.echo(found["files"][file], nl=False)
    else:
        screen.print(rule_screens.files(found))


@app.command()
def add(
    files: Annotated[
        list[str], typer.Argument(help="Changed files, such as config/ranking.yml; NAME=PATH where one lies elsewhere.")
    ],
    reason: Why,
    by: By = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="Take all other files as shipped, not as in use.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a rule set: these files, and the others as they are in use. All services try it; nothing is activated."""
    client = Client()
    with told():
        known = _known_files(client.call("GET", "/rules"))
        asked = {"files": dict(_read(f, known) for f in files), "base": "shipped" if shipped else "active"}
        found = client.call("POST", "/rules", json={**asked, **_decision(by, reason)})
    if as_json:
        print_json(found)
        return
    screen.print(rule_screens.files(found))
    screen.print(f"[dim]what it changes: posthorn rules diff {found['version']}[/]")


@app.command()
def diff(
    version: Version,
    first: First = None,
    last: Last = None,
    source: Annotated[list[str] | None, typer.Option(help="Only pages of this source. Repeatable.")] = None,
    run: Annotated[list[str] | None, typer.Option(help="Only pages of this run. Repeatable.")] = None,
    by: By = None,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Show what a rule set would change: archived pages (of the last 7 days) are read by it, and nothing is kept."""
    asked: dict[str, Any] = {"sources": source or [], "run_ids": run or [], "by": by or getpass.getuser()}
    asked |= {name: day for name, day in (("from", first), ("to", last)) if day is not None}
    client = Client()
    with told():
        begun = client.call("POST", f"/rules/{_whole(client, version)}/diff", json=asked)
        if not wait:
            print_json(begun) if as_json else screen.print(begun["run_id"], markup=False)
            return
        ended = [*follow(client, begun["run_id"])][-1] if as_json else watch_live(client, begun["run_id"])
        found = client.call("GET", f"/runs/{begun['run_id']}/diff")
    print_json(ended | {"diff": found}) if as_json else screen.print(screens.differences(found))
    if ended["status"] != "succeeded":
        raise typer.Exit(RUN_FAILED)


@app.command()
def activate(version: Version, reason: Why, by: By = None, as_json: AsJson = False) -> None:
    """Use a rule set from now on, in all services, without a restart."""
    client = Client()
    with told():
        found = client.call("POST", f"/rules/{_whole(client, version)}/activate", json=_decision(by, reason))
    print_json(found) if as_json else screen.print(rule_screens.activated(found))


@app.command()
def rollback(reason: Why, by: By = None, as_json: AsJson = False) -> None:
    """Go back to the rules before the last activation; again: to those before them."""
    with told():
        found = Client().call("POST", "/rules/rollback", json=_decision(by, reason))
    print_json(found) if as_json else screen.print(rule_screens.activated(found))


def _decision(by: str | None, reason: str) -> dict[str, str]:
    return {"by": by or getpass.getuser(), "reason": reason}


def _whole(client: Client, version: str) -> str:
    """A version by its beginning."""
    sets: list[str] = [each["version"] for each in client.call("GET", "/rules")["sets"]]
    found = {each for each in [*sets, "shipped"] if each == version or (len(version) >= 4 and each.startswith(version))}
    if len(found) != 1:
        raise NoSuchError(f"{'more than one' if found else 'no'} rule set {version!r}; see `posthorn rules list`")
    return found.pop()


def _known_files(rules: dict[str, Any]) -> set[str]:
    return {name for each in rules["services"] if each["rules"] for name in each["rules"]["files"]}


def _read(given: str, known: set[str]) -> tuple[str, str]:
    """The name under config/ and the content of a file; the longest known name that a path ends with is meant."""
    name, _, path = given.rpartition("=")
    ending = f"/{Path(path).as_posix()}"
    name = name or max((each for each in known if ending.endswith(f"/{each}")), key=len, default="")
    if not name:
        raise NoSuchError(f"{path} is none of the rule files {', '.join(sorted(known))}; name it as NAME={path}")
    try:
        content = Path(path).read_bytes()
        return name, base64.b64encode(content).decode() if name.endswith(".gz") else content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise NoSuchError(f"{path} cannot be read: {error}") from error
