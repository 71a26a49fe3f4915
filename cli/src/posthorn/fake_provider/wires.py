"""How each provider's addresses look, how it cuts its postings into pages, and what it says of their number."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_NO_LIMIT = 1_000_000
#: Seconds of the newest entry of a provider that lists by time: 2026-11-20.
CLOCK = 1_795_132_800
#: Seconds between its entries.
TICK = 3600
_LIMIT = re.compile(r"created_at_i(<=?|>=?)(\d{1,12})")
#: When the only thread was begun: 2026-11-02.
_THREAD_AT = 1_793_635_200


@dataclass(frozen=True, slots=True)
class Asked:
    """A request without the source's own part of the path; `named` are the parts that the wire's pattern names."""

    named: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    def number(self, name: str, default: int) -> int:
        """A whole number from path, query or body."""
        value = str(self.named.get(name) or self.query.get(name) or self.body.get(name) or default)
        return int(value) if value.isdecimal() else default


@dataclass(frozen=True, slots=True)
class Cut:
    """The entries of a page: from `start` on `size`, of `total`; `page` as the request counts it."""

    start: int
    size: int
    total: int
    page: int = 1

    @property
    def more(self) -> bool:
        """Whether entries follow."""
        return self.start + self.size < self.total

    @property
    def held(self) -> int:
        """Entries on this page."""
        return max(0, min(self.size, self.total - self.start))


Paging = Callable[[Asked, int], Cut]
Counts = Callable[[Cut], dict[str, Any]]


def whole(asked: Asked, total: int) -> Cut:
    """Everything at once."""
    return Cut(0, _NO_LIMIT, total)


def skipped(skip: str, limit: str, size: int) -> Paging:
    """A number of entries to skip, and how many at most."""

    def cut(asked: Asked, total: int) -> Cut:
        return Cut(asked.number(skip, 0), asked.number(limit, size), total)

    return cut


def numbered(size: int, *, first: int = 1, per_page: str = "", pages: str = "") -> Paging:
    """Numbered pages; `per_page` asks for another size, `pages` for several at once."""

    def cut(asked: Asked, total: int) -> Cut:
        page, each = asked.number("page", asked.number("Page", first)), asked.number(per_page, size)
        return Cut((page - first) * each, each * asked.number(pages, 1), total, page)

    return cut


@dataclass(frozen=True, slots=True)
class Wire:
    """`pattern` matches the path of lists, `detail` that of one entry's detail; both may name the `board`.

    With a `detail` the list shows the `head` of an entry only. `counts` are values of the page's frame. `clock` is a
    field of entries that counts down from CLOCK by a TICK, for providers that list by time. `other` answers requests
    that are not for postings. `entry` changes the example's first entry into one that gives one posting.
    """

    pattern: re.Pattern[str]
    paging: Paging = whole
    counts: Counts = field(default=lambda cut: {"meta.total": cut.total})
    detail: re.Pattern[str] | None = None
    method: str = "GET"
    clock: str | None = None
    other: Callable[[Asked], Any] = lambda asked: None
    entry: Callable[[Any], Any] = lambda entry: entry


def _arbeitnow(cut: Cut) -> dict[str, Any]:
    following = f"https://www.arbeitnow.com/api/job-board-api?page={cut.page + 1}" if cut.more else None
    return {"links.next": following, "meta.current_page": cut.page, "meta.from": cut.start + 1}


def _workday(cut: Cut) -> dict[str, Any]:
    # The real one names the total on the first page only.
    return {"total": cut.total if cut.start == 0 else 0}


def _usajobs(cut: Cut) -> dict[str, Any]:
    return {"SearchResult.SearchResultCount": cut.held, "SearchResult.SearchResultCountAll": cut.total}


def _themuse(cut: Cut) -> dict[str, Any]:
    return {"page": cut.page, "total": cut.total, "page_count": -(-cut.total // cut.size)}


def _remotive(cut: Cut) -> dict[str, Any]:
    return {"job-count": cut.held, "total-job-count": cut.total}


def _by_time(asked: Asked, total: int) -> Cut:
    """Hits of the time that `numericFilters` such as `created_at_i>=…,created_at_i<…` leave."""
    low, high = _limits(asked)
    start, end = max(0, -((high - CLOCK) // TICK)), (CLOCK - low) // TICK + 1
    return Cut(start, asked.number("hitsPerPage", 20), max(0, min(total, end)))


def _limits(asked: Asked) -> tuple[int, int]:
    """The first and the last second asked for."""
    low, high = 0, CLOCK
    for sign, second in _LIMIT.findall(asked.query.get("numericFilters", "")):
        least = int(second) + (sign == ">") - (sign == "<")
        low, high = (max(low, least), high) if sign.startswith(">") else (low, min(high, least))
    return low, high


def _thread(asked: Asked) -> Any:
    """The search for the thread that the comments stand in."""
    if "story," not in asked.query.get("tags", ""):
        return None
    low, high = _limits(asked)
    thread = {"objectID": "46000000", "title": "Ask HN: Who is hiring? (November 2026)", "created_at_i": _THREAD_AT}
    return {"hits": [thread] if low <= _THREAD_AT <= high else []}


def _one_role(comment: Any) -> Any:
    header = "Harbourlight | Data Engineer | Toronto, Canada | REMOTE (Canada) | Full-time"
    return {**comment, "comment_text": f"{header}<p>We steer ferries by software."}


def _p(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


WIRES: dict[str, Wire] = {
    "greenhouse": Wire(_p("/v1/boards/(?P<board>[^/]+)/jobs")),
    "lever": Wire(_p("/v0/postings/(?P<board>[^/]+)"), skipped("skip", "limit", 100)),
    "ashby": Wire(_p("/posting-api/job-board/(?P<board>[^/]+)")),
    "workable": Wire(_p("/api/v1/widget/accounts/(?P<board>[^/]+)")),
    "recruitee": Wire(_p("/(?P<board>[^/]+)/api/offers/")),
    "smartrecruiters": Wire(
        _p("/v1/companies/(?P<board>[^/]+)/postings"),
        skipped("offset", "limit", 100),
        lambda cut: {"totalFound": cut.total, "offset": cut.start, "limit": cut.size},
        detail=_p("/v1/companies/(?P<board>[^/]+)/postings/(?P<id>[^/]+)"),
    ),
    "workday": Wire(
        _p("/[^/]+/[^/]+/wday/cxs/(?P<board>[^/]+/[^/]+)/jobs"),
        skipped("offset", "limit", 20),
        _workday,
        detail=_p("/[^/]+/[^/]+/wday/cxs/(?P<board>[^/]+/[^/]+)(?P<id>/job/.+)"),
        method="POST",
    ),
    "usajobs": Wire(_p("/api/search"), numbered(25, per_page="ResultsPerPage"), _usajobs),
    "jsearch": Wire(_p("/jsearch/search"), numbered(10, pages="num_pages")),
    "adzuna": Wire(
        _p("/v1/api/jobs/[a-z]{2}/search/(?P<page>[0-9]+)"),
        numbered(20, per_page="results_per_page"),
        lambda cut: {"count": cut.total},
    ),
    "arbeitnow": Wire(_p("/api/job-board-api"), numbered(100), _arbeitnow),
    "himalayas": Wire(_p("/jobs/api/search"), numbered(20), lambda cut: {"totalCount": cut.total}),
    "themuse": Wire(_p("/api/public/jobs"), numbered(20, first=0), _themuse),
    "jobicy": Wire(_p("/api/v2/remote-jobs"), counts=lambda cut: {"jobCount": cut.held}),
    "remoteok": Wire(_p("/api")),
    "remotive": Wire(_p("/api/remote-jobs"), counts=_remotive),
    "weworkremotely": Wire(_p(r"/(categories/(?P<board>[^/]+)|remote-jobs)\.rss")),
    # A posting a page, at the addresses …/jobposting/1, …/jobposting/2 and so on.
    "jobposting": Wire(_p("/(?P<page>[0-9]+)"), numbered(1)),
    "hackernews": Wire(
        _p("/search_by_date"),
        _by_time,
        lambda cut: {"nbHits": cut.total, "nbPages": 1},
        clock="created_at_i",
        other=_thread,
        entry=_one_role,
    ),
}
#: A source that is not in the list: whatever is asked for, its postings come on one page.
ANY = Wire(_p("/.*"))
