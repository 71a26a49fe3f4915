"""How routes reach what the process has wired."""

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

if TYPE_CHECKING:
    from extractor.wiring import Wiring


def wiring(request: Request) -> "Wiring":
    """What this process has wired."""
    return cast("Wiring", request.app.state.wiring)


Wired = Annotated["Wiring", Depends(wiring)]
