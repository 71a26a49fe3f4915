"""Finds out which field of a source becomes which field of ours, by changing one value of an item at a time."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting
from sources.adapter import SourceAdapter
from sources.errors import MappingError

Path = tuple[str | int, ...]
#: Items as postings with their fields flattened; None where they are no postings.
Probe = Callable[[Any], "Fields | None"]
Fields = dict[str, Any]

_MISSING = object()
#: What an empty value might have been.
_ANYTHING: tuple[Any, ...] = (
    "4711", 4711, True, "2021-02-03T04:05:06Z", "https://example.com/4711", ["4711"], {"name": "4711"}, "fr", "year",
)  # fmt: skip
#: The name under which the feed of a query stands among the fields of a source.
FEED = "(the query's board or feed)"


@dataclass(frozen=True, slots=True)
class Traced:
    """A field of the source; lists are written `field[]`.

    `becomes`: our fields that change with it. `stands_in`: those that it decides only where the fields that are
    preferred to it are missing. `kept`: it goes to `extra` as long as it decides nothing. None of them: it says again
    what another field says.
    """

    field: str
    becomes: tuple[str, ...]
    stands_in: tuple[str, ...]
    kept: bool


def trace(adapter: SourceAdapter) -> list[Traced]:
    """The fields of the source's example in their order, all its items taken together."""
    found: dict[str, Traced] = {}
    for item in adapter.items(adapter.example):
        for traced in _trace(adapter, item):
            before = found.get(traced.field, traced)
            found[traced.field] = Traced(
                traced.field,
                _together(before.becomes, traced.becomes),
                _together(before.stands_in, traced.stands_in),
                before.kept or traced.kept,
            )
    # What most fields stand in for is made of the item as a whole.
    often = Counter(name for traced in found.values() for name in traced.stands_in)
    of_the_whole = {name for name, count in often.items() if count > len(found) / 2}
    return [
        Traced(t.field, t.becomes, tuple(f for f in t.stands_in if f not in {*t.becomes, *of_the_whole}), t.kept)
        for t in found.values()
    ]


def drivers(value: Any, probe: Probe) -> dict[Path, set[str]]:
    """For each value in `value`, the fields of the posting that change with it; `extra` is one of them."""
    before = probe(value)
    return {path: _effect(value, path, probe, before) for path in leaves(value)}


def leaves(value: Any, at: Path = ()) -> Iterator[Path]:
    """Where the single values are."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [path for key, entry in entries for path in leaves(entry, (*at, key))]
    yield from inner or ([at] if at else [])


def at(value: Any, path: Path) -> Any:
    """What stands there."""
    for key in path:
        value = value[key]
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """The value with another one at `path`; the rest is shared with the original."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, list):
        entries = [replaced(e, tuple(rest), new) if i == key else e for i, e in enumerate(value)]
        return [e for e in entries if e is not _MISSING]
    entry = replaced(value[key], tuple(rest), new)
    return {k: entry if k == key else v for k, v in value.items() if k != key or entry is not _MISSING}


def flattened(posting: SourcePosting) -> Fields:
    """Every field by its name, those of places as `places[].city`, those of pay as `pay.minimum`."""
    flat: Fields = {}
    for name in SourcePosting.__struct_fields__:
        value = getattr(posting, name)
        if name == "places":
            # Without the unknown ones: a second place changes the texts, not the regions that nobody knows.
            known = {part: [getattr(place, part) for place in value] for part in Place.__struct_fields__}
            flat |= {f"places[].{part}": [said for said in every if said is not None] for part, every in known.items()}
        elif name == "pay":
            flat |= {f"pay.{part}": value and getattr(value, part) for part in OfferedPay.__struct_fields__}
        else:
            flat[name] = value
    return flat


def name_of(path: Path) -> str:
    """The path as it is written in documents: `locations[].name`."""
    return "".join("[]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def _trace(adapter: SourceAdapter, item: Any) -> Iterator[Traced]:
    """Every field of an item and the feed, which is treated like one."""

    def probe(whole: Any) -> Fields | None:
        try:
            return flattened(adapter.map_to_common(whole["item"], whole.get("feed", "")))
        except MappingError:
            return None

    whole = {"feed": "acme", "item": item}
    effects = drivers(whole, probe)
    seconds = _stand_ins(whole, effects, probe)
    for path, effect in effects.items():
        becomes = tuple(name for name in _ORDER if name in effect)
        stands_in = tuple(name for name in _ORDER if name in seconds.get(path, ()))
        if path[0] == "item":
            yield Traced(name_of(path[1:]), becomes, stands_in, "extra" in effect and not becomes)
        elif becomes or stands_in:
            yield Traced(FEED, becomes, stands_in, kept=False)


def _stand_ins(whole: Any, effects: dict[Path, set[str]], probe: Probe) -> dict[Path, set[str]]:
    """Which values decide a field once those that decide it now are taken away."""
    found: dict[Path, set[str]] = {}
    for name in _ORDER:
        rest, left = whole, dict(effects)
        while gone := [path for path, effect in left.items() if name in effect]:
            for path in sorted(gone, key=_last_first):
                rest = replaced(rest, path, _MISSING)
            # Indices have moved where entries of a list are gone: paths are those of what is left.
            before = probe(rest)
            if before is None:
                break
            # Where nothing stands in by itself, it can only be what decides nothing else.
            idle = before[name] in (None, [])
            left = {
                path: {name}
                for path in leaves(rest)
                if not _in_list(path)
                and not (idle and effects.get(path, set()) - {"extra"})
                and name in _effect(rest, path, probe, before, name)
            }
            for path in (path for path in left if name not in effects.get(path, ())):
                found.setdefault(path, set()).add(name)
    return found


def _effect(value: Any, path: Path, probe: Probe, before: Fields | None, enough: str = "") -> set[str]:
    """The fields of `before` that change with the value at `path`; no more are looked for once `enough` is found."""
    changed: set[str] = set()
    if before is None:
        return changed
    for new in _others(at(value, path)):
        after = probe(replaced(value, path, new))
        if after is not None:
            changed |= {name for name, said in after.items() if said != before[name]}
        if enough in changed:
            break
    return changed


def _others(old: Any) -> Sequence[Any]:
    """Values of the same kind as the old one, and none at all."""
    if isinstance(old, bool):
        return (not old, _MISSING)
    if isinstance(old, int | float):
        return (old + 1, old * 2 + 3, _MISSING)
    if not isinstance(old, str) or not old:
        return _ANYTHING
    # Of two fields that name the country, none is missed when it is gone: another country shows which one decides.
    country = "de" if len(old) <= 3 else "Germany"
    others = (f"{old} 4711", f"{old}4711", old.upper(), country, "2021-02-03T04:05:06Z", "https://example.com/4711")
    return (*others, _MISSING)


def _last_first(path: Path) -> list[tuple[int, str]]:
    """Entries of a list are taken from its end, so that the indices before stay right."""
    return [(-key, "") if isinstance(key, int) else (0, key) for key in path]


def _in_list(path: Path) -> bool:
    return any(isinstance(key, int) for key in path)


def _together(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in _ORDER if name in one or name in other)


_ORDER = tuple(name for name in flattened(SourcePosting(source_job_id="")) if name != "extra")
