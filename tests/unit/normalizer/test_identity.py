"""The identity of a posting is frozen: these values must never change, or history splits."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts import Place
from normalizer.domain.identity import hash_key, location_text, normalise

GOLDEN = [
    (("Acme, Inc.", "Senior Engineer", "Toronto, ON"), "59880b15036b5db9e6319f0dc9010cf0"),
    (("ACME INC", "senior  engineer", "toronto on"), "59880b15036b5db9e6319f0dc9010cf0"),
    (("Zażółć Gęślą", "Ingénieur·e (F/H)", "Łódź"), "0cf316237b1712354b5955bc18ec9b61"),
    (("Société Générale", "Développeur", "Île-de-France"), "a4821933d35bd05b75f311ce92452089"),
    (("Müller GmbH & Co. KG", "Straßenbauer", "München"), "c16268def9fa185e7758bb2a967942a0"),
    (("株式会社テスト", "ソフトウェアエンジニア", "東京都"), "095e6bd53cdd64e81bf3e142f58db9f4"),
    (("한국 회사", "개발자", "서울"), "aecb42a0e04f0e0715c196695cf88c67"),
    (("ＡＣＭＥ", "Ｅｎｇｉｎｅｅｒ", "Ｔｏｋｙｏ"), "4d1e19a55a728d4cffebeaf1cdf326bd"),
    (("Йошкар", "Ёж", "Москва"), "dc5692f6ddfe1594f2506c8e3f2d5482"),
    (("İstanbul A.Ş.", "Işık", "İzmir"), "4a4acdcc99c9cfe396acdfe38426d2d0"),
    (("A|B", "C|D", "E|F"), "04b04a98472009d37e2cad452f6f09cc"),
    ((None, "Engineer", None), "9beeff7ad8aeb01b953c24c1924e468d"),
    ((None, None, None), "7d010443693eec253a121e2aa2ba177c"),
]


@pytest.mark.parametrize(("parts", "expected"), GOLDEN, ids=[str(parts) for parts, _ in GOLDEN])
def test_golden_values(parts: tuple[str | None, ...], expected: str) -> None:
    assert hash_key(*parts) == expected


def test_it_is_the_md5_of_the_normalised_parts() -> None:
    said = hashlib.md5(b"acme inc|senior engineer|toronto on", usedforsecurity=False).hexdigest()
    assert hash_key("  Acme,\tInc. ", "Sénior Engineer", "TORONTO / ON") == said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b-c/d", "a b c d"),
        ("x\u200by\u00ad", "xy"),
        ("1\u00a02", "1 2"),
        ("…!?", ""),
        ("が か", "が か"),
        ("ﬁne ½", "fine 1 2"),
        ("C++ / C#", "c c"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_what_normalising_does(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(), st.text())
def test_case_and_space_do_not_count(left: str, right: str) -> None:
    words = f"{normalise(left)} {normalise(right)}"
    assert normalise(f"\n {words.upper().lower()}\t") == normalise(words.lower())


@given(st.text(), st.text(), st.text())
def test_no_part_can_reach_into_another(company: str, title: str, location: str) -> None:
    assert "|" not in normalise(company) + normalise(title) + normalise(location)


def test_places_count_in_any_order_once_and_in_the_sources_words() -> None:
    berlin, lodz = Place(text="Berlin", city="Elsewhere"), Place(city="Łódź", country="pl")
    assert location_text([berlin, lodz]) == location_text([lodz, berlin, Place(text="BERLIN")]) == "berlin lodz pl"
    assert location_text([]) == location_text([Place(latitude=1.0)]) == ""
