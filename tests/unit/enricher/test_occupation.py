"""Titles are cleaned for display and stand for an occupation, or for none where too little is known."""

import gzip
import shutil
from pathlib import Path

import msgspec
import pytest

from common.contracts import Place
from common.settings import config_path
from common.settings.rule_files import RulesRefusedError
from enricher.domain.enrich import Enricher, job_of
from enricher.domain.occupation import OccupationReader
from enricher.domain.rules import TitleOccupation
from enricher.errors import InvalidRulesError
from enricher.store.rule_files import load_rules
from tests.support.enrichment import posting


@pytest.mark.parametrize(
    ("title", "display"),
    [
        ("Senior C++ Engineer (m/w/d) – Berlin – #R123", "Senior C++ Engineer"),
        ("URGENT!!! Java Developer - $120k - $150k - Remote", "Java Developer"),
        ("🚀 Backend Engineer 🚀 (Remote)", "Backend Engineer"),
        ("SENIOR DEVOPS ENGINEER (AWS)", "Senior DevOps Engineer (AWS)"),
        ("director of IT and sales", "director of IT and sales"),
        ("Software Engineer - AI", "Software Engineer - AI"),
        ("Software Engineer - Mobile", "Software Engineer - Mobile"),
        ("Product Manager, Payments - New York, NY", "Product Manager, Payments"),
        ("Travel Nurse - Des Moines, IA", "Travel Nurse"),
        ("Registered Nurse (RN) - $2,500/week", "Registered Nurse (RN)"),
        ("Entwickler:in (m/w/d) Java", "Entwickler Java"),
        ("Verkäufer/in (m/w/d) in Vollzeit", "Verkäufer"),
        ("Développeur·se Full Stack (H/F) - CDI - Paris", "Développeur Full Stack"),
        ("We are hiring: Sales   Associate!", "Sales Associate"),
        ("Hiring Manager", "Hiring Manager"),
        ("Key Account Manager (w/m/d) bis 90.000€", "Key Account Manager"),
        ("24/7 Support Engineer", "24/7 Support Engineer"),
        ("S/4HANA and R&D Lead", "S/4HANA and R&D Lead"),
        ("Office 365 Administrator", "Office 365 Administrator"),
        ("Software Engineer II, R-2023-4567", "Software Engineer II"),
        ("Paramedic (Immediate Hiring)", "Paramedic"),
        (".NET Developer", ".NET Developer"),
        ("Registered Nurse - Urgent Care", "Registered Nurse - Urgent Care"),
        ("VP of People (Interim, 6 months)", "VP of People"),
        ("Data Engineer (f/m/x, 100%)", "Data Engineer"),
        ("Account Manager (Fashion, remote)", "Account Manager (Fashion)"),
        ("Buyer (Housewares, part-time or full-time)", "Buyer (Housewares)"),
        ("Data Science Manager (f/m/d): Forecasting", "Data Science Manager: Forecasting"),
        ("Welder (MIG) Part-time", "Welder (MIG)"),
        ("Head of Remote", "Head of Remote"),
        ("Director, Benefits", "Director, Benefits"),
        ("Night Auditor - Weekend Manager", "Night Auditor - Weekend Manager"),
        ("Remote", "Remote"),
        ("#123", "#123"),
        ("", ""),
    ],
)
def test_a_title_is_cleaned_and_keeps_its_meaning(enricher: Enricher, title: str, display: str) -> None:
    assert enricher.display_titles.clean(title) == display


def test_the_posting_s_own_places_are_taken_out_of_its_title(enricher: Enricher) -> None:
    title = "Delivery Driver - Little Mountain"
    read = enricher.read(posting(title, places=[Place(text="Little Mountain")]))
    assert (read.display_title, enricher.read(posting(title)).display_title) == ("Delivery Driver", title)


def test_the_employer_is_taken_out_of_its_title(enricher: Enricher) -> None:
    clean = enricher.display_titles.clean
    assert clean("Sales Manager - Orbis GmbH", (), ("Orbis GmbH", "orbis")) == "Sales Manager"
    assert clean("Sales Manager at Orbis", (), ("Orbis GmbH", "orbis")) == "Sales Manager"
    assert clean("Sales Manager - Data", (), ("Data Orbis GmbH", "data orbis")) == "Sales Manager - Data"


@pytest.mark.parametrize(
    ("title", "display"),
    [
        ("Directeur / Directrice de crèche", "Directeur de crèche"),
        ("Conseiller commercial/Conseillère commerciale", "Conseiller commercial"),
        ("Expertin / Experte (w/m/d) für Netze", "Expertin für Netze"),
        ("Kaufmann/-frau im Außenhandel", "Kaufmann im Außenhandel"),
        ("Profesor / Profesora de inglés", "Profesor de inglés"),
        ("Buyer / Planner", "Buyer / Planner"),
        ("Java/JavaScript Developer", "Java/JavaScript Developer"),
    ],
)
def test_of_two_forms_of_a_title_the_first_stays(enricher: Enricher, title: str, display: str) -> None:
    assert enricher.display_titles.clean(title) == display


