"""What goes wrong on demand: which requests it hits, and what they get instead of an answer."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from typing import Any, Literal, get_args

from fastapi import Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

FaultKind = Literal[
    "rate_limited", "server_error", "timeout", "html", "truncated", "slow", "changed_schema", "empty", "error_object",
    "broken_items", "detail_missing",
]  # fmt: skip
#: Items that no adapter can map, put in front of a page by the fault `broken_items`.
BROKEN_ITEMS: list[Any] = ["no object", {"title": None}, 17]
_FOREVER = 10**9
_WRITTEN = re.compile(r"(?:(?P<source>\w+):)?(?P<kind>\w+)=(?:(?P<times>\d+)x|(?P<share>[01]?(?:\.\d+)?))")


class Fault(BaseModel):
    """What goes wrong with requests of `source` ("": any) whose path starts with `path`, `times` times.

    `share` (0 to 1) of these requests are hit. `retry_after` and `delay` are seconds: the latter is how long a slow
    answer takes.
    """

    kind: FaultKind
    source: str = ""
    path: str = "/"
    times: int = Field(default=1, ge=0)
    share: float = Field(default=1, ge=0, le=1)
    retry_after: int | None = Field(default=None, ge=0)
    delay: float = Field(default=1, ge=0)

    def hits(self, source: str, path: str, *, is_detail: bool, chance: random.Random) -> bool:
        """Whether this request goes wrong; one of `times` is used up by it."""
        fits = self.times > 0 and self.source in {"", source} and path.startswith(self.path)
        if not fits or (self.kind == "detail_missing") != is_detail or chance.random() >= self.share:
            return False
        self.times -= 1
        return True


def parse_fault(written: str) -> Fault:
    """A fault as the command takes it: `html=0.1`, `lever:server_error=3x`; ValueError says what is known."""
    found = _WRITTEN.fullmatch(written)
    if found is None or found["kind"] not in get_args(FaultKind):
        kinds = ", ".join(get_args(FaultKind))
        raise ValueError(f"{written!r} is not [SOURCE:]KIND=SHARE with a share from 0 to 1, or KIND=3x; kinds: {kinds}")
    times = int(found["times"]) if found["times"] else _FOREVER
    return Fault(kind=found["kind"], source=found["source"] or "", times=times, share=float(found["share"] or 1))


async def failure(request: Request, fault: Fault, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """What is answered instead of this body."""
    retry = {"retry-after": str(fault.retry_after)} if fault.retry_after is not None else {}
    match fault.kind:
        case "rate_limited":
            return JSONResponse({"message": "Too many requests"}, 429, headers=headers | retry)
        case "server_error":
            return Response("upstream connect error", 503, headers=headers | retry, media_type="text/plain")
        case "timeout":
            while (await request.receive())["type"] != "http.disconnect":
                pass
            return Response(status_code=504)
        case "html":
            return Response("<!DOCTYPE html><html><body>Just a moment...</body></html>", media_type="text/html")
        case "error_object":
            return JSONResponse({"status": "ERROR", "error": {"message": "quota exceeded", "code": 1001}})
        case "detail_missing":
            return JSONResponse({"message": "Not found"}, 404, headers=headers)
        case "slow":
            return StreamingResponse(_drip(body, fault.delay), media_type=media_type, headers=headers)
        case "changed_schema":
            return Response(_renamed(body), media_type=media_type, headers=headers)
    return Response(body[: len(body) // 2], media_type=media_type, headers=headers)


def _renamed(body: bytes) -> bytes:
    """The page of a provider that has given all its fields other names."""
    if body.lstrip().startswith(b"<"):
        return re.sub(rb"<(/?)([a-zA-Z:]+)", rb"<\1new_\2", body)
    return json.dumps(_with_new_names(json.loads(body))).encode()


def _with_new_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {f"new_{key}": _with_new_names(entry) for key, entry in value.items()}
    return [_with_new_names(entry) for entry in value] if isinstance(value, list) else value


async def _drip(body: bytes, delay: float) -> AsyncIterator[bytes]:
    """The body in ten parts, spread over `delay` seconds."""
    step = max(1, len(body) // 10)
    for start in range(0, len(body), step):
        await asyncio.sleep(delay / 10)
        yield body[start : start + step]
