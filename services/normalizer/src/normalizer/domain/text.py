"""Makes any text of a payload storable and even: no control characters, no lone surrogates, single spaces."""

import html
import re
from collections.abc import Iterable

# Tab, line feed and carriage return stay: they separate words and lines.
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])
_INVISIBLE = ("\u00ad", "\u200b", "\u2060", "\ufeff")
#: White space but spaces and line ends.
_RARE = [chr(code) for code in range(0x3001) if chr(code).isspace() and chr(code) not in " \n"]
_RARE_ASCII = [sign for sign in _RARE if sign.isascii()]
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def storable(text: str) -> str:
    """The text without what PostgreSQL or UTF-8 refuse (NUL, lone surrogates) and without invisible characters."""
    clean = text.encode("utf-8", "ignore").translate(None, _CONTROLS).decode()
    if not clean.isascii():
        for character in _INVISIBLE:
            clean = clean.replace(character, "")
    return clean


def line(text: str | None) -> str | None:
    """One line with single spaces, entities and stray tags resolved; None where nothing is left."""
    if not text:
        return None
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if not text.isprintable():  # printable text holds nothing to remove
        text = storable(text)
    return evenly_spaced(text) or None


def lines(text: str) -> list[str]:
    """The lines that hold something, each with single spaces."""
    clean = storable(text)
    return each_evenly_spaced(clean.splitlines(), clean)


def each_evenly_spaced(parts: Iterable[str], whole: str) -> list[str]:
    """The parts of a text that hold something, each with single spaces.

    Whether there is white space but spaces and line ends is asked once for all of them, and mostly there is none.
    """
    if "  " in whole or any(sign in whole for sign in (_RARE_ASCII if whole.isascii() else _RARE)):
        return [even for part in parts if (even := evenly_spaced(part))]
    return [" ".join(even.split()) if "\n" in even else even for part in parts if (even := part.strip())]


def evenly_spaced(part: str) -> str:
    """With single spaces, none at the ends. Most texts are so: to see that takes a third of cutting them up.

    What separates words but is no space, such as a tab, is not printable.
    """
    if part.isprintable() and "  " not in part and part[:1] != " " and part[-1:] != " ":
        return part
    return " ".join(part.split())
