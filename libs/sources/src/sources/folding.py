"""Text without what does not tell two names apart: case, accents, punctuation, white space."""

import unicodedata
from functools import lru_cache

#: Latin letters whose stroke or ligature Unicode does not decompose.
_LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"}
_FIRST_ACCENT, _LAST_ACCENT = 0x0300, 0x036F


class _Folding(dict[int, str | None]):
    """What becomes of each character, worked out at first sight."""

    def __missing__(self, code: int) -> str | None:
        self[code] = folded = _folded(code)
        return folded


def _folded(code: int) -> str | None:
    character = chr(code)
    if character in _LETTERS:
        return _LETTERS[character]
    category = unicodedata.category(character)
    # Only European accents go: marks of other scripts are part of the letter (か and が are different words).
    if _FIRST_ACCENT <= code <= _LAST_ACCENT or category == "Cf":
        return None
    return character if category[0] in "LMN" else " "


_folding = _Folding()


@lru_cache(maxsize=8192)
def normalise(text: str | None) -> str:
    """NFKC, lower case, accents folded, punctuation and symbols to spaces, white space collapsed; None gives "".

    Frozen: the identity of postings and companies is made of it.
    """
    if not text:
        return ""
    if text.isascii():
        return " ".join(text.lower().translate(_folding).split())
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).lower())
    return " ".join(unicodedata.normalize("NFC", decomposed.translate(_folding)).split())
