"""Hacker News' "Ask HN: Who is hiring?": comments of a thread by Algolia's search, each one or more postings."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from common.contracts import Days, OfferedPay, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError, SourceRejectedError
from sources.hiring.advert import Advert, read
from sources.hiring.roles import Role
from sources.item import Item
from sources.page import list_in, param_faults, path_safe
from sources.quota import Quota
from sources.settings import SourceSettings
from sources.terms import Terms

PAGE_SIZE = 200
#: Where a page may hold its comments: Algolia's hits, saved Firebase items, Algolia's item with its tree.
_LISTS = ("hits", "comments", "children")
#: For so long comments are written under a thread, at most: the next one follows then.
_A_MONTH = timedelta(days=31)
#: Threads of 27 years; Algolia gives no more hits at once.
_MOST_THREADS = 1000
_AUTHOR, _TITLE = "whoishiring", "ask hn: who is hiring"
_CURSOR = re.compile(r"\d{1,12}:\d{1,12}")
_EXAMPLE: dict[str, Any] = {
    "nbHits": 2,
    "page": 0,
    "nbPages": 1,
    "hitsPerPage": 200,
    "query": "",
    "params": "tags=comment,story_46000000&hitsPerPage=200",
    "hits": [
        {
            "_tags": ["comment", "author_user_0000000001", "story_46000000"],
            "author": "user_0000000001",
            "comment_text": "Harbourlight | Senior Backend Engineer, Data Engineer | Toronto, Canada | REMOTE (Canada) "
            '| Full-time | CA$130k - CA$160k | <a href="https:&#x2F;&#x2F;harbourlight.example&#x2F;jobs" '
            'rel="nofollow">https:&#x2F;&#x2F;harbourlight.example&#x2F;jobs</a><p>We steer ferries by software. '
            "Python, PostgreSQL, and a good deal of weather.",
            "created_at": "2026-11-02T16:04:00Z",
            "created_at_i": 1793635440,
            "objectID": "46000101",
            "parent_id": 46000000,
            "story_id": 46000000,
            "story_title": "Ask HN: Who is hiring? (November 2026)",
            "updated_at": "2026-11-02T17:00:00Z",
        },
        {
            "_tags": ["comment", "author_user_0000000002", "story_46000000"],
            "author": "user_0000000002",
            "children": [46000200],
            "comment_text": "Mossgrove | Multiple roles | ONSITE | Berlin, Germany<p>We are looking for:<p>"
            '- Product Designer (Berlin) <a href="https:&#x2F;&#x2F;mossgrove.example&#x2F;jobs&#x2F;1">https:...</a>'
            '<p>- Embedded Engineer (Leipzig) <a href="https:&#x2F;&#x2F;mossgrove.example&#x2F;jobs&#x2F;2">https:...'
            "</a>",
            "created_at": "2026-11-02T16:30:00Z",
            "created_at_i": 1793637000,
            "objectID": "46000102",
            "parent_id": 46000000,
            "story_id": 46000000,
            "story_title": "Ask HN: Who is hiring? (November 2026)",
            "updated_at": "2026-11-02T17:00:00Z",
        },
    ],
}


class HackerNews(SourceAdapter):
    """The newest thread, or `params: {thread: 40846428}`; a comment that names several roles gives several postings."""

    name = "hackernews"
    dated = True
    settings = SourceSettings(
        base_url="https://hn.algolia.com/api/v1", requests_per_minute=60, concurrency=2,
        quotas=(Quota(requests=10_000, per="hour"),),
    )  # fmt: skip
    terms = Terms(
        allowed_use="Public API of Hacker News' search, 10,000 requests an hour; texts belong to who wrote them.",
        url="https://hn.algolia.com/api",
        good_for="Small companies that write their own advertisements, once a month; roles are read out of free text",
    )
    example = _EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """A page of comments, newest first; the cursor is `thread:time of the oldest comment read`.

        Pages by number end at 1,000 comments, which threads exceed. Past days are asked of all threads that were
        written in then; if there were none, the page is that of the search for them, which holds no posting.
        """
        thread, _, until = (request.cursor or "").partition(":")
        named = str(request.source.params.get("thread") or "")
        limits = _limits(request.posted) + ([f"created_at_i<={until}"] if until else [])
        if request.posted is None or named:
            threads = [named or thread or await _newest_thread(client)]
        else:
            found = await _search_threads(client, _limits(request.posted, _A_MONTH), _MOST_THREADS)
            threads = _threads(found.payload)
            if not threads:
                return found
        tags = f"comment,({','.join(f'story_{thread}' for thread in threads)})"
        return await client.get("/search_by_date", _search(tags, limits, PAGE_SIZE))

    def items(self, payload: Any) -> list[Any]:
        """Comments that stand directly under the thread, once for each of their roles, which `role` counts from 1.

        Replies, deleted and dead comments and those of the thread's author are no postings.
        """
        key = next((key for key in _LISTS if isinstance(payload, dict) and key in payload), None)
        comments = list_in(payload, key or "hits") if isinstance(payload, dict) else list_in(payload)
        story = _story(payload)
        ids = {_id(comment) for comment in comments}
        return [item for comment in comments if _is_advert(comment, story, ids) for item in _items(comment)]

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """From the oldest comment of a full page on; that one comes again, lest others of its second be lost."""
        hits = payload.get("hits") if isinstance(payload, dict) else None
        if not isinstance(hits, list) or len(hits) < PAGE_SIZE:
            return None
        oldest = hits[-1] if isinstance(hits[-1], dict) else {}
        cursor = f"{oldest.get('story_id')}:{oldest.get('created_at_i')}"
        return cursor if _CURSOR.fullmatch(cursor) and cursor != request.cursor else None

    def check(self, query: SourceQuery) -> list[str]:
        """The number of a thread."""
        thread = query.params.get("thread", 1)
        is_number = isinstance(thread, int | str) and re.fullmatch(r"\d{1,12}", str(thread))
        return param_faults(query, {"thread"}) + ([] if is_number else ["params.thread must be the thread's number"])

    def feed(self, query: SourceQuery) -> str:
        """The thread; "" for the newest."""
        return path_safe(str(query.params.get("thread") or ""))

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """What the header says in words; a role of a list has its own places and address."""
        fields = Item(item)
        identity = fields.text("objectID", "id")
        markup = fields.text("comment_text", "text")
        if identity is None or markup is None:
            raise MappingError("text_missing" if identity else "id_missing", "a comment without id or text")
        advert = read(markup)
        if not advert.company and not advert.roles:
            raise MappingError("no_advertisement", f"comment {identity} says neither who hires nor for what")
        number = fields.take(_number, "role")
        role = _role(advert, number)
        return SourcePosting(
            source_job_id=f"{identity}:{number}" if number else identity,
            title=role.title or None,
            company=advert.company,
            company_url=advert.company_url,
            url=f"https://news.ycombinator.com/item?id={identity}",
            apply_url=role.url or advert.apply_url,
            description_html=markup,
            places=[Place(text=place) for place in role.places or advert.places],
            employment_types=list(advert.types),
            remote=advert.remote,
            pay=OfferedPay(text=advert.pay) if advert.pay else None,
            posted_at=fields.moment("time", "created_at_i", "created_at"),
            extra=fields.rest(),
        )


async def _newest_thread(client: SourceClient) -> str:
    found = await _search_threads(client, [], 20)
    if threads := _threads(found.payload):
        return threads[0]
    raise SourceRejectedError("thread_missing", "found no thread 'Who is hiring?'; set params.thread to its number")


async def _search_threads(client: SourceClient, limits: Sequence[str], most: int) -> FetchedPage:
    """Stories of the threads' author, newest first; those who want to be hired have threads of theirs."""
    params = _search(f"story,author_{_AUTHOR}", limits, most)
    return await client.get("/search_by_date", params | {"query": "Ask HN: Who is hiring?"})


