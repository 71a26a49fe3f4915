"""A request and its answer, and what a redirect makes of them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import httpx

from sources.errors import SourceRejectedError

_REDIRECTS = {301, 302, 303, 307, 308}
#: Headers that say nothing about us; the others of a request stay with the host that they are for.
_HARMLESS = {"accept", "accept-language", "content-type"}


@dataclass(frozen=True, slots=True)
class Request:
    """`params` are recorded; `headers` and `secrets` may hold credentials and are not. `plain`: part of no page."""

    method: str
    url: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    plain: bool = False

    @property
    def target(self) -> httpx.URL:
        """The whole address, a query of the URL's own included; httpx.InvalidURL."""
        url = parsed(self.url)
        asked = {**self.params, **self.secrets} if self.method == "GET" else {}
        return url.copy_merge_params(asked) if asked else url

    @property
    def digest(self) -> str:
        """What tells this request from others, credentials aside; 32 hex digits."""
        said = json.dumps([self.method, self.url, self.params], sort_keys=True, default=str)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def same_origin(self, target: httpx.URL) -> bool:
        """Whether the address is at the place that this request goes to."""
        return _origin(target) == _origin(parsed(self.url))

    def redirected(self, target: httpx.URL, status: int) -> "Request":
        """The request to make after a redirect: another origin learns no credentials."""
        method = "GET" if status == 303 or (status < 303 and self.method == "POST") else self.method
        own = self.same_origin(target)
        headers = self.headers if own else {k: v for k, v in self.headers.items() if k.lower() in _HARMLESS}
        # The address that we were given holds what the server wants of the parameters.
        params = self.params if method == "POST" else {}
        return replace(
            self, method=method, url=str(target), params=params, headers=headers, secrets=self.secrets if own else {}
        )


@lru_cache(maxsize=256)
def parsed(url: str) -> httpx.URL:
    """An address, which is the same for all pages of a board; httpx.InvalidURL."""
    return httpx.URL(url)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, credentials taken out of the body."""

    status: int
    reason_phrase: str
    url: httpx.URL
    headers: httpx.Headers
    body: bytes

    @property
    def redirect(self) -> httpx.URL | None:
        """Where the server sends us; None if nowhere. SourceRejectedError for what is no address."""
        location = self.headers.get("location")
        if self.status not in _REDIRECTS or not location:
            return None
        try:
            target = self.url.join(location)
        except httpx.InvalidURL as error:
            raise SourceRejectedError("redirect_invalid", f"redirected to what is no address: {error}") from None
        if (self.url.scheme, target.scheme) == ("https", "http"):
            raise SourceRejectedError("redirect_invalid", f"redirected from https to http://{target.host}")
        return target
