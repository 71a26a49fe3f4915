"""The words of a job title that tell occupations apart, in one spelling."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from enricher.domain.compounds import Compounds
from enricher.domain.gazetteer import fold
from enricher.domain.rules import TitleWordRules

_WORD = re.compile(r"[a-z0-9+#]+")
#: Words of other scripts count as unknown ones: what stands beside them does not tell the occupation.
_WORD_OF_ANY_SCRIPT = re.compile(r"(?:[^\W_]|[+#])+")
_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]?")
#: Where one part of a title ends: what follows says less about the occupation.
_PARTS = re.compile(r"\s+[-–—|@:]+\s*|\s*[,;|–—@:/•·]\s*|\s-|\bcum\b|\*+|!+")
_OBJECTS = re.compile(r"\s(?:for|in|at|to|with|of|from|by|under)\s")
#: Weights of a word by where it stands: first part, a later one, behind "for" and the like, in brackets.
_LATER, _OBJECT, _BRACKETED = 0.4, 0.8, 0.25
_LONGEST_STEM, _LONGEST_ROOT, _SHORTEST_COMPOUND, _SHORTEST_OF_WOMEN = 3, 7, 7, 6
#: Endings of women's titles in German, French and Spanish, and those of men.
_WOMEN = {
    "erin": "er", "eurin": "eur", "istin": "ist", "entin": "ent", "torin": "tor", "antin": "ant", "arin": "ar",
    "gogin": "goge", "waltin": "walt", "peutin": "peut", "euse": "eur", "trice": "teur", "iere": "ier", "ienne": "ien",
    "dora": "dor",
}  # fmt: skip
_ENDS_OF_WOMEN = tuple(_WOMEN)
#: Bits of the ranks that a title's words name.
MANAGER, SUPERVISOR, ASSISTANT = 1, 2, 4


class TitleWords:
    """The `words` of `config/taxonomy/titles.yml`, ready to be asked."""

    def __init__(self, rules: TitleWordRules, whole: Iterable[str] = ()) -> None:
        """Compounds among the titles `whole` are left as they are: more is known of them than of their parts."""
        self._phrases = {tuple(key.split()): value for key, value in rules.phrases.items()}
        self._firsts = {key[0] for key in self._phrases}
        self._longest = max((len(key) for key in self._phrases), default=1)
        self._same = rules.same | {
            word: english
            for table in (rules.romance, rules.germanic)
            for english, words in table.items()
            for word in words
        }
        self._compounds = Compounds(rules)
        self._whole = frozenset(_singular(fold(title)) for title in whole)
        self._plain = lru_cache(maxsize=50_000)(self._plain_of)
        self._generic = frozenset(rules.generic)
        self._ignored = frozenset(rules.ignored)
        by_rank = (
            (MANAGER, rules.managers), (SUPERVISOR, rules.supervisors), (ASSISTANT, rules.assistants)
        )  # fmt: skip
        #: Word → the bit of its rank; words of none are missing.
        self.ranks = {word: rank for rank, words in by_rank for word in words}

    def key(self, title: str) -> tuple[str, ...]:
        """The words in alphabetical order, each once."""
        return tuple(sorted(self.weighted(title)))

    def weighted(self, title: str) -> dict[str, float]:
        """Word → weight, above 0 to 1, by where in the title it stands."""
        low, bracketed = title.lower(), ""
        if "(" in low or "[" in low or "{" in low:
            bracketed, low = " ".join(_BRACKETS.findall(low)), _BRACKETS.sub(" ", low)
        weights: dict[str, float] = {}
        for part in _PARTS.split(low):
            first = _LATER if weights else 1.0
            for number, words in enumerate(_OBJECTS.split(f" {part} ")):
                weight = first * _OBJECT if number else first
                for word in self._words(words):
                    if weights.get(word, 0.0) < weight:
                        weights[word] = weight
        for word in self._words(bracketed) if bracketed else ():
            weights.setdefault(word, _BRACKETED if weights else 1.0)
        return weights

    def _words(self, text: str) -> list[str]:
        words = _WORD.findall(text) if text.isascii() else _WORD_OF_ANY_SCRIPT.findall(_plain(text))
        if not self._firsts.isdisjoint(words):
            words = self._joined(words)
        kept = [plain for word in words for plain in self._plain(word)]
        last = len(kept) - 1
        generic = self._generic
        return ["specialist" if w in generic and (w != "executive" or at == last) else w for at, w in enumerate(kept)]

    def _plain_of(self, word: str) -> tuple[str, ...]:
        """The word in its one spelling, in English where it is German, Dutch, French or Spanish; compounds apart."""
        plain = self._known(word)
        is_whole = plain != _singular(word) or len(plain) < _SHORTEST_COMPOUND or plain in self._whole
        words = [plain] if is_whole else self._parts(plain)
        found = (one for each in words for one in self._same.get(each, each).split())
        return tuple(one for one in found if one not in self._ignored and not one.isdigit())

    def _known(self, word: str) -> str:
        same = self._same
        if (known := same.get(word)) is not None:
            return same.get(known, known)
        plain = _singular(word)
        # Women's titles in Spanish and French, plurals in German: dependienta, avocate, Kundinnen.
        for form in (plain, *_forms(plain)):
            if (known := same.get(form)) is not None:
                return same.get(known, known)
        return next((form for form in _surely_of_women(plain) if form in self._whole), plain)

    def _parts(self, word: str) -> list[str]:
        """Those of a compound, or of the man's title that a woman's is of: "Finanzanalystin"."""
        found = self._compounds.parts(word)
        if len(found) == 1 and word.endswith("in"):
            found = next((p for end in ("", "e") if len(p := self._compounds.parts(word[:-2] + end)) > 1), found)
        return found

    def _joined(self, words: list[str]) -> list[str]:
        joined, start = [], 0
        while start < len(words):
            for length in range(self._longest, 1, -1):
                if phrase := self._phrases.get(tuple(words[start : start + length])):
                    joined.append(phrase)
                    start += length
                    break
            else:
                joined.append(words[start])
                start += 1
        return joined


def _forms(word: str) -> Iterator[str]:
    """What a woman's title may be of, in the languages that mark it by an ending of one or two letters."""
    if len(word) <= _LONGEST_STEM + 1:
        return
    if word[-1] == "a":
        yield word[:-1] + "o"
        yield word[:-1] + "e"
        yield word[:-1]
    elif word[-1] == "e":
        yield word[:-1]
    elif word.endswith("in"):
        yield word[:-2]
        yield word[:-2] + "e"
    elif word[-1] == "n":
        yield word[:-1]


def _surely_of_women(word: str) -> Iterator[str]:
    """The same where the ending is no ending of other words: a whole title may be asked for by it."""
    if len(word) < _SHORTEST_OF_WOMEN:
        return
    if word.endswith("in"):
        yield word[:-2]
        yield word[:-2] + "e"
    elif word.endswith("a"):
        yield word[:-1] + "o"
        if word.endswith("ora"):
            yield word[:-1]


def _plain(text: str) -> str:
    """Without accents, d' and l' apart as in plain text; C++ and C# keep their marks."""
    text = text.replace("’", " ").replace("'", " ")
    return " ".join(fold(word) + "".join(c for c in word if c in "+#") for word in text.split())


def _singular(word: str) -> str:
    """Without the ending of a plural, or of a woman's title; words of all languages here are treated alike."""
    if len(word) > _LONGEST_ROOT and word.endswith(_ENDS_OF_WOMEN):
        end = next(e for e in _ENDS_OF_WOMEN if word.endswith(e))
        return word[: -len(end)] + _WOMEN[end]
    if len(word) <= _LONGEST_STEM or word[-1] != "s" or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "ches", "shes", "xes")) else word[:-1]
