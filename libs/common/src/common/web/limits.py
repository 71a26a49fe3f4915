"""Refuses request bodies that are too large before anything reads them."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.web.problems import MEDIA_TYPE, Problem

MAX_BODY_BYTES = 2 * 1024 * 1024


class BodyLimit:
    """ASGI middleware: a body beyond the limit is answered with 413, also where its length was not announced."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the bytes of the body as the app reads them."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > MAX_BODY_BYTES:
            await _too_large(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            return message if read <= MAX_BODY_BYTES else {"type": "http.disconnect"}

        await self._app(scope, counted, send)


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    problem = Problem(title="Request body too large", status=413, detail=f"At most {MAX_BODY_BYTES} bytes.")
    answer = JSONResponse(problem.model_dump(exclude_none=True), 413, media_type=MEDIA_TYPE)
    await answer(scope, receive, send)
