"""Reads the URL of an endpoint the way it will be connected to."""

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

#: Longest URL accepted, in characters.
MAX_LENGTH = 2000
_ODD = re.compile(r"[\s\\\x00-\x1f\x7f]")
_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)*\.?")


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of an endpoint's URL; `host` is in ASCII, without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"

    def at(self, address: IPv4Address | IPv6Address) -> str:
        """The URL with the host replaced by one of its addresses."""
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def parse(url: str) -> Target:
    """The target of an endpoint's URL; ValueError says in words why it is not accepted."""
    if len(url) > MAX_LENGTH or _ODD.search(url):
        raise ValueError(f"the URL must be at most {MAX_LENGTH} characters without spaces or backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"the URL cannot be read: {error}") from error
    if parts.scheme not in {"http", "https"}:
        raise ValueError("the URL must start with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("the URL must not hold a user name or password")
    if parts.fragment:
        raise ValueError("the URL must not hold a fragment (#…)")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise ValueError("the URL's path must be percent-encoded")
    return Target(parts.scheme, _host(parts.hostname or ""), port or (443 if parts.scheme == "https" else 80), path)


def _host(name: str) -> str:
    with suppress(ValueError):
        if "%" not in name:  # a zone, as in fe80::1%eth0, names an interface of ours
            return str(ip_address(name))
    try:
        ascii_name = name.encode("idna").decode().lower()
    except UnicodeError as error:
        raise ValueError(f"the host {name!r} is no valid name") from error
    if not _NAME.fullmatch(ascii_name):
        raise ValueError(f"the host {name!r} is no valid name")
    return ascii_name
