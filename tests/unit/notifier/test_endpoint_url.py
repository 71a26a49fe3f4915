"""URLs of endpoints are read once, and what is odd about them is refused in words."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.endpoint_url import Target, parse


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example.com", Target("https", "hooks.example.com", 443, "/")),
        ("http://Example.com:8080/a%20b?x=1", Target("http", "example.com", 8080, "/a%20b?x=1")),
        ("https://münchen.example/in", Target("https", "xn--mnchen-3ya.example", 443, "/in")),
        ("http://[::1]:9000/", Target("http", "::1", 9000, "/")),
        ("http://2130706433/", Target("http", "2130706433", 80, "/")),
        ("http://localhost/in", Target("http", "localhost", 80, "/in")),
    ],
)
def test_the_parts_of_a_url(url: str, target: Target) -> None:
    assert parse(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example.com", "ftp://example.com/", "file:///etc/passwd", "https://", "https:///path",
        "//example.com",
        "https://user@example.com/", "https://user:pw@example.com/", "https://example.com@127.0.0.1/",
        "https://example.com\\@127.0.0.1/", "https://exa mple.com/", "https://example.com/\r\nHost: x", "http://[::1",
        "https://example.com:99999/", "https://example.com:x/", "https://example.com/#frag", "https://example.com/ü",
        "https://-bad-.example/", "https://a..b/", "http://[fe80::1%25eth0]/", "https://" + "a" * 2000, "gopher://x",
        "http://127.0.0.1%2f@example.com/",
    ],
)  # fmt: skip
def test_odd_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"the (URL|host)"):
        parse(url)


def test_the_connection_goes_to_the_address_while_the_host_header_stays() -> None:
    target = parse("https://hooks.example.com:8443/in?x=1")
    assert target.at(ip_address("192.0.2.1")) == "https://192.0.2.1:8443/in?x=1"
    assert target.at(ip_address("2001:db8::1")) == "https://[2001:db8::1]:8443/in?x=1"
    assert target.authority == "hooks.example.com:8443"
    assert parse("http://[::1]/").authority == "[::1]"


@given(st.text(max_size=80) | st.text(max_size=40).map("https://".__add__))
def test_any_text_is_a_target_or_a_value_error(url: str) -> None:
    try:
        target = parse(url)
    except ValueError:
        return
    assert target.host.isascii()
    assert target.path.startswith("/")
