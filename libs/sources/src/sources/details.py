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


def merged(item: Any) -> Any:
    """An item of `with_details` as one object: the head's fields, and over them the detail's.

    What the head says otherwise than the detail stays under `head`, a detail that is no object under `detail`. An item
    of another shape, such as a head that stands alone, is given back as it is.
    """
    if not isinstance(item, dict) or "head" not in item:
        return item
    head, detail = _object(item["head"]), _object(item.get("detail"))
    rest = {key: value for key, value in item.items() if key not in {"head", "detail"} or not isinstance(value, dict)}
    otherwise = {key: value for key, value in head.items() if key in detail and detail[key] != value}
    return {**rest, **head, **detail, **({"head": otherwise} if otherwise else {})}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


async def _detail(head: Any, fetch: Callable[[Any], Awaitable[FetchedPage]]) -> tuple[Any, SourceError | None]:
    try:
        return (await fetch(head)).payload, None
    except SourceError as error:
        return None, error
