"""When a source is broken, and when it is tried again: a circuit breaker that all processes share."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sources.errors import SourceError

#: From breaking to the first trial; each trial that fails doubles it, up to the longest.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=1)
#: Failures that tell of a query, of our settings or of our own limits, and nothing of the source.
_NOT_ITS_FAULT = frozenset({
    "source_unknown", "parameters_invalid", "settings_invalid", "credential_missing", "quota_exhausted",
    "robots_disallowed", "robots_unavailable", "address_denied", "address_invalid", "http_400", "http_404", "http_410",
    "http_422", "source_paused", "source_broken",
})  # fmt: skip
_REFUSED = frozenset({"http_401", "http_403"})
_ANSWERS = frozenset({"http_400", "http_404", "http_410", "http_422"})


def blames_source(failure: SourceError) -> bool:
    """Whether a failed page speaks against its source."""
    return failure.reason not in _NOT_ITS_FAULT


def shows_life(failure: SourceError) -> bool:
    """Whether a source that was tried answered, if not with a page."""
    return failure.reason in _ANSWERS


def refuses(failure: SourceError) -> bool:
    """Whether the source does not take our credentials: more requests would fail alike."""
    return failure.reason in _REFUSED


@dataclass(frozen=True, slots=True)
class Circuit:
    """Failed pages of a source in a row; open since `broken_at`, and at `trial_at` one page is let through."""

    failures: int = 0
    broken_at: datetime | None = None
    reason: str = ""
    wait: timedelta = FIRST_WAIT
    trial_at: datetime | None = None

    def failed(self, now: datetime, reason: str, *, limit: int, at_once: bool, trial: bool) -> "Circuit":
        """After one more failed page; the `limit`-th in a row breaks, or the first if `at_once`."""
        counted = replace(self, failures=self.failures + 1)
        if self.broken_at is None:
            if not at_once and counted.failures < limit:
                return counted
            return replace(counted, broken_at=now, reason=reason, wait=FIRST_WAIT, trial_at=now + FIRST_WAIT)
        if not trial:  # it was on its way when the source broke
            return counted
        wait = min(LONGEST_WAIT, self.wait * 2)
        return replace(counted, reason=reason, wait=wait, trial_at=now + wait)
