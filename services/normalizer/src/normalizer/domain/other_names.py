"""Whether two postings of one text name one role and one employer in different words, and what finds them."""

from collections.abc import Set
from functools import lru_cache

from normalizer.domain.similarity import Text

_VOWELS = str.maketrans("", "", "aeiouy")
#: Letters of a word, and of a name, that is known although one of them is wrong; shorter ones often differ in one.
_LONG, _LONG_NAME = 6, 8
#: Letters that are written for each other.
_ALIKE = frozenset({"ae", "ei", "iy", "ck", "cs", "sz"})
#: Letters of a name that say something where they stand in a text.
_TELLING = 3


@lru_cache(maxsize=65_536)
def skeleton(title_key: str) -> str:
    """A title key by which one with a typing error in a longer word is found; most errors leave it as it is.

    Of such a word the first letter and its consonants in order count, each once: `dispatcher` gives `dchpst`.
    """
    return " ".join(sorted(_bones(word) for word in title_key.split()))


def _bones(word: str) -> str:
    if len(word) < _LONG or not word.isalpha():
        return word
    return word[0] + "".join(sorted(set(word[1:].translate(_VOWELS)) - {word[0]}))


def same_role(one: str, other: str, places: Set[str]) -> bool:
    """Whether two title keys differ only in typing errors and in words of the places."""
    these, those = set(one.split()), set(other.split())
    left, right = these - those - places, those - these - places
    if len(left) != len(right):
        return False
    return all(any(mistyped(word, written) for written in right) for word in left)


def mistyped(one: str, other: str) -> bool:
    """Whether one of two longer words lacks a letter, has one too many, two swapped, or one that sounds alike.

    First and last letters are seldom wrong, and tell `baker` from `bakery`; other letters tell `hepatology` apart.
    """
    shorter, longer = sorted((one, other), key=len)
    if len(longer) < _LONG or (one[0], one[-1]) != (other[0], other[-1]) or not (one + other).isalpha():
        return False
    if len(longer) - len(shorter) == 1:
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
    if len(longer) != len(shorter):
        return False
    wrong = [at for at in range(len(one)) if one[at] != other[at]]
    told = [one[at] + other[at] for at in wrong]
    if len(wrong) == 1:
        return "".join(sorted(told[0])) in _ALIKE
    return len(wrong) == 2 and wrong[1] - wrong[0] == 1 and told[0] == told[1][::-1]


def akin(one: str, other: str, texts: tuple[Text, Text], common: Set[str]) -> bool:
    """Whether two brands may be one employer: one says nothing or is mistyped, or they share what both texts tell.

    They share a name where one brand is a part of the other, or both begin with it; `common` words are no name.
    """
    if not one or not other:
        return True
    if min(len(one), len(other)) >= _LONG_NAME and mistyped(one.replace(" ", ""), other.replace(" ", "")):
        return True
    these, those = one.split(), other.split()
    if not (set(these) <= set(those) or set(those) <= set(these) or these[0] == those[0]):
        return False
    shared = [word for word in these if word in those and word not in common and len(word) >= _TELLING]
    return any(all(word in text.letters for text in texts) for word in shared)
