"""What one fetch of a page leaves behind beside the page: requests counted, and what makes the next one conditional."""

from collections import Counter
from dataclasses import dataclass, field

from sources.exchange import Request


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes a request conditional; `request` is the digest of the one they belong to."""

    request: str
    etag: str | None = None
    last_modified: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The conditions."""
        given = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in given.items() if value}


@dataclass(slots=True)
class Fetch:
    """One fetch. `answers` counts those to all its requests, retries included: 2xx, 3xx, 4xx, 429, 5xx, none."""

    known: Validators | None = None
    answers: Counter[str] = field(default_factory=Counter)
    _asked: int = 0
    _found: Validators | None = None

    def conditions(self, asked: Request) -> dict[str, str]:
        """Headers that make the fetch's first request conditional, if it is the one that is known."""
        # Counted before the answer: of requests that run beside each other none is the only one.
        self._asked += 1
        known = self.known if self._asked == 1 else None
        return known.headers if known and known.request == asked.digest else {}

    def answered(self, asked: Request, etag: str | None, last_modified: str | None) -> None:
        """Note what the answer to a request can be asked for by."""
        if asked.method == "GET" and (etag or last_modified):
            self._found = Validators(asked.digest, etag, last_modified)

    @property
    def validators(self) -> Validators | None:
        """What the next fetch can be made conditional by; None if this one took more than one request."""
        return self._found if self._asked == 1 else None
