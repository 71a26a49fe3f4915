"""The letters by which two texts are compared are those of the text in lower case, whatever script it is in."""

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from common.settings import config_path
from normalizer.domain.dedupe_rules import dedupe_rules_from
from normalizer.domain.similarity import text_of

RULES = dedupe_rules_from(yaml.safe_load(config_path("dedupe.yml").read_text(encoding="utf-8")))


@given(st.text(max_size=80))
@example("ΟΔΟΣ ΣΟΦΙΑΣ, Ωδή")
@example("İstanbul – Straße, ẞ und K")
@example("Ärzte\udcff 2½ ²")
def test_letters_are_the_letters_and_digits_of_the_text_in_lower_case(text: str) -> None:
    found = text_of(f"{text} and so on.", RULES).letters
    assert found == "".join(filter(str.isalnum, f"{text} and so on.".rstrip().lower()))
