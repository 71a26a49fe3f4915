"""The language a posting is written in, by its commonest words or its script."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import lcm
from struct import Struct

from enricher.domain.evidence import Evidence
from enricher.domain.rules import LanguageRules

#: Characters read; from the middle of long bodies, whose first lines may be a firm's English boilerplate.
_READ = 500
#: Characters under which words of notices and the title count as well.
_SHORT = 200
#: Words without which a text is too short to tell.
_FEWEST = 4
# Not the "s" of "Master's", a word of Czech.
_AFTER_APOSTROPHE = re.compile(r"['’][^\W\d_]?")
_WORDS, _ASCII = re.compile(r"[^\W\d_]+"), bytes(range(128))
_SMALL_LETTERS = bytes(ord(chr(b).lower()) if b < 128 and chr(b).isalpha() else ord(" ") for b in range(256))
#: One in so many characters must be of a script: of Ukrainian only every twentieth is a letter that Russian lacks.
_SCRIPT_SHARE = 30
#: Bytes a character from which a text is written in another script, whatever English words stand in it.
_MOSTLY = 1.3
#: Addresses hold words of languages: "com" is Portuguese.
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[\w.@-]+\.(?:com|org|net|io|ai|co)\b\S*")
_Scripts = list[tuple[re.Pattern[str], str]]
#: Share of all words that must be common words of the language, and its lead over the next.
_LEAST_SHARE, _LEAST_LEAD = 0.08, 1.2


class LanguageReader:
    """The profiles of `config/taxonomy/languages.yml`, ready to be asked."""

    def __init__(self, rules: LanguageRules) -> None:
        self._of_word = _CommonWords(rules.words)
        self._of_notice = _CommonWords(
            {language: {*words, *rules.notices.get(language, ())} for language, words in rules.words.items()}
        )
        self._scripts = [(re.compile(f"[{pattern}]"), language) for language, pattern in rules.scripts.items()]
        self._own = [(pattern, language) for pattern, language in self._scripts if language not in rules.words]

    def read(self, title: str, body: str) -> Evidence | None:
        """ISO 639-1 code with its reason; None where the text is too short or of no language known here."""
        start = max(0, (len(body) - _READ) // 3)
        part = _without_addresses(body[start : start + _READ] or title)
        where = "description" if body else "title"
        own = self._by_script(part, self._own) if len(part.encode()) > len(part) * _MOSTLY else None
        found = own or self._of_word.language(_words(part)) or self._by_script(part, self._scripts)
        if found is None and len(body) < _SHORT:
            found = self._of_notice.language(_words(f"{title} {body}"))
        elif found is None:
            # A list of names or places in the middle.
            words = _words(_without_addresses(body[: _READ * 4]))
            found = self._of_word.language(words) or self._of_notice.language(words)
        if found is None:
            return None
        language, rule = found
        return Evidence("language", language, rule, where)

    def _by_script(self, part: str, scripts: _Scripts) -> tuple[str, str] | None:
        """By letters that only one of the languages uses, in their order; a few in a hundred are enough."""
        if part.isascii():
            return None
        for pattern, language in scripts:
            if len(pattern.findall(part)) * _SCRIPT_SHARE >= max(len(part), 1):
                return language, "language.script"
        return None


def _without_addresses(part: str) -> str:
    return _ADDRESS.sub(" ", part) if "://" in part or ".co" in part else part


class _CommonWords:
    """The common words of all languages, each shared among those that have it.

    A word's shares are one integer with a field of 64 bits for each language, so that adding it adds them all.
    """

    def __init__(self, words: Mapping[str, Iterable[str]]) -> None:
        self._languages = list(words)
        of_word: dict[str, set[int]] = defaultdict(set)
        for number, of_language in enumerate(words.values()):
            for word in of_language:
                of_word[word].add(number)
        #: What one occurrence of a word is worth.
        self._whole = lcm(*map(len, of_word.values()))
        self._shares = {
            word: sum(self._whole // len(numbers) << 64 * number for number in numbers)
            for word, numbers in of_word.items()
        }
        self._fields = Struct(f"<{len(self._languages)}Q")

    def language(self, words: list[str]) -> tuple[str, str] | None:
        """The language of a text by these words, with the rule; None where they do not tell."""
        added = sum(filter(None, map(self._shares.get, words)))
        if len(words) < _FEWEST or not added:
            return None
        scores = self._fields.unpack(added.to_bytes(self._fields.size, "little"))
        *_, next_best, score = 0, *sorted(scores)
        least = max(len(words) * _LEAST_SHARE, 1) * self._whole
        if score < least or score < next_best * _LEAST_LEAD:
            return None
        return self._languages[scores.index(score)], "language.words"


def _words(part: str) -> list[str]:
    """The words in lower case."""
    accented = not part.isascii() and _WORDS.search(part.encode(errors="replace").translate(None, _ASCII).decode())
    low = part.lower() if accented else part
    if "'" in low or "’" in low:
        low = _AFTER_APOSTROPHE.sub(" ", low)
    if accented:
        return _WORDS.findall(low)
    # Where no letter has an accent, a fifth of the time of that.
    return low.encode("ascii", "replace").translate(_SMALL_LETTERS).decode().split()
