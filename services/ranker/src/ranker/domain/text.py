"""Words of short texts in one form, so that a query and a title can be compared."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

#: `go-to-market` and `R&D` are one word each, as their parts mean something else; `c++`, `.net`, `node.js` too.
_WORD = re.compile(r"\w+(?:-(?:to|of|the|and|in|on|as|a)-\w+)+|\w(?:&\w)+\b|\.?\w+(?:\.\w+)*[+#]*")
_JOINTS = re.compile(r"[\s\-._/]+")
_NOT_WORD = re.compile(r"[\W_]+")
_SHORT = 3


def fold(text: str) -> str:
    """Lower case, accents removed."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=65536)
def skill_key(skill: str) -> str:
    """A skill's name without its joints, so that `Node.js`, `node js` and `NodeJS` are one; empty if nothing is left.

    It begins with `/`, which no word does: skills and words of a title are looked up in one table.
    """
    name = _JOINTS.sub("", fold(skill))
    return f"/{name}" if name else ""


@lru_cache(maxsize=65536)
def phrase(text: str) -> str:
    """Folded words separated by single spaces."""
    return _NOT_WORD.sub(" ", fold(text)).strip()


def singular(word: str) -> str:
    """The word without the plural endings of English; other forms of a word stay different."""
    if len(word) <= _SHORT or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > _SHORT + 1:
        return word[:-3] + "y"
    return word[:-1]


class Words:
    """Splits texts into comparable words; `abbreviations` are written out."""

    def __init__(self, abbreviations: Mapping[str, str], stop_words: Iterable[str]) -> None:
        self._abbreviations = dict(abbreviations)
        self._stop_words = frozenset(stop_words)
        self._stem = lru_cache(maxsize=65536)(self._stem_of)

    def __call__(self, text: str) -> dict[str, None]:
        """The distinct words of `text` in their order (a dict serves as an ordered set)."""
        return dict.fromkeys(map(self._stem, _WORD.findall(fold(text))))

    def of_query(self, query: str) -> tuple[str, ...]:
        """The words to look for: stop words count only where there are no others."""
        words = tuple(dict.fromkeys(_WORD.findall(fold(query))))
        telling = [w for w in words if w not in self._stop_words]
        return tuple(dict.fromkeys(map(self._stem, telling or words)))

    def _stem_of(self, word: str) -> str:
        word = singular(word)
        return self._abbreviations.get(word, word)
