"""One HTTP client per source, made at first use from the source's settings."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from common.contracts import SourceQuery
from sources.adapter import SourceAdapter
from sources.asking import Gate
from sources.client import SourceClient
from sources.errors import SourceRejectedError
from sources.quota import Quota
from sources.settings import SourceSettings, source_settings, variable_of

MakeClient = Callable[[str, SourceSettings], SourceClient]
#: What keeps the quotas of a source, told its name and them.
MakeGate = Callable[[str, Sequence[Quota]], Gate]


class Provider(Protocol):
    """A source of postings, or of what is known of companies."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> SourceSettings: ...


class Providers:
    """The clients of this process; all fetches of a source share its limits."""

    def __init__(self, make: MakeClient = SourceClient) -> None:
        self._make = make
        self._clients: dict[str, SourceClient] = {}
        self.gate: MakeGate | None = None

    def client(self, adapter: Provider) -> SourceClient:
        """The source's client; SourceRejectedError where its settings in the environment are wrong."""
        client = self._clients.get(adapter.name)
        if client is None:
            settings = source_settings(adapter.name, adapter.settings)
            make = self._make
            if self.gate is not None and settings.quotas:
                make = partial(SourceClient, gate=self.gate(adapter.name, settings.quotas))
            client = self._clients[adapter.name] = make(adapter.name, settings)
        return client

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()


def describe(adapter: SourceAdapter) -> dict[str, Any]:
    """What a source is (in the adapter's own words), where it lives, and what is missing to read it."""
    module = sys.modules.get(type(adapter).__module__)
    documented = adapter.__doc__ or (module.__doc__ if module else None) or ""
    missing = adapter.check(SourceQuery(source=adapter.name))
    settings = adapter.settings
    try:
        settings = source_settings(adapter.name, settings)
    except SourceRejectedError as error:
        missing.append(str(error))
    return {
        "name": adapter.name,
        "description": documented.strip().split("\n\n")[0],
        "missing": missing,
        "base_url": settings.base_url,
        "credentials_missing": [variable_of(adapter.name, n) for n in settings.needs if n not in settings.credentials],
    }
