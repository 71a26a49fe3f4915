"""Serves the app of a service until SIGTERM, and ends the process when that is all that helps."""

import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

import uvicorn
from fastapi import FastAPI

from common.messaging import judge
from common.settings import ServiceSettings
from common.telemetry import configure_logging, configure_tracing
from common.web.stall import stall_watch
from common.web.standby import keep_serving

#: Seconds that HTTP requests under way have to end at a stop.
_REQUEST_SECONDS = 4
#: Seconds after which the kernel ends a process that has been told to stop; all bounds together are shorter.
_STOP_SECONDS = 25
S = TypeVar("S", bound=ServiceSettings)


class _Server(uvicorn.Server):
    """Also stops when the wiring breaks under the app, and never takes longer to stop than it may."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, settings: ServiceSettings) -> None:
        super().__init__(config)
        self._app = app
        self._settings = settings

    async def on_tick(self, counter: int) -> bool:
        if self._app.state.failed:
            signal.alarm(_STOP_SECONDS)
            return True
        return await super().on_tick(counter)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        async with stall_watch(self._settings.stall_seconds, self._settings.stall_processor_seconds):
            await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:  # a terminal tells us and who stands by for us, who passes it on
            return
        signal.alarm(_STOP_SECONDS)
        super().handle_exit(sig, frame)


def run_service(
    service: str, settings: S, create_app: Callable[[S], FastAPI], get_ready: Callable[[], object] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT: stop listening, finish requests, unwire. A worker that dies is replaced.

    `get_ready` reads once what every worker would read again; a service whose stages have trials (see
    `common.messaging.judge`) gets their readers ready with it, and each of its workers has a judge beside it.
    """
    configure_logging(service, settings.log_level)
    if get_ready is not None:
        get_ready()
    app = create_app(settings)

    def work() -> None:
        if get_ready is not None:
            judge.keep_ready()
        _serve(service, settings, app)

    keep_serving(work)


def _serve(service: str, settings: ServiceSettings, app: FastAPI) -> None:
    configure_tracing(service, settings.otel_exporter_otlp_endpoint)
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, log_config=None, access_log=False,
        timeout_graceful_shutdown=_REQUEST_SECONDS, lifespan="on",
    )  # fmt: skip
    server = _Server(config, app, settings)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn passes Ctrl-C on when it has stopped
        server.run()
    if app.state.failed or not server.started:
        sys.exit(1)
