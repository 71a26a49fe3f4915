"""A stand-in for Greenhouse, Lever and JSearch: their wire formats over given payloads, and faults on demand."""

import argparse
import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from tests.support.payloads import Payloads, load

FaultKind = Literal[
    "rate_limited", "server_error", "html", "truncated", "slow", "empty", "error_object", "broken_items"
]
#: Items that no adapter can map, put in front of a page by the fault `broken_items`.
BROKEN_ITEMS: list[Any] = ["no object", {"title": None}, 17]


class Fault(BaseModel):
    """What goes wrong with requests whose path starts with `path`, `times` times; seconds for the two times."""

    kind: FaultKind
    path: str = "/"
    times: int = 1
    retry_after: int | None = None
    delay: float = 1.0


@dataclass
class Provider:
    """What is served, what goes wrong, what was asked for, and where the server listens once it runs."""

    payloads: Payloads
    faults: list[Fault] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the sources ask this server."""
        names = ("JSEARCH_BASE_URL", "GREENHOUSE_BASE_URL", "LEVER_BASE_URL")
        return dict.fromkeys(names, self.url) | {"JSEARCH_API_KEY": "test-key"}

    def fault_for(self, path: str) -> Fault | None:
        """The next fault of the path, used up by this call."""
        for fault in self.faults:
            if fault.times > 0 and path.startswith(fault.path):
                fault.times -= 1
                return fault
        return None


def create_provider(provider: Provider) -> FastAPI:
    """The server's application; `POST /_faults` and `GET /_requests` are for tests in other processes."""
    app = FastAPI(openapi_url=None)

    @app.get("/v1/boards/{board}/jobs")
    async def greenhouse(request: Request, board: str, content: bool = False) -> Response:
        jobs = provider.payloads.greenhouse.get(board)
        if jobs is None:
            return JSONResponse({"status": 404, "error": "Job not found"}, 404)
        shown = jobs if content else [{k: v for k, v in job.items() if k != "content"} for job in jobs]
        return await _answer(provider, request, shown, lambda page: {"jobs": page, "meta": {"total": len(jobs)}})

    @app.get("/v0/postings/{board}")
    async def lever(request: Request, board: str, skip: int = 0, limit: int = 100) -> Response:
        postings = provider.payloads.lever.get(board)
        if postings is None:
            return JSONResponse({"ok": False, "error": "Document not found"}, 404)
        return await _answer(provider, request, postings[skip : skip + limit], lambda page: page)

    @app.get("/jsearch/search")
    async def jsearch(request: Request, page: int = 1, num_pages: int = 1) -> Response:
        if not request.headers.get("x-api-key"):
            return JSONResponse({"message": "Missing API key"}, 401)
        found = provider.payloads.jsearch[(page - 1) * 10 : (page - 1 + num_pages) * 10]
        envelope = {"status": "OK", "request_id": f"stand-in-{page}", "parameters": dict(request.query_params)}
        return await _answer(provider, request, found, lambda data: {**envelope, "data": data})

    @app.post("/_faults")
    async def add_fault(fault: Fault) -> int:
        provider.faults.append(fault)
        return len(provider.faults)

    @app.get("/_requests")
    async def requests() -> list[dict[str, Any]]:
        return provider.requests

    return app


async def _answer(provider: Provider, request: Request, items: list[Any], envelope: Any) -> Response:
    path = request.url.path
    provider.requests.append({"path": path, "params": dict(request.query_params), "headers": dict(request.headers)})
    fault = provider.fault_for(path)
    headers = {"x-ratelimit-remaining": str(max(0, 1000 - len(provider.requests))), "set-cookie": "session=secret"}
    if fault is None:
        return JSONResponse(envelope(items), headers=headers)
    if fault.kind == "broken_items":
        return JSONResponse(envelope([*BROKEN_ITEMS, *items]), headers=headers)
    if fault.kind == "empty":
        return JSONResponse(envelope([]), headers=headers)
    if fault.kind == "slow":
        return StreamingResponse(
            _drip(json.dumps(envelope(items)).encode(), fault.delay), media_type="application/json"
        )
    return _failure(fault, json.dumps(envelope(items)))


def _failure(fault: Fault, body: str) -> Response:
    retry = {"retry-after": str(fault.retry_after)} if fault.retry_after is not None else {}
    if fault.kind == "rate_limited":
        return JSONResponse({"message": "Too many requests"}, 429, headers=retry)
    if fault.kind == "server_error":
        return Response("upstream connect error", 503, headers=retry, media_type="text/plain")
    if fault.kind == "html":
        return Response("<!DOCTYPE html><html><body>Just a moment...</body></html>", media_type="text/html")
    if fault.kind == "error_object":
        return JSONResponse({"status": "ERROR", "error": {"message": "quota exceeded", "code": 1001}})
    return Response(body[: len(body) // 2], media_type="application/json")


async def _drip(body: bytes, delay: float) -> AsyncIterator[bytes]:
    """The body in ten parts, spread over `delay` seconds."""
    step = max(1, len(body) // 10)
    for start in range(0, len(body), step):
        await asyncio.sleep(delay / 10)
        yield body[start : start + step]


@contextmanager
def running_provider(payloads: Payloads) -> Iterator[Provider]:
    """A provider on a free port of this process; its faults may be changed while it runs."""
    provider = Provider(payloads)
    config = uvicorn.Config(create_provider(provider), host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    sock = config.bind_socket()
    provider.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    # The socket listens before the thread runs, so that a request made at once waits instead of being refused.
    sock.listen(128)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(10)


def main() -> None:
    """Serve the payloads of a folder until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with greenhouse/, lever/ and jsearch/")
    parser.add_argument("--port", type=int, default=8090)
    given = parser.parse_args()
    payloads = load(given.data)
    boards = f"{len(payloads.greenhouse)} Greenhouse and {len(payloads.lever)} Lever boards"
    print(f"{payloads.postings} postings on {boards} and in JSearch: http://127.0.0.1:{given.port}", flush=True)  # noqa: T201 - a command
    uvicorn.run(create_provider(Provider(payloads)), host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
