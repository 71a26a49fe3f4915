"""Which fields of a source's items vanished or appeared, judged by samples of its pages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: Items of a page that are looked at, and paths that are kept of a source and day.
MOST_ITEMS, MOST_PATHS = 10, 200
_LONGEST_NAME = 60
#: A field is there if this share of items has it, and gone if less than that one does.
_THERE, _GONE = 0.9, 0.1
#: Enough to know what is normal: days on which a field was there, or items; and items to judge a day by.
_DAYS, _ITEMS, _FEWEST = 3, 100, 5


@dataclass(frozen=True, slots=True)
class Sample:
    """How many items were looked at, and how many of them had something at each path."""

    items: int = 0
    fields: Mapping[str, int] = field(default_factory=dict)

    def share(self, path: str) -> float:
        """Of the items, those that have the path; 0..1."""
        return self.fields.get(path, 0) / self.items if self.items else 0.0


@dataclass(frozen=True, slots=True)
class Drift:
    """Paths that used to be there and are gone, and that are there for the first time."""

    vanished: tuple[str, ...] = ()
    appeared: tuple[str, ...] = ()


def sample(items: Sequence[Any]) -> Sample:
    """A look at up to 10 items spread over the page: names of fields that are not empty, and one level below."""
    step = max(1, len(items) // MOST_ITEMS)
    chosen = [item for item in items[::step][:MOST_ITEMS] if isinstance(item, dict)]
    return Sample(len(chosen), Counter(path for item in chosen for path in _paths(item)))


def drift(latest: Sample, earlier: Sequence[Sample]) -> Drift:
    """The latest day against earlier ones; nothing is said where either is too little to judge by."""
    before = Counter[str]()
    for day in earlier:
        before.update(day.fields)
    seen = sum(day.items for day in earlier)
    if latest.items < _FEWEST or (seen < _ITEMS and len(earlier) < _DAYS):
        return Drift()
    usual = (path for path in before if _was_there(path, before[path], seen, earlier))
    vanished = sorted(path for path in usual if latest.share(path) < _GONE)
    # A day whose paths were cut off at the most that are kept may have had this one too.
    whole = all(len(day.fields) < MOST_PATHS for day in earlier)
    appeared = sorted(path for path in latest.fields if whole and path not in before and latest.share(path) >= _GONE)
    return Drift(tuple(_topmost(vanished)), tuple(_topmost(appeared)))


def _was_there(path: str, count: int, seen: int, earlier: Sequence[Sample]) -> bool:
    if seen >= _ITEMS and count / seen >= _THERE:
        return True
    return sum(day.share(path) >= _THERE for day in earlier) >= _DAYS


def _paths(item: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in item.items():
        if not _filled(value) or not _storable(name):
            continue
        yield name
        inner, mark = (value[0], "[]") if isinstance(value, list) else (value, "")
        if isinstance(inner, dict):
            yield from (f"{name}{mark}.{n}" for n, v in inner.items() if _filled(v) and _storable(n))


def _filled(value: Any) -> bool:
    """0 and false say something; null, an empty text, list or object does not."""
    return bool(value) or value == 0


def _storable(name: Any) -> bool:
    """A name that a database takes and people can read."""
    return isinstance(name, str) and len(name) <= _LONGEST_NAME and name.isprintable()


def _topmost(paths: Sequence[str]) -> Iterator[str]:
    """Without those whose parent is named too."""
    named = set(paths)
    return (path for path in paths if path.partition(".")[0].removesuffix("[]") not in named - {path})
