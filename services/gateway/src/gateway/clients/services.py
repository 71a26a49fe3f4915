"""REST clients of the services behind the gateway."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx

from gateway.errors import service_unavailable
from gateway.settings import Settings

_TIMEOUT = httpx.Timeout(10.0, connect=3.0)


class Services:
    """One client per service; an unreachable service becomes problem details with status 503."""

    def __init__(self, clients: Mapping[str, httpx.AsyncClient]) -> None:
        self._clients = clients

    async def forward(self, service: str, request: httpx.Request) -> httpx.Response:
        """Send a request on and return the answer whole."""
        try:
            return await self._clients[service].send(request)
        except httpx.HTTPError as error:
            raise service_unavailable(service) from error

    def build(self, service: str, method: str, path: str, **options: Any) -> httpx.Request:
        """A request to a path of a service."""
        return self._clients[service].build_request(method, path, **options)

    async def get(self, service: str, path: str) -> Any | None:
        """The JSON at a path of a service; None where the service knows nothing of it."""
        answer = await self.forward(service, self.build(service, "GET", path))
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.is_error:
            raise service_unavailable(service)
        return answer.json()

    async def post(self, service: str, path: str, body: Any) -> Any:
        """The JSON that a service answers to a body."""
        answer = await self.forward(service, self.build(service, "POST", path, json=body))
        if answer.is_error:
            raise service_unavailable(service)
        return answer.json()


@asynccontextmanager
async def connect(settings: Settings, local: Mapping[str, httpx.AsyncBaseTransport]) -> AsyncIterator[Services]:
    """Clients for all services; `local` replaces the network for services that run in this process."""
    urls = {
        "extractor": settings.extractor_url,
        "normalizer": settings.normalizer_url,
        "enricher": settings.enricher_url,
        "ranker": settings.ranker_url,
        "notifier": settings.notifier_url,
        # Its own quarantine, in this process: asked for like that of the others.
        "gateway": "http://gateway",
    }
    async with AsyncExitStack() as stack:
        clients = {
            name: await stack.enter_async_context(
                httpx.AsyncClient(base_url=url, timeout=_TIMEOUT, transport=local.get(name), trust_env=False)
            )
            for name, url in urls.items()
        }
        yield Services(clients)
