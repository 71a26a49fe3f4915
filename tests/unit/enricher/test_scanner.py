"""The pass that finds the phrases of all readers: the longest counts where it stands as words of its own."""

import pytest

from enricher.domain.scanner import Phrase, Scanner
from enricher.domain.text import Text

PHRASES = [
    Phrase("excel", "skill", "Excel"),
    Phrase("excel in", "decoy"),
    Phrase("big data", "skill", "Big data"),
    Phrase("data", "skill", "Data"),
    Phrase("data base", "skill", "Database"),
    Phrase("big data base", "skill", "Big database"),
    Phrase("is data", "decoy"),
]
SCANNER = Scanner(PHRASES)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Excel, Big Data", ["Excel", "Big data"]),
        ("you excel in data", ["Data"]),
        ("Excel indispensable", ["Excel"]),
        ("big data bases", ["Big data"]),
        ("big data baseball and data", ["Big data", "Data"]),
        ("bigger data base", ["Database"]),
        ("xbig data base", ["Database"]),
        ("exceling", []),
        ("this data base is new", ["Database"]),
        ("this data.", ["Data"]),
        ("this data baseball", ["Data"]),
        ("this data base and big data", ["Database", "Big data"]),
    ],
)
def test_the_longest_phrase_that_stands_as_words_of_its_own_is_found(words: str, found: list[str]) -> None:
    text = Text("", words)
    mentions = SCANNER.scan(text)["skill"]
    assert [m.value for m in mentions] == found
    assert {text.span(m.start, m.end)[3].lower() for m in mentions} <= {p.words for p in PHRASES}


def test_a_long_single_word_ends_where_a_line_break_was_lost_and_a_short_one_before_a_requirement_only() -> None:
    scanner = Scanner([Phrase("requirements", "heading"), Phrase("java", "skill"), Phrase("sql", "skill")])

    assert len(scanner.scan(Text("", "RequirementsDegree in law"))["heading"]) == 1
    assert len(scanner.scan(Text("", "SQLExperience with it"))["skill"]) == 1
    assert not scanner.scan(Text("", "JavaScript"))
