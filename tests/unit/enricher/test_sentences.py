"""Where a sentence begins and ends in the bytes around a phrase."""

import pytest

from enricher.domain.sentences import first_sentence, last_sentence
from enricher.domain.wording import WordsPattern


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("we sell. you need", "you need"),
        ("you need node.js and", "you need node.js and"),
        ("we pay. you have min. 5", "you have min. 5"),
        ("to the admin. 5", " 5"),
        ("tea • coffee · 5", " 5"),
        ("5 ¢ in â", "5 ¢ in â"),
        ("about us  you need", "you need"),
        ("one line\ntwo", "two"),
        ("the end.", ""),
        ("\xa2 of a sign that was cut", "\xa2 of a sign that was cut"),
    ],
)
def test_a_sentence_begins_behind_the_last_mark_that_ends_one(before: str, said: str) -> None:
    assert last_sentence(before.encode()).strip() == said.strip()


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (" of python. we pay", "of python"),
        ("\xa0of e.g. python.\u2009we", "of e.g. python"),
        ("with node.js; more", "with node.js"),
        ("in it  we pay", "in it"),
        ("• tea", ""),
        (" in a team\nwe", "in a team"),
    ],
)
def test_a_sentence_ends_at_the_first_mark_that_ends_one(behind: str, said: str) -> None:
    assert first_sentence(behind.encode()) == said


def test_a_phrase_inside_a_longer_word_is_none_of_the_words() -> None:
    words = WordsPattern(["no", "not a"])
    assert words.search("we know it") is None
    assert [m.group() for m in words.finditer("know no rest, not a day")] == ["no", "not a"]
