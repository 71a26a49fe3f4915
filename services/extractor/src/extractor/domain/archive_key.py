"""Where a page is kept in the bronze archive."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote, unquote

#: Longest path segment in bytes; file systems end at 255.
_LONGEST = 160
_KEY = re.compile(
    r"(?P<source>[^/]+)(?:/[^/]+)?/date=(?P<day>[0-9]{4}/[0-9]{2}/[0-9]{2})/run=(?P<run>[^/]+)/page=[^/]+\.json\.gz"
)


@dataclass(frozen=True, slots=True)
class Placed:
    """What a key tells of its page."""

    source: str
    day: date
    run_id: str


def archive_key(
    prefix: str, source: str, feed: str, requested_at: datetime, run_id: str, page: int, unit_id: str | None = None
) -> str:
    """`<prefix>/<source>[/<feed>]/date=YYYY/MM/DD/run=<run_id>/page=NNNN.json.gz` (REQUIREMENTS §0).

    The date is the UTC day of `requested_at` (aware), `page` counts from 1. Different inputs give different keys: what
    is unsafe in a path is percent-encoded, and a segment over 160 bytes ends in a digest. `unit_id` is for the second
    of two queries that read the same feed in one run.
    """
    if page < 1:
        raise ValueError(f"pages count from 1, not {page}")
    day = requested_at.astimezone(UTC).strftime("%Y/%m/%d")
    name = f"page={page:04d}" + (f".{_digest(unit_id)}" if unit_id else "")
    where = [*filter(None, prefix.split("/")), _segment(source)]
    if feed:
        where.append(_segment(feed))
    return "/".join([*where, f"date={day}", f"run={_segment(run_id)}", f"{name}.json.gz"])


def read_key(prefix: str, key: str) -> Placed | None:
    """What `archive_key` has put into the key (a name of over 160 bytes as cut there); None: not a key of ours."""
    where = "/".join(filter(None, prefix.split("/")))
    found = _KEY.fullmatch(key.removeprefix(f"{where}/")) if key.startswith(where) else None
    if found is None:
        return None
    try:
        day = datetime.strptime(found["day"], "%Y/%m/%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    return Placed(unquote(found["source"]), day, unquote(found["run"]))


def source_prefix(prefix: str, source: str) -> str:
    """What all keys of a source begin with."""
    return "/".join([*filter(None, prefix.split("/")), _segment(source)])


def _segment(text: str) -> str:
    """The text as one path segment, which no other text shares."""
    encoded = quote(text, safe="-_.~=,+@", errors="surrogatepass")
    if not encoded.strip("."):
        encoded = encoded.replace(".", "%2E")
    if len(encoded) > _LONGEST:
        encoded = f"{encoded[: _LONGEST - 13]}~{_digest(text)}"
    return encoded


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]
