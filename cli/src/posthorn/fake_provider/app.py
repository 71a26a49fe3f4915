"""The server: finds the source by the first part of the path, the board and the page by its wire, and answers."""

import json
import random
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from posthorn.fake_provider.addresses import base_url, environment, key_of
from posthorn.fake_provider.faults import BROKEN_ITEMS, Fault, failure
from posthorn.fake_provider.generated import Generated
from posthorn.fake_provider.saved import Saved
from posthorn.fake_provider.shapes import Shape, shape_of
from posthorn.fake_provider.wires import ANY, WIRES, Asked, Wire
from sources.registry import adapter_of, adapters

#: Requests that are remembered.
_REMEMBERED = 10_000
#: What the headers say is allowed.
_ALLOWED = 100_000


class Entries(Protocol):
    """The entries of a board: generated or given."""

    def __len__(self) -> int: ...
    def entry(self, index: int, part: str | None = None) -> bytes:
        """One entry, rendered."""
        ...

    def index_of(self, text: str) -> int | None:
        """The position of the entry with this id."""
        ...


@dataclass
class Provider:
    """What is served, what goes wrong, what was asked for, and where the server listens once it runs.

    `boards` are given entries by source and board; of a source that is not among them, every board has `postings`
    generated ones. `only` these sources are served, all if it is empty. `faults` may be changed while it runs.
    """

    boards: Mapping[str, Mapping[str, Saved]] = field(default_factory=dict)
    postings: int = 100
    faults: list[Fault] = field(default_factory=list)
    url: str = ""
    only: frozenset[str] = frozenset()
    seen: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _boards: dict[tuple[str, str], Entries | None] = field(default_factory=dict)
    _shapes: dict[str, Shape] = field(default_factory=dict)
    _chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - which request fails is no secret

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The latest requests, oldest first."""
        return list(self.seen)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the sources ask this server."""
        return environment(self.url, self.only)

    def entries(self, source: str, board: str) -> Entries | None:
        """The board's entries; None where there is no such board."""
        if (source, board) not in self._boards:
            self._boards[source, board] = self._made(source, board)
        return self._boards[source, board]

    def _made(self, source: str, board: str) -> Entries | None:
        given = self.boards.get(source)
        if given is None:
            return Generated(adapter_of(source), self.shape(source), board, self.postings)
        # A source without boards in its addresses serves all that was saved of it; a board may name its site, too.
        return given.get(board.partition("/")[0]) if board or board in given else _all(given)

    def shape(self, source: str) -> Shape:
        """How the pages of the source are made."""
        if source not in self._shapes:
            self._shapes[source] = shape_of(adapter_of(source))
        return self._shapes[source]

    def fault_for(self, source: str, path: str, *, is_detail: bool) -> Fault | None:
        """The next fault of this request, used up by this call."""
        for fault in self.faults:
            if fault.hits(source, path, is_detail=is_detail, chance=self._chance):
                return fault
        return None


def create_provider(provider: Provider) -> FastAPI:
    """The server's application; `POST /_faults` and `GET /_requests` are for other processes."""
    app = FastAPI(openapi_url=None)

    @app.post("/_faults")
    async def add_fault(fault: Fault) -> int:
        provider.faults.append(fault)
        return len(provider.faults)

    @app.delete("/_faults")
    async def forget_faults() -> int:
        provider.faults.clear()
        return 0

    @app.get("/_requests")
    async def requests() -> list[dict[str, Any]]:
        return provider.requests

    async def source(request: Request) -> Response:
        name, _, path = request.url.path[1:].partition("/")
        if name not in adapters() or not base_url(name, "") or (provider.only and name not in provider.only):
            return JSONResponse({"message": f"no source {name!r}"}, 404)
        return await _answer(provider, name, f"/{path}", request)

    # Starlette's own route: nothing of what FastAPI would look up is needed for a page.
    app.router.add_route("/{path:path}", source, methods=["GET", "POST"])
    return app


async def _answer(provider: Provider, source: str, path: str, request: Request) -> Response:
    query = dict(request.query_params)
    provider.seen.append({"source": source, "path": path, "params": query, "headers": dict(request.headers)})
    if missing := [n for n in adapter_of(source).settings.needs if not _shown(key_of(source, n), request, query)]:
        return JSONResponse({"message": f"missing {', '.join(missing)}"}, 401)
    wire = WIRES.get(source, ANY)
    body = await _object(request) if request.method == "POST" else {}
    detail = wire.detail.fullmatch(path) if wire.detail and request.method == "GET" else None
    listed = wire.pattern.fullmatch(path) if not detail and request.method == wire.method else None
    found = detail or listed
    entries = provider.entries(source, found.groupdict().get("board") or "") if found else None
    if found is None or entries is None:
        return JSONResponse({"message": f"{source} has nothing at {path}"}, 404)
    asked = Asked(found.groupdict(), query, body)
    if (other := wire.other(asked)) is not None:
        return JSONResponse(other, headers=_headers(provider))
    fault = provider.fault_for(source, path, is_detail=detail is not None)
    kind = fault.kind if fault else None
    shape = provider.shape(source)
    if detail is not None:
        index = entries.index_of(detail["id"])
        if index is None:
            return JSONResponse({"message": "no such posting"}, 404)
        content = entries.entry(index, "detail")
    else:
        content = _page(shape, wire, entries, asked, kind)
    headers = _headers(provider)
    if fault is None or kind in {"empty", "broken_items"}:
        return Response(content, media_type=shape.media_type, headers=headers)
    return await failure(request, fault, content, shape.media_type, headers)


def _page(shape: Shape, wire: Wire, entries: Entries, asked: Asked, kind: str | None) -> bytes:
    cut = wire.paging(asked, 0 if kind == "empty" else len(entries))
    part = "head" if wire.detail else None
    shown = [entries.entry(n, part) for n in range(cut.start, cut.start + cut.held)]
    if kind == "broken_items":
        shown = [*map(shape.broken, BROKEN_ITEMS), *shown]
    return shape.page(shown, wire.counts(cut))


def _all(given: Mapping[str, Saved]) -> Saved:
    return Saved([entry for saved in given.values() for entry in saved.entries])


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _shown(key: str, request: Request, query: dict[str, str]) -> bool:
    return key in query.values() or any(key in value for value in request.headers.values())


def _headers(provider: Provider) -> dict[str, str]:
    left = max(0, _ALLOWED - len(provider.seen))
    return {"x-ratelimit-limit": str(_ALLOWED), "x-ratelimit-remaining": str(left), "set-cookie": "session=secret"}


@contextmanager
def running_provider(provider: Provider, port: int = 0) -> Iterator[Provider]:
    """The provider on a port (0: a free one) of this process, in a thread of its own."""
    config = uvicorn.Config(
        create_provider(provider), host="127.0.0.1", port=port, log_level="warning", lifespan="off",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
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
