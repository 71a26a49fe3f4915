"""Webhooks are connected to the address that was checked, under the name that was asked for."""

from ipaddress import ip_address

import httpx
import pytest

from notifier.clients.webhooks import Address, WebhookClient
from notifier.domain.endpoint_url import parse
from notifier.errors import AddressDeniedError


class Outside(httpx.AsyncBaseTransport):
    """The network of the test: answers 200 at addresses that are up, refuses at others."""

    def __init__(self, *up: str) -> None:
        self.up = set(up)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host not in self.up:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, stream=httpx.ByteStream(b"thanks\x00"))


class Names:
    """A resolver that gives each list of addresses once, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[Address]:
        self.asked += 1
        return [ip_address(a) for a in self.answers[min(self.asked, len(self.answers)) - 1]]


def client(names: Names, outside: Outside, *, allow_private: bool = False) -> WebhookClient:
    return WebhookClient(allow_private=allow_private, timeout=1, resolve=names, transport=outside)


async def test_the_name_is_resolved_once_and_kept_for_certificate_and_host_header() -> None:
    names, outside = Names(["93.184.216.34"]), Outside("93.184.216.34")
    result = await client(names, outside).post("https://hooks.example.com/in?x=1", {"webhook-id": "m"}, b"{}")
    (request,) = outside.requests
    assert (result.status, result.excerpt, result.error) == (200, "thanks", None)
    assert str(request.url) == "https://93.184.216.34/in?x=1"
    assert request.headers["host"] == "hooks.example.com"
    assert request.extensions["sni_hostname"] == "hooks.example.com"
    assert names.asked == 1


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.7", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe"]
)
async def test_a_name_that_leads_inside_is_never_connected_to(address: str) -> None:
    outside = Outside(address)
    result = await client(Names([address]), outside).post("http://innocent.example/", {}, b"{}")
    assert result.status is None
    assert "no public address" in str(result.error)
    assert outside.requests == []


async def test_a_name_that_changes_its_mind_is_judged_anew_each_time() -> None:
    names, outside = Names(["93.184.216.34"], ["127.0.0.1"]), Outside("93.184.216.34", "127.0.0.1")
    rebinding = client(names, outside)
    assert (await rebinding.post("http://rebind.example/", {}, b"{}")).status == 200
    assert (await rebinding.post("http://rebind.example/", {}, b"{}")).status is None
    assert [r.url.host for r in outside.requests] == ["93.184.216.34"]


async def test_of_several_addresses_only_public_ones_are_tried_until_one_answers() -> None:
    names, outside = Names(["10.0.0.1", "93.184.216.34", "1.1.1.1"]), Outside("1.1.1.1", "10.0.0.1")
    result = await client(names, outside).post("http://many.example/", {}, b"{}")
    assert result.status == 200
    assert [r.url.host for r in outside.requests] == ["93.184.216.34", "1.1.1.1"]


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "[::1]", "0"])
async def test_other_spellings_of_the_loopback_are_seen_by_the_real_resolver(host: str) -> None:
    outside = Outside("127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - an address that must not be reached
    real = WebhookClient(allow_private=False, timeout=2, transport=outside)
    result = await real.post(f"http://{host}/", {}, b"{}")
    assert result.status is None
    assert outside.requests == []


async def test_private_addresses_can_be_allowed() -> None:
    outside = Outside("127.0.0.1")
    result = await client(Names(["127.0.0.1"]), outside, allow_private=True).post("http://local.example/", {}, b"{}")
    assert result.status == 200


async def test_without_addresses_nothing_is_allowed() -> None:
    with pytest.raises(AddressDeniedError):
        await client(Names([]), Outside()).addresses(parse("http://x.example/"))
