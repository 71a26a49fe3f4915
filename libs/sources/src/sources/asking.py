"""Asks a source as often and as patiently as is polite: pace, quotas, robots.txt, retries, redirects."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import httpx

from sources.errors import SourceRejectedError, SourceUnavailableError
from sources.exchange import Answer, Request, parsed
from sources.hosts import Host, Hosts
from sources.redaction import Redaction
from sources.retry import exhausted_for, is_transient, pause, retry_after
from sources.robots import Robots
from sources.settings import SourceSettings, variable_of
from sources.wire import Wire

_MAX_REDIRECTS = 5


class Gate(Protocol):
    """Lets requests through, as far as the source's quotas go."""

    async def book(self) -> None:
        """Count one request ahead of it; SourceUnavailableError where a quota leaves none."""


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance as a client meets them; `jitter` gives a number in 0..1."""

    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random


class Asking:
    """The way of a source's requests, shared by all its fetches of a process."""

    def __init__(
        self, name: str, settings: SourceSettings, wire: Wire, redaction: Redaction, gate: Gate | None, clock: Clock
    ) -> None:
        self._name = name
        self._settings = settings
        self._wire = wire
        self._redaction = redaction
        self._gate = gate
        self._clock = clock
        self._hosts = Hosts(settings)
        self._robots = Robots(self._robots_text, clock.now) if settings.respect_robots else None

    async def answer(self, asked: Request, answers: Counter[str]) -> Answer:
        """The answer at the end of all redirects, retried while it may help; `answers` counts what came on the way."""
        for _ in range(_MAX_REDIRECTS + 1):
            answer = await self._patiently(asked, answers)
            target = answer.redirect
            if target is None:
                self._check_status(asked, answer)
                return answer
            if not asked.same_origin(target) and self._redaction.holds(str(target)):
                raise SourceRejectedError("redirect_invalid", f"redirected with our credentials to {target.host}")
            asked = asked.redirected(target, answer.status)
        raise SourceRejectedError("too_many_redirects", f"{self._name} redirects more than {_MAX_REDIRECTS} times")

    async def _patiently(self, asked: Request, answers: Counter[str]) -> Answer:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._attempt(asked, answers)
            except SourceUnavailableError as error:
                wait = pause(self._settings, attempt, error.delay, self._clock.jitter())
                if wait is None:
                    raise
                await self._clock.sleep(wait)

    async def _attempt(self, asked: Request, answers: Counter[str]) -> Answer:
        url = _parsed_url(self._name, asked)
        if self._robots is not None and not asked.plain:
            await self._robots.check(url)
        host = self._hosts.of(url.netloc.decode())
        async with host.slots, host.pace:
            await self._until_open(host)
            if self._gate is not None:
                await self._gate.book()
            try:
                answer = await self._wire.send(asked)
            except SourceUnavailableError:
                answers["none"] += 1
                raise
        answers["429" if answer.status == 429 else f"{answer.status // 100}xx"] += 1
        self._mind_limits(host, answer)
        return answer

    async def _until_open(self, host: Host) -> None:
        wait = host.closed_for(self._clock.now())
        if wait > self._settings.max_retry_after:
            said = f"{self._name} wants to be asked again in {wait:.0f} s only"
            raise SourceUnavailableError("rate_limited", said, wait)
        if wait:
            await self._clock.sleep(wait)

    def _mind_limits(self, host: Host, answer: Answer) -> None:
        """Close the host where it says that nothing is left; SourceUnavailableError where it is worth a retry."""
        now = self._clock.now()
        named = [exhausted_for(answer.headers, now)]
        if is_transient(answer.status):
            named.append(retry_after(answer.headers, now))
        wait = max((seconds for seconds in named if seconds is not None), default=None)
        if wait is not None:
            host.close(wait, now)
        if is_transient(answer.status):
            reason = "rate_limited" if answer.status == 429 else f"http_{answer.status}"
            raise SourceUnavailableError(reason, self._said(answer), wait)

    def _check_status(self, asked: Request, answer: Answer) -> None:
        status = answer.status
        if 200 <= status < 300 or (status == 304 and {"if-none-match", "if-modified-since"} & asked.headers.keys()):
            return
        said = self._said(answer)
        if status in {401, 403}:
            variables = " and ".join(variable_of(self._name, need) for need in self._settings.needs)
            refused = "it refuses us: see its terms, and set POSTHORN_CONTACT to an address that it can write to"
            said = f"{said}; {f'check {variables}' if variables else refused}"
        raise SourceRejectedError(f"http_{status}", said)

    def _said(self, answer: Answer) -> str:
        path = self._redaction.text(answer.url.path)
        return f"{self._name} answered {answer.status} {answer.reason_phrase} for {path}: {_excerpt(answer.body)}"

    async def _robots_text(self, address: str) -> str:
        asked = Request("GET", address, headers={"accept": "text/plain"}, plain=True)
        return (await self.answer(asked, Counter())).body.decode("utf-8", "replace")


def _parsed_url(name: str, asked: Request) -> httpx.URL:
    try:
        return parsed(asked.url)
    except httpx.InvalidURL as error:
        raise SourceRejectedError("address_invalid", f"{error}; check {variable_of(name, 'base_url')}") from None


def _excerpt(body: bytes) -> str:
    return " ".join(body[:400].decode("utf-8", errors="replace").split())[:200]
