"""Asks services over HTTP again and again while something is wrong with them, as probes and people do."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.chaos.rig import SERVICES, Rig

_EVERY = 0.5
#: Longer than any answer may take, so that a slow answer is seen as such.
_PATIENCE = 15.0
NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request got: its status (`NO_ANSWER` for none), when it was made and how long it took."""

    at: float
    status: int
    seconds: float
    retry_after: str = ""


@dataclass
class Watch:
    """Answers by name, such as `gateway /healthz`, in the order in which they were asked for."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def of(self, name: str, since: float = 0.0, until: float = float("inf")) -> list[Answer]:
        """Answers to requests made in this time."""
        return [a for a in list(self.answers.get(name, [])) if since <= a.at <= until]

    def ending(self, path: str, since: float = 0.0, until: float = float("inf")) -> list[tuple[str, Answer]]:
        """Name and answer of every request to this path."""
        return [(name, a) for name in self.answers if name.endswith(path) for a in self.of(name, since, until)]


def services_watched(rig: Rig, *paths: str) -> dict[str, str]:
    """URLs of these paths at every service, and of the campaign's jobs at the gateway, by name."""
    ports = rig.processes.ports
    found = {f"{s} {path}": f"http://127.0.0.1:{ports[s]}{path}" for s in SERVICES for path in paths}
    return found | {"gateway /jobs": f"{rig.processes.url}/campaigns/{rig.campaign}/jobs?limit=1"}


@contextmanager
def watching(urls: Mapping[str, str], every: float = _EVERY) -> Iterator[Watch]:
    """Ask each URL twice a second (or every so many seconds) in a thread of its own."""
    watch, done = Watch({name: [] for name in urls}), threading.Event()
    asking = [
        threading.Thread(target=_ask, args=(url, watch.answers[name], done, every), name=name, daemon=True)
        for name, url in urls.items()
    ]
    for thread in asking:
        thread.start()
    try:
        yield watch
    finally:
        done.set()
        for thread in asking:
            thread.join(_PATIENCE + 1)


def _ask(url: str, answers: list[Answer], done: threading.Event, every: float) -> None:
    with httpx.Client(timeout=_PATIENCE, trust_env=False) as client:
        while not done.is_set():
            begun = time.monotonic()
            try:
                answer = client.get(url)
                status, retry_after = answer.status_code, answer.headers.get("retry-after", "")
            except httpx.HTTPError:
                status, retry_after = NO_ANSWER, ""
            answers.append(Answer(begun, status, time.monotonic() - begun, retry_after))
            done.wait(every)


def percentile(answers: list[Answer], share: float) -> float:
    """The seconds within which this share of the answers came."""
    ordered = sorted(a.seconds for a in answers)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")
