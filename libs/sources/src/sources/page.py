"""Tells a page from what stands in for one when a source is broken, and makes names safe for paths."""

import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

from common.contracts import SourceQuery
from sources.errors import PagePayloadError

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def list_in(payload: Any, key: str | None = None) -> list[Any]:
    """The list that a page holds (under `key`, or itself); PagePayloadError says what came instead."""
    found = payload.get(key) if key is not None and isinstance(payload, dict) else payload
    if isinstance(found, list) and (key is None or isinstance(payload, dict)):
        return found
    if isinstance(payload, str):
        start = " ".join(payload[:200].split())
        if start.lower().startswith(("<!doctype", "<html", "<?xml")):
            raise PagePayloadError("page_is_html", f"an HTML page came instead of JSON: {start}")
        raise PagePayloadError("page_is_not_json", f"the answer is cut off or no JSON: {start!r}")
    if isinstance(payload, dict) and (said := payload.get("error") or payload.get("message")):
        raise PagePayloadError("page_is_error", f"the source answered with an error: {str(said)[:200]}")
    shape = (
        f"an object with {', '.join(sorted(map(str, payload))[:8])}"
        if isinstance(payload, dict)
        else type(payload).__name__
    )
    raise PagePayloadError("page_has_no_items", f"expected a list{f' under {key!r}' if key else ''}, found {shape}")


def path_safe(name: str) -> str:
    """The name as part of a path: letters, digits, `. _ -`; a changed name gets a digest, so that names stay apart."""
    safe = _UNSAFE.sub("-", name).strip(".-")[:80]
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def board_in(address: str | None, host: str) -> str | None:
    """The employer's name in the address of a board of this host: the first part of its path."""
    if address is None or host not in address:
        return None
    try:
        parts = urlsplit(address).path.split("/")
    except ValueError:  # such as an unclosed [ in the host
        return None
    return parts[1] if len(parts) > 1 and parts[1] else None


def board_faults(query: SourceQuery) -> list[str]:
    """What is wrong with the `board` of a source that reads one employer's board."""
    board = query.params.get("board")
    if not isinstance(board, str) or not board.strip():
        return [f"{query.source} needs params.board: the employer's name in its board's address"]
    if path_safe(board) != board:
        return [f"params.board {board!r} has other characters than letters, digits, '.', '_' and '-'"]
    return []
