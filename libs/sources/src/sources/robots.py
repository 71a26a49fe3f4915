"""robots.txt (RFC 9309), for sources that read pages made for people."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from protego import Protego

from sources.errors import SourceRejectedError, SourceUnavailableError

#: The name that rules are looked up by.
AGENT = "posthorn"
#: Seconds after which rules are asked for again, and after which a server that could not say them is.
_KEPT, _LATER = 3600.0, 300.0
_MOST_HOSTS = 1000


@dataclass
class _Known:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    until: datetime | None = None
    rules: Protego | SourceUnavailableError | None = None


class Robots:
    """The rules of each host, asked for once an hour; `fetch` gives the text at a URL or raises a SourceError."""

    def __init__(self, fetch: Callable[[str], Awaitable[str]], now: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._now = now
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def check(self, url: httpx.URL) -> None:
        """SourceRejectedError where the host forbids the page; SourceUnavailableError where its rules are away."""
        origin = str(url.copy_with(path="/", query=None, fragment=None))
        known = self._known.setdefault(origin, _Known())
        self._known.move_to_end(origin)
        if len(self._known) > _MOST_HOSTS:
            self._known.popitem(last=False)
        async with known.lock:
            if known.until is None or known.until <= self._now():
                known.rules = await self._rules(f"{origin}robots.txt")
                lasting = _LATER if isinstance(known.rules, SourceUnavailableError) else _KEPT
                known.until = self._now() + timedelta(seconds=lasting)
        if isinstance(known.rules, SourceUnavailableError):
            raise SourceUnavailableError(known.rules.reason, known.rules.detail, known.rules.delay)
        if known.rules is not None and not known.rules.can_fetch(str(url), AGENT):
            raise SourceRejectedError("robots_disallowed", f"{origin}robots.txt forbids reading {url.path}")

    async def _rules(self, address: str) -> Protego | SourceUnavailableError | None:
        """None where there are none: a host that refuses to show its rules has none (RFC 9309, 2.3.1.3)."""
        try:
            return Protego.parse(await self._fetch(address))
        except SourceUnavailableError as error:
            return SourceUnavailableError("robots_unavailable", f"{address}: {error}", max(_LATER, error.delay or 0))
        except SourceRejectedError as error:
            if error.reason.startswith("http_4"):
                return None
            raise
