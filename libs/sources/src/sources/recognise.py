"""Which source is behind a web address, or behind the links, scripts and frames of a careers page."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from common.contracts import SourceQuery
from sources.registry import adapters

_MOST_ADDRESSES = 5_000
_ADDRESS = re.compile(r"""(?:https?:)?//[a-z0-9.-]{1,253}[^\s"'<>\\`(){}|^]{0,1000}""", re.IGNORECASE)
_ESCAPED_SLASH = re.compile(r"\\/|\\u002f", re.IGNORECASE)


def web_address(written: str) -> str:
    """The address as a browser takes it, `https://` put in front where it is missing; ValueError for what is none."""
    given = written.strip()
    if "://" not in given:
        given = f"https://{given.removeprefix('//')}"
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{written!r} is no web address: {error}") from error
    if (
        parts.scheme.lower() not in {"http", "https"}
        or not host
        or "." not in host
        or re.search(r"[\s\x00-\x1f]", given)
    ):
        raise ValueError(f"{written!r} is no web address such as https://boards.greenhouse.io/acme")
    if "@" in parts.netloc:
        raise ValueError("a web address with a user name or password is not read")
    return given


def query_at(address: str) -> SourceQuery | None:
    """The query of the first source, by name, that knows the address as its own; None: it is no source's."""
    return next((query for adapter in adapters().values() if (query := adapter.query_for(address)) is not None), None)


def queries_in(page: str) -> list[SourceQuery]:
    """The boards that a page's HTML names in links, scripts, frames or data, most often named first."""
    named: Counter[bytes] = Counter()
    for address in _addresses_in(page):
        query = query_at(address)
        if query is not None:
            named[msgspec.json.encode(query, order="sorted")] += 1
    return [msgspec.json.decode(key, type=SourceQuery) for key, _ in named.most_common()]


def _addresses_in(page: str) -> Iterator[str]:
    plain = _ESCAPED_SLASH.sub("/", html.unescape(page))
    for number, found in enumerate(_ADDRESS.finditer(plain)):
        if number == _MOST_ADDRESSES:
            return
        address = found.group()
        yield f"https:{address}" if address.startswith("//") else address
