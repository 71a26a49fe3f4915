"""Words of titles are brought to one spelling in English, compounds in parts."""

import pytest

from enricher.domain.enrich import Enricher


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Versandleiterin", ("manager", "shipping")),
        ("Leitung Einkauf", ("manager", "purchasing")),
        ("Lagerplaner", ("planner", "warehouse")),
        ("Klempnereileiter", ("klempnerei", "manager")),
        ("Dependienta", ("salesperson",)),
        ("Responsable des ressources humaines", ("hr", "manager")),
        ("Agente d'accueil", ("agent", "reception")),
        ("Agente d'accueil à Sète", ("agent", "reception", "sete")),
        ("Chef de projet bâtiment", ("building", "manager", "project")),
    ],
)
def test_words_of_other_languages_are_told_in_english(enricher: Enricher, title: str, words: tuple[str, ...]) -> None:
    assert enricher.occupation.words.key(title) == words


@pytest.mark.parametrize(
    "title", ["personal trainer", "labor relation specialist", "bank teller", "kindergarten teacher"]
)
def test_english_words_are_no_parts_of_compounds(enricher: Enricher, title: str) -> None:
    assert enricher.occupation.words.key(title) == tuple(sorted(title.split()))


def test_titles_of_the_rules_stay_whole(enricher: Enricher) -> None:
    assert enricher.occupation.words.key("Bilanzbuchhalter") == ("bilanzbuchhalter",)
