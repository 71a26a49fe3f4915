"""The manners of the HTTP client."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sources.asking import Gate
from sources.client import SourceClient
from sources.errors import SourceRejectedError, SourceUnavailableError
from sources.settings import SourceSettings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Answer = httpx.Response | Exception


class Wire:
    """A transport that gives prepared answers, the last one again and again, and notes requests and pauses."""

    def __init__(self, *answers: Answer | Callable[[], httpx.Response]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.now = NOW

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    def client(self, *, gate: Gate | None = None, **settings: Any) -> SourceClient:
        given = {"base_url": "https://api.example", "requests_per_minute": 60_000, "backoff": 1, **settings}
        return SourceClient(
            "jsearch",
            SourceSettings.model_validate(given),
            gate=gate,
            transport=httpx.MockTransport(self),
            sleep=self.sleep,
            now=lambda: self.now,
            jitter=lambda: 1.0,
        )


def status(code: int, **headers: str) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(code, headers={k.replace("_", "-"): v for k, v in headers.items()}, text="busy")


def ok(value: Any = None) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(200, json=value if value is not None else {"jobs": []})


async def test_an_answer_keeps_limits_and_drops_secrets() -> None:
    headers = {
        "X-RateLimit-Remaining": "9",
        "Set-Cookie": "s=1",
        "Authorization": "echo",
        "Retry-After": "5",
        "Server": "x",
    }
    wire = Wire(lambda: httpx.Response(200, json={"jobs": [1]}, headers=headers))
    async with wire.client(credentials={"api_key": "canary-key"}) as client:
        page = await client.get("/v1/jobs", {"page": 2}, {"x-api-key": client.credential("api_key")})
    assert page.endpoint == "https://api.example/v1/jobs"
    assert (page.payload, page.status, page.params) == ({"jobs": [1]}, 200, {"page": 2})
    assert page.headers == {"x-ratelimit-remaining": "9", "retry-after": "5"}
    assert (page.sent_at, page.received_at) == (NOW, NOW)
    assert wire.requests[0].headers["x-api-key"] == "canary-key"
    assert "canary-key" not in repr(page)
    assert "canary-key" not in repr(client.settings)


async def test_the_user_agent_names_a_contact() -> None:
    wire = Wire(ok())
    async with wire.client(contact="https://acme.example/bot") as client:
        await client.get("/")
    assert wire.requests[0].headers["user-agent"] == "posthorn/0.1.0 (+https://acme.example/bot)"


@pytest.mark.parametrize("body", ["<!DOCTYPE html>", '{"cut": ', ""])
async def test_what_is_no_json_comes_back_as_text(body: str) -> None:
    async with Wire(lambda: httpx.Response(200, text=body)).client() as client:
        assert (await client.get("/")).payload == body


async def test_overload_is_retried_with_growing_pauses() -> None:
    wire = Wire(status(503), status(500), status(429), ok({"jobs": ["late"]}))
    async with wire.client() as client:
        assert (await client.get("/")).payload == {"jobs": ["late"]}
    assert wire.slept == [1, 2, 4]


async def test_retry_after_is_obeyed() -> None:
    wire = Wire(status(429, retry_after="7"), ok())
    async with wire.client() as client:
        await client.get("/")
    assert wire.slept == [7]


async def test_a_long_retry_after_is_handed_to_the_caller() -> None:
    wire = Wire(status(429, retry_after="3600"))
    async with wire.client() as client:
        with pytest.raises(SourceUnavailableError) as failure:
            await client.get("/")
    assert (failure.value.reason, failure.value.delay, wire.slept) == ("rate_limited", 3600, [])


async def test_after_the_last_attempt_the_source_is_unavailable() -> None:
    wire = Wire(httpx.ConnectError("refused"))
    async with wire.client(attempts=3) as client:
        with pytest.raises(SourceUnavailableError) as failure:
            await client.get("/")
    assert (failure.value.reason, failure.value.delay, len(wire.requests)) == ("connection_failed", None, 3)


@pytest.mark.parametrize("code", [300, 400, 401, 403, 404, 410, 422])
async def test_a_refusal_is_final_and_quotes_the_answer(code: int) -> None:
    wire = Wire(lambda: httpx.Response(code, text="no such\n board", headers={"location": "http://169.254.169.254/"}))
    async with wire.client() as client:
        with pytest.raises(SourceRejectedError) as failure:
            await client.get("/v1/boards/acme/jobs")
    assert failure.value.reason == f"http_{code}"
    assert "no such board" in failure.value.detail
    assert "/v1/boards/acme/jobs" in failure.value.detail
    assert len(wire.requests) == 1


async def test_a_missing_key_names_the_variable() -> None:
    with pytest.raises(SourceRejectedError, match="JSEARCH_API_KEY"):
        Wire(ok()).client().credential("api_key")


async def test_a_wrong_base_url_names_the_variable() -> None:
    with pytest.raises(SourceRejectedError, match="JSEARCH_BASE_URL"):
        await SourceClient("jsearch", SourceSettings(base_url="nonsense://x")).get("/")


async def test_an_answer_over_the_cap_is_refused_before_it_is_whole() -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 1000

    wire = Wire(lambda: httpx.Response(200, content=endless()))
    async with wire.client(max_response_bytes=10_000) as client:
        with pytest.raises(SourceRejectedError, match="response_too_large"):
            await client.get("/")
    assert sent <= 12


async def test_a_drip_that_never_ends_runs_into_the_time_limit() -> None:
    async def drip() -> Any:
        yield b"["
        await asyncio.Event().wait()

    wire = Wire(lambda: httpx.Response(200, content=drip()))
    async with wire.client(timeout=0.05, attempts=1) as client:
        with pytest.raises(SourceUnavailableError, match="timeout"):
            await client.get("/")


async def test_no_more_requests_at_once_than_allowed() -> None:
    running = most = 0
    release = asyncio.Event()

    async def slow(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 2:
            release.set()
        await release.wait()
        running -= 1
        return httpx.Response(200, json=[])

    settings = SourceSettings(base_url="https://api.example", requests_per_minute=60_000, concurrency=2)
    async with SourceClient("lever", settings, transport=httpx.MockTransport(slow)) as client:
        await asyncio.gather(*(client.get("/") for _ in range(6)))
    assert most == 2


async def test_requests_are_spread_over_the_minute() -> None:
    loop = asyncio.get_running_loop()
    settings = SourceSettings(base_url="https://api.example", requests_per_minute=1200)
    async with SourceClient("lever", settings, transport=httpx.MockTransport(Wire(ok()))) as client:
        start = loop.time()
        await asyncio.gather(*(client.get("/") for _ in range(4)))
        # The first goes at once, the others 50 ms apart.
        assert loop.time() - start >= 0.14


async def test_each_host_has_its_own_pace() -> None:
    loop = asyncio.get_running_loop()
    settings = SourceSettings(base_url="https://{board}.example", requests_per_minute=300)
    async with SourceClient("recruitee", settings, transport=httpx.MockTransport(Wire(ok()))) as client:
        start = loop.time()
        await asyncio.gather(*(client.get("/", host={"board": name}) for name in ("a", "b", "c", "d")))
        assert loop.time() - start < 0.4


async def test_a_used_up_limit_is_waited_for_before_the_next_request() -> None:
    used_up = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}
    wire = Wire(lambda: httpx.Response(200, json=[], headers=used_up), ok())
    async with wire.client() as client:
        await client.get("/")
        assert wire.slept == []
        await client.get("/")
    assert wire.slept == [12]


async def test_a_limit_used_up_for_hours_is_not_tried_again() -> None:
    used_up = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 7200)}
    wire = Wire(lambda: httpx.Response(200, json=[], headers=used_up))
    async with wire.client() as client:
        await client.get("/")
        with pytest.raises(SourceUnavailableError) as failure:
            await client.get("/")
    assert (failure.value.reason, failure.value.delay, len(wire.requests)) == ("rate_limited", 7200, 1)


async def test_a_request_is_booked_before_each_attempt_and_not_made_without() -> None:
    class Two:
        booked = 0

        async def book(self) -> None:
            self.booked += 1
            if self.booked > 2:
                raise SourceUnavailableError("quota_exhausted", "none left", 900)

    gate = Two()
    wire = Wire(status(503))
    async with wire.client(gate=gate) as client:
        with pytest.raises(SourceUnavailableError, match="quota_exhausted"):
            await client.get("/")
    assert (gate.booked, len(wire.requests)) == (3, 2)


async def iter_bytes(*chunks: bytes) -> Any:
    for chunk in chunks:
        yield chunk


async def test_an_answer_in_a_coding_that_was_not_asked_for_is_refused() -> None:
    wire = Wire(lambda: httpx.Response(200, content=iter_bytes(b"x"), headers={"content-encoding": "gzip, gzip"}))
    async with wire.client() as client:
        with pytest.raises(SourceRejectedError, match="encoding_unsupported"):
            await client.get("/")
    assert wire.requests[0].headers["accept-encoding"] == "gzip, deflate"


async def test_credentials_that_a_server_echoes_are_taken_out_of_everything() -> None:
    key = "canary/key+1"
    echo = f"no such key: {key} at ?app_key=canary%2Fkey%2B1"
    wire = Wire(lambda: httpx.Response(401, text=echo), lambda: httpx.Response(200, json={"said": echo}))
    async with wire.client(credentials={"app_key": key}, needs=["app_key"]) as client:
        with pytest.raises(SourceRejectedError) as failure:
            await client.get("/", secrets={"app_key": key})
        page = await client.get("/", {"careless": key}, secrets={"app_key": key})
    assert "no such key: ***" in failure.value.detail
    assert "canary" not in f"{failure.value} {page}"


async def test_a_query_of_an_absolute_address_is_kept() -> None:
    wire = Wire(ok())
    async with wire.client() as client:
        await client.get("https://api.example/jobs?cursor=a%20b", {"n": 1}, secrets={"k": "x"})
    assert dict(wire.requests[0].url.params) == {"cursor": "a b", "n": "1", "k": "x"}
