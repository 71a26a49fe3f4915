"""`posthorn fake-provider`: serves until Ctrl-C and prints the variables that lead Posthorn to it."""

from pathlib import Path

import typer
import uvicorn

from posthorn.fake_provider.addresses import base_url
from posthorn.fake_provider.app import Provider, create_provider
from posthorn.fake_provider.faults import parse_fault
from posthorn.fake_provider.saved import Saved, saved_boards
from posthorn.output import screen
from sources.registry import adapter_of, adapters


def run_fake_provider(port: int, sources: list[str], payloads: Path | None, postings: int, faults: list[str]) -> None:
    """Serve these sources (none named: all that are on the web); typer.BadParameter for what cannot be."""
    known = [name for name in adapters() if base_url(name, "")]
    if unknown := [name for name in sources if name not in known]:
        raise typer.BadParameter(f"no such source on the web: {', '.join(unknown)}; known: {', '.join(known)}")
    try:
        parsed = [parse_fault(written) for written in faults]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    boards = _boards(payloads, sources or known) if payloads else {}
    provider = Provider(boards, postings, parsed, url=f"http://127.0.0.1:{port}", only=frozenset(sources))
    for variable, value in provider.environment.items():
        screen.print(f"export {variable}={value}", markup=False, soft_wrap=True)
    screen.print(f"# {_described(boards, postings)} at {provider.url}; stop with Ctrl-C", markup=False, soft_wrap=True)
    uvicorn.run(create_provider(provider), host="127.0.0.1", port=port, log_level="warning", lifespan="off")


def _boards(folder: Path, sources: list[str]) -> dict[str, dict[str, Saved]]:
    """The payloads of a folder that has one for each source; a board's name is also that of a source without boards."""
    if not folder.is_dir():
        raise typer.BadParameter(f"there is no folder {folder}")
    found = {name: saved_boards(adapter_of(name), folder / name) for name in sources if (folder / name).is_dir()}
    if not found:
        raise typer.BadParameter(f"{folder} has no folder of a source ({', '.join(sources)})")
    return found


def _described(boards: dict[str, dict[str, Saved]], postings: int) -> str:
    given = ", ".join(f"{source}: {', '.join(found)}" for source, found in boards.items())
    return f"saved payloads of {given}; {postings} generated postings of the rest" if given else f"{postings} postings"
