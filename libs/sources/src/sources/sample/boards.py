"""The two boards of the bundled sample: what each shows, with the repeats that real boards have."""

from functools import cache
from typing import Any

from sources.sample.generator import bundled_posting
from sources.sample.vocabulary import pains, world

BOARDS = ("north", "south")
#: How many postings an employer has.
_EACH = 6
#: Every tenth posting stands on both boards; every twentieth comes a second time on its own board.
_SHARED_EVERY, _SHARED_AT = 10, 3
_REPOST_EVERY, _REPOST_AT = 20, 7


@cache
def board(name: str) -> list[Any]:
    """All items of a board in their order; KeyError if there is no such board."""
    if name not in BOARDS:
        raise KeyError(name)
    count = _EACH * len(world().employers)
    items: list[Any] = [_on_board(name, index) for index in range(count) if _is_shown(name, index)]
    items += [_repost(name, index) for index in range(_REPOST_AT, count, _REPOST_EVERY) if _home(index) == name]
    for pain in (p for p in pains() if p.board == name):
        item = pain.item
        items.insert(pain.position, {**item, **_addresses(name, item)} if isinstance(item, dict) else item)
    return items


def _home(index: int) -> str:
    return BOARDS[index % 7 % 2]


def _is_shown(name: str, index: int) -> bool:
    return _home(index) == name or index % _SHARED_EVERY == _SHARED_AT


def _on_board(name: str, index: int) -> dict[str, Any]:
    posting = bundled_posting(index)
    if _home(index) != name:
        posting |= {"body": _syndicated(posting["body"], name), "workplace": None, "skills": []}
    item = {"id": f"{name[0]}-{1000 + index}", "board": name, **posting}
    return {**item, **_addresses(name, item)}


def _syndicated(body: str, name: str) -> str:
    """The same text as another board shows it: reflowed, with a line of its own."""
    reflowed = body.replace("<h3>", "<h4>").replace("</h3>", "</h4>")
    return f"{reflowed}\n<p>This job is also shown on {name.title()} Jobs.</p>"


def _repost(name: str, index: int) -> dict[str, Any]:
    item = {**_on_board(name, index), "id": f"{name[0]}-{5000 + index}", "posted_at": "2026-11-19T06:00:00Z"}
    return {**item, **_addresses(name, item)}


def _addresses(name: str, item: dict[str, Any]) -> dict[str, str]:
    address = f"https://{name}.jobs.example/{item.get('id', 'draft')}"
    return {"url": address, "apply_url": f"{address}/apply?ref={name}"}
