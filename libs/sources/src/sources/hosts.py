"""How each host of a source is treated: requests at once, pace, and when it wants to be left alone."""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta

from aiolimiter import AsyncLimiter

from sources.settings import SourceSettings

#: Hosts that are remembered; beyond them the one that was asked longest ago is forgotten.
_MOST_HOSTS = 1000


class Host:
    """One host; `slots` and `pace` are entered for each request."""

    def __init__(self, settings: SourceSettings) -> None:
        self.slots = asyncio.Semaphore(settings.concurrency)
        # One token a request: a burst of 60 at once is what boards call impolite.
        self.pace = AsyncLimiter(1, 60 / settings.requests_per_minute)
        self._closed_until: datetime | None = None

    def close(self, seconds: float, now: datetime) -> None:
        """Ask nothing for so long: the host said so."""
        until = now + timedelta(seconds=min(seconds, 10**9))
        self._closed_until = max(self._closed_until or until, until)

    def closed_for(self, now: datetime) -> float:
        """Seconds until the host may be asked again; 0 if it may now."""
        return max(0.0, (self._closed_until - now).total_seconds()) if self._closed_until else 0.0


class Hosts:
    """The hosts of a source by name; each has the source's settings to itself."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        self._known: OrderedDict[str, Host] = OrderedDict()

    def of(self, name: str) -> Host:
        """The host of this name, the same object as long as it is in use."""
        host = self._known.get(name)
        if host is None:
            host = self._known[name] = Host(self._settings)
            if len(self._known) > _MOST_HOSTS:
                self._known.popitem(last=False)
        self._known.move_to_end(name)
        return host
