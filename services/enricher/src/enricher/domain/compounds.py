"""German and Dutch words made of several: Vertriebsleiter says sales and manager."""

from enricher.domain.rules import TitleWordRules

#: What stands between the parts of a compound, the commonest first.
_LINKS = ("", "s", "n", "en", "es", "er", "e")
#: A last part with something unknown before it has at least so many letters.
_SHORTEST_HEAD, _SHORTEST_REST = 6, 3


class Compounds:
    """The `germanic` and `german_parts` of `config/taxonomy/titles.yml`, ready to be asked."""

    def __init__(self, rules: TitleWordRules) -> None:
        tables = (rules.german_parts, rules.germanic)
        self._parts = {word: english for table in tables for english, words in table.items() for word in words}
        #: Those that are plain enough to be told behind something unknown.
        self._heads = {word: english for english, words in rules.germanic.items() for word in words}
        self._longest = max(map(len, self._parts), default=0)

    def parts(self, word: str) -> list[str]:
        """English words for all parts, or for the last one with what stands before it; the word itself if unknown."""
        if len(found := self._split(word)) > 1:
            return found
        for length in range(min(self._longest, len(word) - _SHORTEST_REST), _SHORTEST_HEAD - 1, -1):
            if english := self._heads.get(word[-length:]):
                return [word[:-length], english]
        return [word]

    def _split(self, word: str) -> list[str]:
        if (whole := self._parts.get(word)) is not None:
            return [whole]
        for length in range(min(self._longest, len(word) - 1), 2, -1):
            if (english := self._parts.get(word[:length])) is None:
                continue
            for link in _LINKS:
                rest = word[length:]
                if rest.startswith(link) and len(rest) > len(link) + 2 and (behind := self._split(rest[len(link) :])):
                    return [english, *behind]
        return []
