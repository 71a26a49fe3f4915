"""The gateway's FastAPI app."""

from collections.abc import Mapping

import httpx
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from common.web import create_service_app
from gateway.routes import router
from gateway.settings import Settings
from gateway.wiring import SERVICE, wire

_LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]


def create_app(settings: Settings, local: Mapping[str, httpx.AsyncBaseTransport] | None = None) -> FastAPI:
    """The app; `local` are transports to services of the same process instead of the network."""
    app = create_service_app(SERVICE, lambda: wire(settings, local or {}), router, public=True)
    if settings.auth_disabled:
        # Without a key, a web page must not reach us under a host name of its own (DNS rebinding).
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=_LOOPBACK)
    return app
