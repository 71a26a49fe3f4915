"""What every command shares: where it prints, how it ends, and the words for errors."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

from posthorn.client import GatewayError, NoSuchError, UnreachableError

screen = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

REFUSED, UNREACHABLE, RUN_FAILED = 1, 3, 4
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def print_json(value: Any) -> None:
    """One JSON document on standard output, nothing else."""
    # What half a character stands for goes out as the escape that it came in as.
    text = json.dumps(value, indent=2, ensure_ascii=False).encode(errors="backslashreplace").decode()
    sys.stdout.write(text + "\n")


@contextmanager
def told() -> Iterator[None]:
    """Say what went wrong in a sentence and end with its exit code."""
    try:
        yield
    except (GatewayError, NoSuchError) as error:
        errors.print(f"[red]Error:[/] {_plain(error)}")
        raise typer.Exit(REFUSED) from error
    except UnreachableError as error:
        errors.print(f"[red]Error:[/] {_plain(error)}")
        raise typer.Exit(UNREACHABLE) from error


def _plain(error: Exception) -> str:
    return str(error).replace("[", r"\[")
