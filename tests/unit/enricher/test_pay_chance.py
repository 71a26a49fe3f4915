"""What is told to hold no pay before it is cut into tokens would be none behind that, either."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enricher.domain.pay.chance import Chance
from enricher.domain.pay.conversion import Conversion
from enricher.domain.pay.grammar import Grammar
from enricher.domain.pay.judgement import Judge
from enricher.domain.pay.tokens import Tokenizer
from enricher.store.rule_files import load_rules

_PIECES = (
    "salary", "pay", "hourly", "rate", "range", "per hour", "/hr", "an hour", "a year", "year", "up to", "from", "min",
    "-", "to", "and", "between", "(", ")", "|", "\n", ".", ",", ":", "+", "/", "k", "m", "lpa", "lakh", "tsd",
    "thousand", "$", "€", "us dollars", "rs.", "usd", "eur", "r", "kr", "t €", "15", "17.50", "25", "9", "120", "401",
    "1.200", "12 000", "950", "1200", "2 200,00", "99\\.5", "3.200,-", "years", "of", "environment",
)  # fmt: skip


@cache
def _readers() -> tuple[Chance, Tokenizer, Grammar, Judge]:
    rules = load_rules()
    pay = rules.pay
    return Chance(pay), Tokenizer(pay), Grammar(pay), Judge(pay, Conversion(pay, rules.rates))


def has_chance(low: str) -> bool:
    return _readers()[0].of(low)


def holds_pay(low: str, *, trusted: bool) -> bool:
    _, tokenizer, grammar, judge = _readers()
    tokens = tokenizer.cut(low)
    return any(judge.judge(tokens, money, "us", trusted=trusted) for money in grammar.read(tokens))


@settings(deadline=None)  # the first example waits for the rules
@given(
    pieces=st.lists(st.sampled_from(_PIECES), max_size=12),
    between=st.sampled_from(["", " ", "_"]),
    trusted=st.booleans(),
)
def test_where_there_is_no_chance_there_is_no_pay(pieces: list[str], between: str, trusted: bool) -> None:
    low = between.join(pieces)
    assert has_chance(low) or not holds_pay(low, trusted=trusted)


@pytest.mark.parametrize(
    "low", ["", "we are 20 people in 3 offices", "5+ years in such an environment", "within 30 days, 24/7, top 10"]
)
def test_small_numbers_without_a_currency_have_no_chance(low: str) -> None:
    assert not has_chance(low)
