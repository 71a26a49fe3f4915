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
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


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