def _search(tags: str, limits: Sequence[str], most: int) -> dict[str, Any]:
    return {"tags": tags, "hitsPerPage": most, **({"numericFilters": ",".join(limits)} if limits else {})}


def _limits(days: Days | None, before: timedelta = timedelta()) -> list[str]:
    """Algolia's filters for what was written on these days (UTC), or up to `before` earlier."""
    if days is None:
        return []
    first, end = (datetime.combine(day, time(), UTC) for day in (days.first, days.last + timedelta(days=1)))
    return [f"created_at_i>={(first - before).timestamp():.0f}", f"created_at_i<{end.timestamp():.0f}"]


def _threads(payload: Any) -> list[str]:
    hits = [hit for hit in list_in(payload, "hits") if isinstance(hit, dict)]
    return [str(_id(hit)) for hit in hits if str(hit.get("title", "")).lower().startswith(_TITLE) and _id(hit)]


def _story(payload: Any) -> str | None:
    """The thread's id, where the page says it for all comments."""
    if not isinstance(payload, dict):
        return None
    return _id(payload.get("post")) or (_id(payload) if "children" in payload else None)


def _id(entry: Any) -> str | None:
    return values.text(entry.get("objectID")) or values.text(entry.get("id")) if isinstance(entry, dict) else None


def _is_advert(comment: Any, story: str | None, ids: set[str | None]) -> bool:
    if not isinstance(comment, dict):
        return True  # the mapping says what is wrong with it
    parent = values.text(comment.get("parent")) or values.text(comment.get("parent_id"))
    thread = story or values.text(comment.get("story_id"))
    is_reply = parent is not None and (parent != thread if thread else parent in ids)
    gone = comment.get("deleted") is True or comment.get("dead") is True
    by_author = _AUTHOR in (comment.get("by"), comment.get("author"))
    return not (is_reply or gone or by_author or comment.get("type") == "story")


def _items(comment: Any) -> Iterator[Any]:
    text = (
        values.text(comment.get("comment_text")) or values.text(comment.get("text"))
        if isinstance(comment, dict)
        else None
    )
    roles = len(read(text).roles) if text else 0
    if roles < 2 or "role" in comment:
        yield comment
    else:
        yield from ({**comment, "role": number} for number in range(1, roles + 1))


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1000 else None


def _role(advert: Advert, number: int | None) -> Role:
    """The role of this number. Without one all of them; without any named, the header stands for them."""
    if number is not None and number <= len(advert.roles):
        return advert.roles[number - 1]
    if len(advert.roles) == 1:
        return advert.roles[0]
    return Role(", ".join(role.title for role in advert.roles) or advert.header[:200])


ADAPTER = HackerNews()