@pytest.mark.parametrize(
    ("title", "isco_code"),
    [
        ("Senior Software Engineer II (Remote)", "2512"),
        ("DevOps Engineer", "2512"),
        ("Sr. Data Engineer - Growth", "2511"),
        ("Machine Learning Engineer", "2511"),
        ("UX Designer", "2513"),
        ("Scrum Master", "1330"),
        ("Customer Success Manager", "2431"),
        ("Account Executive", "3322"),
        ("Accounts Executive", "3313"),
        ("Registered Nurse, ICU", "2221"),
        ("Class A CDL Truck Driver", "8332"),
        ("Executive Assistant to the CEO", "3343"),
        ("Marketing Manager", "1221"),
        ("Marketing Assistant", "2431"),
        ("Security Guard", "5414"),
        ("Information Security Analyst", "2529"),
        ("Line Cook", "5120"),
        ("Servers", "5131"),
        ("Softwareentwicklerin (m/w/d)", "2512"),
        ("Chef de projet H/F", "1219"),
        ("Enfermera", "2221"),
    ],
)
def test_a_title_stands_for_its_unit_group(enricher: Enricher, title: str, isco_code: str) -> None:
    read = enricher.read(posting(title)).occupation
    assert read is not None
    assert read.isco_code == isco_code


@pytest.mark.parametrize(
    ("title", "isco_code"),
    [
        ("Elevator Service Fitter", "7412"),
        ("Concrete Pump Driver", "8332"),
        ("Injection Press Setter", "8142"),
        ("Chicken Farm Worker", "9212"),
    ],
)
def test_titles_with_further_words_speak_beside_one_that_is_a_part_of_the_asked(
    enricher: Enricher, title: str, isco_code: str
) -> None:
    read = enricher.read(posting(title)).occupation
    assert read is not None
    assert read.isco_code == isco_code


@pytest.mark.parametrize("title", ["Engineer", "Senior Consultant", "Team Member", "Zzyzx", "", "Intern", "Инженер"])
def test_what_says_too_little_stands_for_none(enricher: Enricher, title: str) -> None:
    assert enricher.read(posting(title)).occupation is None


def test_an_occupation_carries_the_codes_of_both_lists_and_its_evidence(enricher: Enricher) -> None:
    read = enricher.read(posting("Software Developer"))
    occupation = read.occupation
    assert occupation is not None
    assert (occupation.title, occupation.onet_code) == ("software developer", "15-1252.00")
    assert occupation.esco_uri == "http://data.europa.eu/esco/occupation/f2b15a0e-e65a-438a-affb-29b9d50b77d1"
    assert 0.9 < occupation.confidence <= 1
    assert ("occupation", "2512", "title") in {(e.field, e.value, e.where) for e in read.evidence}


def test_less_is_known_of_a_title_with_unknown_words(enricher: Enricher) -> None:
    plain, strange = (enricher.occupation.nearest(t) for t in ("Electrician", "Electrician Frobnicator Quux"))
    assert plain is not None
    assert strange is not None
    assert plain.confidence > strange.confidence


def test_excluded_words_take_an_occupation_out(enricher: Enricher) -> None:
    rules = load_rules()
    guard = {"security guard": TitleOccupation(includes=["night owl"], excludes=["parrot"])}
    reader = OccupationReader(msgspec.structs.replace(rules.titles, occupations=guard), rules.standard_titles)
    found, excluded = reader.nearest("night owl"), reader.nearest("night owl parrot")
    assert found is not None
    assert found.title == "security guard"
    assert excluded is None or excluded.title != "security guard"


@pytest.mark.parametrize(
    "occupations",
    [
        {"no such occupation": TitleOccupation()},
        {"cook": TitleOccupation(includes=["pan hero"]), "chef": TitleOccupation(includes=["Pan Heros"])},
    ],
)
def test_titles_of_the_rules_must_be_clear(occupations: dict[str, TitleOccupation]) -> None:
    rules = load_rules()
    with pytest.raises(InvalidRulesError, match=r"titles\.yml"):
        OccupationReader(msgspec.structs.replace(rules.titles, occupations=occupations), rules.standard_titles)


def test_a_broken_list_of_titles_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "config"
    shutil.copytree(config_path("taxonomy").parent, copy)
    monkeypatch.setenv("POSTHORN_CONFIG", str(copy))
    (copy / "taxonomy" / "titles.tsv.gz").write_bytes(gzip.compress(b"cook\t5120\n\ncook\t0:1"))
    with pytest.raises(RulesRefusedError, match=r"titles\.tsv\.gz"):
        load_rules()


@pytest.mark.parametrize("line", ["cook\tKoch\tcuisinier", "cook\tKoch\tcuisinier\tcocinero\ncook\tKöchin\t\t"])
def test_a_broken_line_of_titles_abroad_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    copy = tmp_path / "config"
    shutil.copytree(config_path("taxonomy").parent, copy)
    monkeypatch.setenv("POSTHORN_CONFIG", str(copy))
    (copy / "taxonomy" / "titles_more.tsv").write_text(line + "\n")
    with pytest.raises(RulesRefusedError, match=r"titles_more\.tsv.*'cook"):
        load_rules()


def test_a_woman_s_title_is_that_of_the_man_and_no_short_word_is_one(enricher: Enricher) -> None:
    key = enricher.occupation.words.key
    assert key("Hydrogeologin") == key("Hydrogeologe")
    assert key("Topógrafa") == key("Topógrafo")
    assert key("SEA") == ("sea",)


def test_the_list_of_titles_was_built_with_these_words(enricher: Enricher) -> None:
    keys = [line.partition("\t")[0] for line in load_rules().standard_titles.titles]
    changed = [key for key in keys if " ".join(enricher.occupation.words.key(key)) != key]
    # A few titles end otherwise once their words are in alphabetical order.
    assert len(changed) < len(keys) / 1000, f"run services/enricher/scripts/build_titles.py: {changed[:20]}"


def test_the_source_s_title_stays_as_it_is(enricher: Enricher) -> None:
    shouting = posting("URGENT!!! COOK (m/w/d)")
    assert job_of(shouting, enricher.read(shouting), enricher.rules_version).title == "URGENT!!! COOK (m/w/d)"
