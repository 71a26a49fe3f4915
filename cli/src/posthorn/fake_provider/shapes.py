"""Takes the example page of a source apart into its entries and what stands around them."""

import html
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sources.adapter import SourceAdapter
from sources.errors import PagePayloadError
from sources.tracing import Path, at, leaves, replaced

_FEED_ITEM = re.compile(r"<item\b.*?</item>", re.DOTALL)
_JSON_LD = re.compile(r"(<script[^>]*application/ld\+json[^>]*>)(.*?)(</script>)", re.DOTALL)
_TEXT = re.compile(r"(?<=>)[^<>]+(?=<)")


class Shape(ABC):
    """A page as a frame around entries. An entry is any value of JSON; `render` and `page` make bytes of them."""

    entries: list[Any]
    media_type: str

    @abstractmethod
    def render(self, entry: Any) -> bytes:
        """An entry as it stands in a page."""

    @abstractmethod
    def page(self, entries: Sequence[bytes], counts: Mapping[str, Any]) -> bytes:
        """A page of rendered entries; `counts` are values of the frame by their dotted paths, where it has them."""

    @abstractmethod
    def payload(self, entry: Any) -> Any:
        """The page of one entry as a client hands it on."""

    @abstractmethod
    def broken(self, item: Any) -> bytes:
        """Something that is no posting, as it would stand in a page."""


class JsonShape(Shape):
    """A list somewhere in a document; what stands in it without being a posting (a legal notice) opens every page."""

    media_type = "application/json"

    def __init__(self, adapter: SourceAdapter, path: Path) -> None:
        self._example, self._path = adapter.example, path
        self._notices: list[Any] = []
        everything = at(adapter.example, path)
        self.entries = [entry for entry in everything if adapter.items(self.payload(entry))]
        self._notices = [entry for entry in everything if not adapter.items(self.payload(entry))]

    def render(self, entry: Any) -> bytes:
        """As JSON."""
        return msgspec.json.encode(entry)

    def page(self, entries: Sequence[bytes], counts: Mapping[str, Any]) -> bytes:
        """The document with these entries in its list."""
        whole = self._example
        for name, count in counts.items():
            path = tuple(name.split("."))
            if _exists(whole, path):
                whole = replaced(whole, path, count)
        return msgspec.json.encode(replaced(whole, self._path, [*self._notices, *map(msgspec.Raw, entries)]))

    def broken(self, item: Any) -> bytes:
        """As it is."""
        return self.render(item)

    def payload(self, entry: Any) -> Any:
        """The document with this one entry."""
        return replaced(self._example, self._path, [*self._notices, entry])


class FeedShape(Shape):
    """An RSS feed; an entry is the list of the texts in its markup."""

    media_type = "application/xml"

    def __init__(self, example: str) -> None:
        found = list(_FEED_ITEM.finditer(example))
        self._before, self._after = example[: found[0].start()], example[found[-1].end() :]
        self._markup = _TEXT.split(found[0].group())
        self.entries = [[html.unescape(text) for text in _TEXT.findall(found[0].group())]]

    def render(self, entry: Any) -> bytes:
        """The block with these texts."""
        texts = [*(html.escape(text, quote=False) for text in entry), ""]
        return "".join(markup + text for markup, text in zip(self._markup, texts, strict=True)).encode()

    def page(self, entries: Sequence[bytes], counts: Mapping[str, Any]) -> bytes:
        """The blocks between what stands before and behind them."""
        return b"".join([self._before.encode(), *entries, self._after.encode()])

    def broken(self, item: Any) -> bytes:
        """A block without any text."""
        return self.render([""] * len(self.entries[0]))

    def payload(self, entry: Any) -> Any:
        """The page of this block, as text."""
        return self.page([self.render(entry)], {}).decode()


class ScriptShape(Shape):
    """A web page whose postings are scripts of JSON-LD; `path` is where the example holds the page's text."""

    media_type = "text/html"

    def __init__(self, example: Any, path: Path) -> None:
        self._example, self._path = example, path
        page = at(example, path)
        self._found = next(_JSON_LD.finditer(page))
        self._before, self._after = page[: self._found.start()], page[self._found.end() :]
        self.entries = [json.loads(self._found[2])]

    def render(self, entry: Any) -> bytes:
        """The script."""
        # As in real pages: a text that holds markup must not end the script.
        return b"".join([self._found[1].encode(), msgspec.json.encode(entry).replace(b"</", b"<\\/"), b"</script>"])

    def page(self, entries: Sequence[bytes], counts: Mapping[str, Any]) -> bytes:
        """The web page with these scripts."""
        return b"".join([self._before.encode(), *entries, self._after.encode()])

    def broken(self, item: Any) -> bytes:
        """A posting that says nothing."""
        return self.render({"@type": "JobPosting"})

    def payload(self, entry: Any) -> Any:
        """The page of this script."""
        return replaced(self._example, self._path, self.page([self.render(entry)], {}).decode())


def shape_of(adapter: SourceAdapter) -> Shape:
    """How the source's pages are made; ValueError where no repeated part makes its postings."""
    example = adapter.example
    for path in leaves({"": example}):
        text = at({"": example}, path)
        if isinstance(text, str) and _FEED_ITEM.search(text) and len(path) == 1:
            return FeedShape(text)
        if isinstance(text, str) and _JSON_LD.search(text):
            return ScriptShape(example, path[1:])
    for path in _lists(example):
        try:
            found = len(adapter.items(replaced(example, path, at(example, path) * 2)))
        except PagePayloadError:
            continue
        if found == 2 * len(adapter.items(example)) > 0:
            return JsonShape(adapter, path)
    raise ValueError(f"no list in the example of {adapter.name} holds its postings")


def _lists(value: Any, here: Path = ()) -> list[Path]:
    """Where the lists are, the outer ones first."""
    if isinstance(value, list):
        return [here, *(path for i, e in enumerate(value) for path in _lists(e, (*here, i)))]
    if isinstance(value, dict):
        return [path for key, entry in value.items() for path in _lists(entry, (*here, key))]
    return []


def _exists(value: Any, path: Path) -> bool:
    try:
        at(value, path)
    except (KeyError, TypeError):
        return False
    return True
