"""Whether two postings of one text name one role and one employer in different words, and what finds them."""

from collections.abc import Set
from functools import lru_cache

from normalizer.domain.similarity import Text

_VOWELS = str.maketrans("", "", "aeiouy")
#: Letters of a word that is known although one of them is wrong; shorter words often differ in one letter.
_LEFT_OUT, _CHANGED = 6, 8
#: Letters of a name that say something where they stand in a text.
_TELLING = 3


@lru_cache(maxsize=65_536)
def skeleton(title_key: str) -> str:
    """A title key by which one with a typing error in a longer word is found; most errors leave it as it is.

    Of such a word the first letter and its consonants in order count, each once: `dispatcher` gives `dchpst`.
    """
    return " ".join(sorted(_bones(word) for word in title_key.split()))


def _bones(word: str) -> str:
    if len(word) < _LEFT_OUT or not word.isalpha():
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
    """Whether one of two longer words lacks a letter, has it twice or swapped, or, if very long, another inside."""
    shorter, longer = sorted((one, other), key=len)
    if len(longer) < _LEFT_OUT or one[0] != other[0] or not (one + other).isalpha():
        return False
    if len(shorter) == len(longer):
        wrong = [at for at, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]
        if len(wrong) == 1:
            return len(one) >= _CHANGED and wrong[0] < len(one) - 1
        at = wrong[0]
        return wrong == [at, at + 1] and one[at : at + 2] == other[at + 1] + other[at]
    return len(longer) - len(shorter) == 1 and any(
        longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer))
    )


def akin(one: str, other: str, texts: tuple[Text, Text], common: Set[str]) -> bool:
    """Whether two brands may be one employer: one says nothing, or they share a name that both texts tell.

    They share it where one brand is a part of the other, or both begin with it; `common` words are no name.
    """
    if not one or not other:
        return True
    these, those = one.split(), other.split()
    if not (set(these) <= set(those) or set(those) <= set(these) or these[0] == those[0]):
        return False
    shared = [word for word in these if word in those and word not in common and len(word) >= _TELLING]
    return any(all(word in text.letters for text in texts) for word in shared)
