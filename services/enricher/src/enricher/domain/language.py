"""The language a posting is written in, by its commonest words or its script."""

import re
from collections import Counter, defaultdict

from enricher.domain.evidence import Evidence
from enricher.domain.rules import LanguageRules

#: Characters read; from the middle of long bodies, whose first lines may be a firm's English boilerplate.
_READ = 500
#: Words without which a text is too short to tell.
_FEWEST = 4
# Not the "s" of "Master's", a word of Czech.
_AFTER_APOSTROPHE = re.compile(r"['’][^\W\d_]?")
_WORDS, _FOREIGN = re.compile(r"[^\W\d_]+"), re.compile(r"[^\W\d_\x00-\x7f]")
_ONLY_LETTERS = bytes(byte if byte < 128 and chr(byte).isalpha() else ord(" ") for byte in range(256))
#: Share of all words that must be common words of the language, and its lead over the next.
_LEAST_SHARE, _LEAST_LEAD = 0.08, 1.2


class LanguageReader:
    """The profiles of `config/taxonomy/languages.yml`, ready to be asked."""

    def __init__(self, rules: LanguageRules) -> None:
        self._of_word: dict[str, list[str]] = defaultdict(list)
        for language, words in rules.words.items():
            for word in words:
                self._of_word[word].append(language)
        self._scripts = [(re.compile(f"[{pattern}]"), language) for language, pattern in rules.scripts.items()]

    def read(self, title: str, body: str) -> Evidence | None:
        """ISO 639-1 code with its reason; None where the text is too short or of no language known here."""
        start = max(0, (len(body) - _READ) // 3)
        part = body[start : start + _READ] or title
        where = "description" if body else "title"
        found = self._by_words(part.lower()) or self._by_script(part)
        if found is None:
            return None
        language, rule = found
        return Evidence("language", language, rule, where)

    def _by_words(self, low: str) -> tuple[str, str] | None:
        words = _words(low)
        of_word = self._of_word
        scores: dict[str, float] = defaultdict(float)
        for word, times in Counter(filter(of_word.__contains__, words)).items():
            languages = of_word[word]
            share = times / len(languages)
            for language in languages:
                scores[language] += share
        if len(words) < _FEWEST or not scores:
            return None
        best = max(scores, key=scores.__getitem__)
        *_, next_best, score = 0.0, *sorted(scores.values())
        clear = score >= next_best * _LEAST_LEAD
        return (best, "language.words") if clear and score >= max(len(words) * _LEAST_SHARE, 1) else None

    def _by_script(self, part: str) -> tuple[str, str] | None:
        """By letters that only one of the languages uses; a tenth of the text must be of them."""
        if part.isascii():
            return None
        for pattern, language in self._scripts:
            if len(pattern.findall(part)) * 10 >= max(len(part), 1):
                return language, "language.script"
        return None


def _words(low: str) -> list[str]:
    if "'" in low or "’" in low:
        low = _AFTER_APOSTROPHE.sub(" ", low)
    if not low.isascii() and _FOREIGN.search(low):
        return _WORDS.findall(low)
    # Where no letter has an accent, a fifth of the time of that.
    return low.encode("ascii", "replace").translate(_ONLY_LETTERS).decode().split()
