"""The gateway's REST interface as the commands use it."""

import os
import re
from collections.abc import Iterator
from http.client import SERVICE_UNAVAILABLE
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

DEFAULT_URL = "http://127.0.0.1:8080"
_EVERY_STATE = ("open", "stale", "expired", "closed")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class GatewayError(Exception):
    """The gateway refused, with what it said."""


class UnavailableError(GatewayError):
    """The gateway cannot answer now, and may soon (503)."""


class UnreachableError(Exception):
    """Nobody answers at the gateway's address."""


class NoSuchError(Exception):
    """A name that nothing, or more than one thing, goes by."""


class Client:
    """Calls the gateway and turns its problem details into words."""

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        self.url = url or os.environ.get("POSTHORN_URL") or DEFAULT_URL
        key = key or os.environ.get("POSTHORN_API_KEY")
        headers = {"X-API-Key": key} if key else {}
        # Here and not above: pipes such as `posthorn read` start in half the time without it.
        import httpx

        self._unreachable = httpx.TransportError
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of an answer; None where there is none."""
        try:
            answer = self._http.request(method, path, **options)
        except self._unreachable as error:
            raise UnreachableError(
                f"no answer at {self.url}: start Posthorn with `posthorn up`, or set POSTHORN_URL ({error})"
            ) from error
        if answer.is_error:
            raise (UnavailableError if answer.status_code == SERVICE_UNAVAILABLE else GatewayError)(_words(answer))
        return answer.json() if answer.content else None

    def pages(self, path: str, most: int, **parameters: Any) -> Iterator[Any]:
        """Up to `most` items of a paged list."""
        cursor, left = None, most
        while left > 0:
            asked = {**parameters, "limit": min(left, 200)} | ({"cursor": cursor} if cursor else {})
            page = self.call("GET", path, params=asked)
            yield from page["items"]
            left -= len(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def campaign(self, name: str) -> Any:
        """A campaign by its id, the beginning of its id, or its name."""
        if _UUID.fullmatch(name):
            return self.call("GET", f"/campaigns/{name}")
        everyone = self.call("GET", "/campaigns")
        found = [c for c in everyone if c["campaign_name"] == name] or [
            c for c in everyone if len(name) >= 4 and c["campaign_id"].startswith(name.lower())
        ]
        return _only(found, f"campaign {name!r}", "posthorn campaign list")

    def job(self, key: str, campaign_id: str) -> Any:
        """A job with its explanation, by its hash_key or the beginning of it."""
        if len(key) < 32:
            listed = self.pages(f"/campaigns/{campaign_id}/jobs", 100_000, duplicates="show", state=_EVERY_STATE)
            keys = [j["hash_key"] for j in listed if len(key) >= 4 and j["hash_key"].startswith(key.lower())]
            key = _only(keys, f"job {key!r} in this campaign", "posthorn jobs CAMPAIGN")
        return self.call("GET", f"/jobs/{key}", params={"campaign_id": campaign_id})


def _only(found: list[Any], what: str, how: str) -> Any:
    if len(found) != 1:
        raise NoSuchError(f"{'more than one' if found else 'no'} {what}; see `{how}`")
    return found[0]


def _words(answer: "httpx.Response") -> str:
    """Problem details as a sentence or a few lines."""
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.status_code}: {answer.text[:300]}"
    lines = [problem.get("title", str(answer.status_code)), problem.get("detail") or ""]
    lines += [f"  {e['pointer'].removeprefix('/body/')}: {e['detail']}" for e in problem.get("errors") or []]
    return "\n".join(line for line in lines if line)
