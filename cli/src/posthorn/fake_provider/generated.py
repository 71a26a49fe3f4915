"""Makes any number of a source's entries from its example: each with an id, title, employer, address and text."""

import html
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from posthorn.fake_provider.shapes import Shape
from posthorn.fake_provider.wires import ANY, CLOCK, TICK, WIRES
from sources.adapter import SourceAdapter
from sources.errors import MappingError, PagePayloadError
from sources.sample.generator import generated_posting
from sources.tracing import Fields, Path, at, drivers, flattened, leaves, replaced

#: Stands for the entry's number in a rendered template: as long as every number, so that sizes do not differ.
MARK = 100_000_000_000
_MARK, _CLOCK = str(MARK).encode(), str(CLOCK).encode()
#: How many entries differ in their texts; later ones repeat these with their number in the title.
TEMPLATES = 200
#: Numbers of a board: its block, then six digits for its entries.
_BOARDS, _OF_A_BOARD = 899_999, 1_000_000
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TAG = re.compile(r"<[^<>]*>|&[a-z]+;|\s+")
_BODY = ("description_html", "description_text")


@dataclass(frozen=True)
class Role:
    """What the value at `path` says of a posting: the fields that change with it."""

    path: Path
    says: frozenset[str]


class Generated:
    """Entries of one board by their position from 0, rendered when asked for."""

    def __init__(self, adapter: SourceAdapter, shape: Shape, board: str, count: int) -> None:
        self._source, self._shape = _Template(adapter, shape), shape
        self._seed = zlib.crc32(f"{adapter.name}/{board}".encode()) % _BOARDS
        self._by_time = WIRES.get(adapter.name, ANY).clock is not None
        self._count = count
        self._rendered = lru_cache(maxsize=4 * TEMPLATES)(self._render)

    def __len__(self) -> int:
        return self._count

    def entry(self, index: int, part: str | None = None) -> bytes:
        """One entry, or its `head` or `detail`; the same index always gives the same bytes."""
        template = self._rendered(index % TEMPLATES, index >= TEMPLATES, part)
        entry = template.replace(_MARK, b"%d" % self.number(index))
        return entry.replace(_CLOCK, b"%d" % (CLOCK - index * TICK)) if self._by_time else entry

    def number(self, index: int) -> int:
        """The number that the entry's id holds."""
        return MARK + (self._seed + 1) * _OF_A_BOARD + index

    def index_of(self, text: str) -> int | None:
        """The position of the entry whose number stands in a text, such as the path of its detail."""
        found = re.findall(r"\d{12}", text)
        index = int(found[-1]) - self.number(0) if found else -1
        return index if 0 <= index < self._count else None

    def _render(self, index: int, numbered: bool, part: str | None) -> bytes:
        entry = self._source.filled(generated_posting(index, self._seed), numbered)
        return self._shape.render(entry if part is None else entry[part])


class _Template:
    """The example's first entry with what each of its values says."""

    def __init__(self, adapter: SourceAdapter, shape: Shape) -> None:
        self._adapter, self._shape = adapter, shape
        wire = WIRES.get(adapter.name, ANY)
        self._entry = wire.entry(shape.entries[0])
        if wire.clock is not None:
            self._entry = {**self._entry, wire.clock: CLOCK}
        self._roles = [Role(p, frozenset(says)) for p, says in drivers(self._entry, self._fields).items()]
        self._now = self._fields(self._entry) or {}

    def filled(self, posting: dict[str, Any], numbered: bool) -> Any:
        """The entry with the texts of a posting of the sample; its number is MARK."""
        entry = self._entry
        title = f"{posting['title']} ({MARK})" if numbered else posting["title"]
        # A comma may stand between two titles where a source writes title and employer into one text.
        fresh = {"title": title.replace(", ", " "), "company": posting["employer"]["name"]}
        swaps = dict(self._swaps(fresh))
        for path in leaves(entry):
            new = _swapped(at(entry, path), swaps)
            if new is not None:
                entry = replaced(entry, path, new)
        body = self._body()
        return entry if body is None else replaced(entry, body, _written(posting["body"], str(at(entry, body))))

    def _swaps(self, fresh: dict[str, str]) -> Iterator[tuple[Any, Any]]:
        """Old values with their new ones, ids before addresses, so that addresses follow their ids."""
        ids = [at(self._entry, role.path) for role in self._roles if "source_job_id" in role.says]
        yield from ((old, numbered(old)) for old in ids)
        for name, new in fresh.items():
            for role in self._roles:
                old = at(self._entry, role.path)
                said = self._now.get(name)
                if name in role.says and isinstance(old, str) and not _is_link(old) and said:
                    yield said, new
        for role in self._roles:
            old = at(self._entry, role.path)
            if role.says & {"url", "apply_url"} and isinstance(old, str) and not any(str(i) in old for i in ids):
                yield old, numbered(old)

    def _body(self) -> Path | None:
        """The longest of the values that make the description."""
        found = [r.path for r in self._roles if r.says & {*_BODY} and "source_job_id" not in r.says]
        return max(found, key=lambda path: len(str(at(self._entry, path))), default=None)

    def _fields(self, entry: Any) -> Fields | None:
        try:
            items = self._adapter.items(self._shape.payload(entry))
            return flattened(self._adapter.map_to_common(items[0], "board")) if len(items) == 1 else None
        except (MappingError, PagePayloadError, ValueError):  # the last: a block of markup that lacks one of its texts
            return None


def numbered(old: Any) -> Any:
    """The value as an id or address that holds MARK."""
    if isinstance(old, int) or (isinstance(old, str) and old.isdecimal()):
        return type(old)(MARK)
    if isinstance(old, str) and _UUID.fullmatch(old):
        return f"{old[:-12]}{MARK}"
    return f"{old}-{MARK}"


def _swapped(old: Any, swaps: dict[Any, Any]) -> Any:
    """The new value of a leaf, None if it stays: the same value, or a text that holds one."""
    if isinstance(old, bool) or not isinstance(old, int | str):
        return None
    if old in swaps:
        return swaps[old]
    if not isinstance(old, str):
        return None
    new = old
    for part, other in swaps.items():
        if len(str(part)) > 3 and str(part) in new:
            new = new.replace(str(part), str(other))
    return new if new != old else None


def _written(body: str, old: str) -> str:
    """The body in the way of the old one: its markup may be escaped, its first paragraph may be a header."""
    header, paragraph, _ = old.partition("<p>")
    if " | " in header:
        return f"{header}{paragraph}{_TAG.sub(' ', body)[:800]}"
    return html.escape(body, quote=False) if "&lt;" in old else body


def _is_link(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))
