"""Lists that hold only heads of postings: the details are fetched beside each other and put under their heads."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sources.client import FetchedPage
from sources.errors import SourceError, SourceUnavailableError


async def with_details(heads: list[Any], fetch: Callable[[Any], Awaitable[FetchedPage]]) -> list[dict[str, Any]]:
    """`{head, detail}` for each head in its order, or `{head, detail_error}` where the detail could not be had.

    A posting without its detail is still a posting. `fetch` goes through the source's client, whose concurrency bounds
    how many are asked for at once. SourceUnavailableError if every detail is away: then the page is worth a retry.
    """
    answers = await asyncio.gather(*(_detail(head, fetch) for head in heads))
    failures = [error for _, error in answers if isinstance(error, SourceUnavailableError)]
    if heads and len(failures) == len(heads):
        raise failures[0]
    return [
        {"head": head, "detail": payload} if error is None else {"head": head, "detail_error": str(error)}
        for head, (payload, error) in zip(heads, answers, strict=True)
    ]


async def _detail(head: Any, fetch: Callable[[Any], Awaitable[FetchedPage]]) -> tuple[Any, SourceError | None]:
    try:
        return (await fetch(head)).payload, None
    except SourceError as error:
        return None, error
