"""Who may call: holders of the API key, or anyone on loopback where that is switched on."""

import secrets
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from common.web import ProblemError

if TYPE_CHECKING:
    from gateway.wiring import Wiring

_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The key set as POSTHORN_API_KEY.")


def wiring(request: Request) -> "Wiring":
    """What this process has wired."""
    return cast("Wiring", request.app.state.wiring)


async def require_key(request: Request, key: Annotated[str | None, Security(_header)]) -> None:
    """Refuse callers without the right key."""
    expected = wiring(request).settings.posthorn_api_key
    if expected is None:
        return
    if key is None or not secrets.compare_digest(key.encode(), expected.get_secret_value().encode()):
        raise ProblemError(
            401, "API key missing or wrong", "Send the key as X-API-Key.", {"WWW-Authenticate": "ApiKey"}
        )


Wired = Annotated["Wiring", Depends(wiring)]
