"""When two postings are the same job: keys of companies and titles, likeness of texts, clusters."""

from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from common.settings import config_path
from normalizer.domain.clusters import Clusters
from normalizer.domain.company_key import CompanyKeys
from normalizer.domain.dedupe_rules import dedupe_rules_from
from normalizer.domain.duplicates import compare
from normalizer.domain.listing import Listing, Reader
from normalizer.domain.place_key import place_key
from normalizer.domain.settling import Grouping
from normalizer.domain.similarity import containment, jaccard, text_of
from normalizer.domain.title_key import title_key
from sources.companies.names import CompanyNames
from sources.companies.rules import load_rules
from tests.quality.duplicates import own_listing, own_pairs, same_job

RULES = dedupe_rules_from(yaml.safe_load(config_path("dedupe.yml").read_text()))
NAMES = CompanyNames(load_rules().names)
READER = Reader(RULES, NAMES)
BODY = (
    "You will design and run the services that move parcels between our depots. Together with four colleagues you own"
    " the routing engine, its data and its on-call rota. We write Python and Rust, deploy many times a day, and read"
    " each other's code. You have run systems that people depend on, you like clear writing, and you ask before you"
    " build. We pay for a desk at home, thirty days of holiday and a train card. Our offices are quiet and close to"
    " the river. Tell us about something that you have made and what you would do otherwise today."
)
OTHER = (
    "The bakery opens at five and you are the one who lights the ovens. You weigh, knead and shape, keep the counter"
    " stocked until noon and hand over to the afternoon shift. Training is on the job and takes six weeks, after which"
    " you run a station of your own. We ask for punctual people with steady hands who do not mind flour. Meals are"
    " free, uniforms are washed by us, and every second weekend is off. The shop is a short walk from the station and"
    " has a yard where the vans are loaded each morning."
)


def listing(
    reference: str = "a", company: str = "Acme GmbH", title: str = "Platform Engineer", place: str = "Berlin",
    body: str = BODY, source: str = "greenhouse", day: date | None = None, *, cut: bool = False,
) -> Listing:  # fmt: skip
    return READER.listing(reference, source, company, title, [place] if place else [], body, day=day, cut=cut)


def key_of(title: str) -> str:
    return title_key(title, place_key(("Berlin, Germany", "München"), RULES.place_noise), RULES.title, "acme")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme", "ACME, Inc."), ("The Home Depot, Inc.", "Home Depot"), ("Müller GmbH & Co. KG", "MULLER"),
        ("Booking.com B.V.", "Booking"), ("Acme (YC S21)", "Acme"), ("Johnson & Johnson", "Johnson and Johnson"),
        ("Acme ONSITE Full-Time (Berlin", "Acme"), ("Acme is hiring", "ACME"),
        ("Holding 7 d/b/a Acme", "Acme LLC"), ("Société Générale S.A.", "Societe Generale"),
        ("St. Aldhelm Hospital", "Saint Aldhelm Hospital"), ("www.acme.nl", "Acme B.V."), ("acme.co.uk", "Acme"),
        ("Volksbank Ahrental eG", "Volksbank Ahrental"),
    ],
)  # fmt: skip
def test_spellings_of_one_company_have_one_key(one: str, other: str) -> None:
    keys = CompanyKeys(NAMES, RULES.company)
    assert keys.company(one) == keys.company(other) != ""


@pytest.mark.parametrize(
    ("one", "other"), [("Google LLC", "Alphabet"), ("Groupe Voltéa", "Voltea SAS"), ("Bäckerei Holl", "Baeckerei Holl")]
)
def test_a_company_is_found_under_its_parents_name_and_other_spellings(one: str, other: str) -> None:
    first, second = listing(company=one), listing(company=other, body=f"{BODY[:450]} To apply, tell us about yourself.")
    assert first.block == second.block
    assert compare(first, second, RULES).verdict == "merge"


def test_what_an_agency_says_of_itself_does_not_make_two_clients_one() -> None:
    itself = " Our consultants call you within two days, and we have placed people for thirty years in this town."
    works = ("brews beer in the hills and needs its pumps and scales online", "moves its wards into another building")
    first, second = (listing(company="Hays", body=f"Our client {work}, where you help.{itself}") for work in works)
    assert compare(first, second, RULES).reason == "texts_differ"


@pytest.mark.parametrize(
    ("one", "other"), [("Intel", "Intel 471"), ("Apple", "Apple Bank"), ("Meta", "Metabase"), ("Delta", "Delta Group")]
)
def test_companies_that_share_a_word_stay_apart(one: str, other: str) -> None:
    first, second = listing(company=one), listing(company=other)
    assert first.block != second.block or compare(first, second, RULES).verdict == "retain"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sr. Engineer II (m/w/d) - Berlin", "Senior Engineer II"), ("Software Engineer - Remote", "Software Engineer"),
        ("Softwareentwickler:in (all genders) 80-100%", "Softwareentwickler (w/m/d)"),
        ("Développeur(se) H/F", "Développeur"), ("Front-End Developer", "Frontend Developer"),
        ("Platform Engineer #R-123456", "Platform Engineer"), ("Engineer, Platform", "Platform Engineer"),
        ("Platform Engineer (Berlin)", "Platform Engineer | Full-time"), ("Verkäufer*in Vollzeit", "Verkäufer (m/w/d)"),
        ("Platform Engineer - Job ID: 2231-A", "PLATFORM ENGINEER"), ("Data Scientist (f/m/x)", "Data Scientist"),
        ("Platform Engineers - Munich", "Platform Engineer"), ("Verkäuferin / Verkäufer", "Verkäufer:in"),
        ("Platform Engineer | $130k–$150k + equity", "Platform Engineer"),
        ("Software-Entwickler", "Softwareentwickler"),
        ("Platform Engineer – 3.000 € Willkommensprämie", "$2,000 Sign-On Bonus! Platform Engineer"),
        ("Platform Engineer (Remote - US)", "Platform Engineer"),
        ("Platform Engineer (Berlin, DE)", "Platform Engineer"),
        ("Platform Engineer - Immediate Start", "Platform Engineer ab sofort"),
        ("Infirmier / Infirmière", "Infirmier"),
        ("Platform Engineer (Req #R-0091822)", "Platform Engineer 2026-0417"), ("Nurse - Nights", "Nurse, Night Shift"),
        ("Acme - Platform Engineer", "Platform Engineer at Acme"), ("Welder x 4", "Welder *NEW*"),
        ("Platform Engineer - 3 days in office", "Platform Engineer - 37 hours per week"),
        ("Platform Engineer @ Acme Group", "Platform Engineer"), ("Pflegefachfrau/-mann", "Pflegefachmann"),
        ("R&D Tech Lead", "Research and Development Technical Lead"), ("Lab Tech", "Laboratory Technician"),
        ("Clinical Research Associate (CRA)", "Clin. Research Assoc. (50% travel)"), ("Bäcker", "Baecker"),
        ("Welder - bis 4.200 € brutto", "Welder, Field Based"), ("Assistante / Assistant", "Assistant H/F"),
        ("Technicien / Technicienne", "Technicien"), ("Cheffe de projet", "Chef de projet"),
    ],
)  # fmt: skip
def test_spellings_of_one_title_have_one_key(one: str, other: str) -> None:
    first, second = (key_of(title) for title in (one, other))
    assert first == second != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Engineer", "Senior Engineer"), ("Engineer I", "Engineer II"), ("C++ Developer", "C# Developer"),
        ("Engineer, Payments", "Engineer, Risk"), ("Engineering Manager", "Engineer"), ("Nurse", "Night Nurse"),
        ("Account Executive, Paris", "Account Executive, Lyon"), ("Trainee Sales", "Sales"),
        (".NET Developer", "Developer"),
        ("Engineer - Berlin - 2", "Engineer - Berlin"), ("Carer", "Live-in Carer"),
        ("Analyst, Equity", "Analyst"), ("Sales - US", "Sales - UK"), ("Nurse - 20h", "Nurse - 38h"),
        ("Summer Intern 2026", "Summer Intern 2027"),
    ],
)  # fmt: skip
def test_other_roles_and_levels_have_other_keys(one: str, other: str) -> None:
    first, second = (key_of(title) for title in (one, other))
    assert first != second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Controls Engineer", "Controls Enginer"), ("Dispatcher", "Dispacther"), ("Dispatcher", "Dispattcher"),
        ("Clearance Broker", "Clarance Broker"), ("Assistant", "Assistent"),
        ("Künstliche Welten", "Knstliche Welten"), ("Nurse in Dernau", "Nurse"),
    ],
)  # fmt: skip
def test_a_title_with_a_typing_error_or_a_town_more_is_the_same_one_where_the_text_is(one: str, other: str) -> None:
    first, second = listing("a", title=one, place="Dernau"), listing("b", title=other, place="Dernau")
    assert same_job(READER, first, second)
    assert not same_job(READER, first, listing("b", title=other, place="Dernau", body=OTHER))
    assert not same_job(READER, first, listing("b", title=other, place="Dernau", body=""))


@pytest.mark.parametrize(
    ("title", "at", "place", "same"),
    [
        ("Nurse in Los Angeles", "USA", "Los Angeles, CA", True), ("Nurse - Omaha, NE", "USA", "Omaha, NE", True),
        ("Nurse (Omaha, NE, Remote, United States)", "Anywhere", "USA", True),
        ("Nurse in Dernau", "", "Deutschland", True),
        ("Nurse - Omaha, NE", "USA", "Lincoln, NE", False), ("Nurse in Dernau", "Deutschland", "Mayschoss", False),
        ("Nurse - Payments, QA", "USA", "USA", False),
    ],
)  # fmt: skip
def test_a_town_in_the_title_alone_is_the_place_of_the_other_where_that_names_it_or_none(
    title: str, at: str, place: str, *, same: bool
) -> None:
    assert same_job(READER, listing("a", title=title, place=at), listing("b", title="Nurse", place=place)) == same


def test_a_sentence_that_a_board_writes_for_every_job_makes_no_two_of_them_one() -> None:
    written = (
        "Find Baker positions in {}. Browse opportunities on Jobsquare. Apply to remote, hybrid and onsite positions."
    )
    first = listing("a", "Jobsquare", "Baker", "", written.format("Boston or United States"))
    second = listing("b", "Jobsquare", "Baker", "Reno, NV", written.format("Reno, NV, US"))
    assert not same_job(READER, first, second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Waiter", "Writer"), ("Trainer", "Trainee"), ("Assistenzarzt Urologie", "Assistenzarzt Neurologie"),
        ("Assistenzarzt Angiologie", "Assistenzarzt Andrologie"), ("Planner", "Planter"), ("Tester", "Texter"),
        ("Employee Relations", "Employer Relations"), ("Carer", "Career"), ("Inbound Agent", "Outbound Agent"),
        ("Baker in Training", "Baker"), ("Consultant EWM", "Consultant QM"), ("Java Developer", "Javas Developer 2"),
        ("Bakery Assistant", "Baker Assistant"), ("Nurse, Hepatology", "Nurse, Hematology"),
        ("Pediatric Nurse", "Podiatric Nurse"),
    ],
)  # fmt: skip
def test_words_that_differ_in_a_letter_and_mean_another_role_stay_two(one: str, other: str) -> None:
    assert not same_job(READER, listing("a", title=one), listing("b", title=other))


TOLD = f"Acme builds lifts and the doors before them. {BODY}"


@pytest.mark.parametrize(
    ("company", "other", "changed", "same"),
    [
        ("Acme Lifts Ltd", "Acme Doors Ltd", {}, True), ("Industrias Acme", "Acme", {}, True), ("Acme", "", {}, True),
        ("Acme Lifts", "Acme Doors", {"place": "Lyon"}, False), ("Acme Lifts", "Acme Doors", {"body": OTHER}, False),
        ("Acme Lifts", "Acme Doors", {"title": "Lift Engineer"}, False), ("Acme", "Borg Staffing", {}, False),
        ("Acmebuilders", "Acme Builders", {}, True), ("Acmebuilders", "Acmebulders", {}, True),
        ("Acme Lifts", "Bright Lifts", {}, False), ("Acme", "Acme Staffing", {}, False), ("Hays", "", {}, False),
    ],
)  # fmt: skip
def test_one_text_under_two_names_is_one_job_where_the_text_tells_what_the_names_share(
    company: str, other: str, changed: dict[str, Any], *, same: bool
) -> None:
    second = {"company": other, "body": TOLD, "source": "lever"} | changed
    assert same_job(READER, listing("a", company=company, body=TOLD), listing("b", **second)) == same


@pytest.mark.parametrize("name", ["Northgate", "Hospital"])
def test_companies_that_share_a_word_which_the_text_does_not_tell_or_that_is_common_stay_two(name: str) -> None:
    body = f"Our hospital is new. {BODY}"
    first, second = (listing(company, company=f"{name} {company}", body=body) for company in ("Aldhelm", "Berta"))
    assert not same_job(READER, first, second)


def test_a_text_that_lost_spaces_between_paragraphs_is_still_the_same() -> None:
    assert jaccard(text_of(BODY, RULES), text_of(BODY.replace(". ", "."), RULES)) == 1.0


@given(st.text(max_size=200), st.text(max_size=200))
def test_likeness_lies_between_0_and_1_whatever_the_order(one: str, other: str) -> None:
    first, second = text_of(one, RULES), text_of(other, RULES)
    assert 0 <= jaccard(first, second) == jaccard(second, first) <= 1
    assert jaccard(first, second) <= containment(first, second) == containment(second, first) <= 1


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (listing("b", source="lever"), ("merge", "same_text", "full")),
        (listing("b", place="Hamburg"), ("merge", "same_text", "full")),
        (listing("b", company="Acme Germany GmbH"), ("merge", "same_text", "full")),
        (listing("b", day=date(2026, 3, 9)), ("merge", "same_text", "temporal")),
        (listing("b", body=BODY[:300] + "…", source="adzuna"), ("merge", "excerpt_of_the_other", "partial")),
        (listing("b", body=BODY[:300] + " klicken sie bewerben"), ("merge", "excerpt_of_the_other", "partial")),
        (listing("b", body=BODY + OTHER * 2), ("merge", "excerpt_of_the_other", "partial")),
        (listing("b", body=f"{OTHER[:120]} {BODY}"), ("merge", "text_inside_the_other", "semantic")),
        (listing("b", body=OTHER[:170] + BODY[170:]), ("merge", "reworded", "semantic")),
        (listing("b", body=OTHER[:170] + BODY[170:], day=date(2029, 1, 9)), ("retain", "reworded_long_after", None)),
        (listing("b", body="", source="jsearch"), ("merge", "no_text_to_compare", "partial")),
        (listing("b", body=OTHER), ("retain", "texts_differ", None)),
        (listing("b", body=OTHER[:300] + "…"), ("retain", "excerpt_of_another_text", None)),
        (listing("b", body="", place="Hamburg"), ("retain", "too_little_text", None)),
        (listing("b", body=BODY[:400] + "Apply.", place="Lyon"), ("retain", "alike_at_other_places", None)),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_a_pair_is_judged_by_its_texts_its_places_and_its_days(
    other: Listing, expected: tuple[str, str, str | None]
) -> None:
    one = listing(day=date(2026, 1, 9))
    for found in (compare(one, other, RULES), compare(other, one, RULES)):
        assert (found.verdict, found.reason, found.duplicate_class) == expected


def test_an_agency_that_copies_a_text_is_another_job() -> None:
    clusters = Clusters(RULES)
    clusters.add(listing("a"))
    clusters.add(listing("b", company="Swift Staffing Ltd"))
    assert clusters.cluster_of("b") == "b"


def test_a_newcomer_joins_clusters_that_it_connects_whatever_the_order() -> None:
    whole, first_half = listing("whole"), listing("excerpt", body=BODY[:300] + "…", source="adzuna")
    other = listing("other office", place="Hamburg", source="lever")
    for order in ([whole, first_half, other], [first_half, other, whole], [other, whole, first_half]):
        clusters = Clusters(RULES)
        for each in order:
            clusters.add(each)
        assert {clusters.cluster_of(each.reference) for each in order} == {order[0].reference}


def test_what_was_kept_apart_is_told_with_its_evidence() -> None:
    clusters = Clusters(RULES)
    clusters.add(listing("a"))
    joined, retained = clusters.add(listing("b", body=OTHER))
    assert joined.matched is None
    ((other, comparison),) = retained
    assert (other.reference, comparison.reason) == ("a", "texts_differ")
    assert comparison.similarity == 0


def test_thousands_of_copies_of_one_text_are_compared_once_each() -> None:
    clusters = Clusters(RULES)
    for number in range(2000):
        clusters.add(listing(str(number)))
    assert {clusters.cluster_of(str(number)) for number in range(2000)} == {"0"}


FIRST, LATER = date(2026, 3, 2), date(2026, 4, 2)
NOTE, OTHER_NOTE = BODY[:420], OTHER[:420]


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True), ({"day": date(2026, 9, 2)}, False), ({"day": FIRST}, False), ({"place": "Hamburg"}, False),
        ({"source": "adzuna"}, False), ({"body": OTHER * 4}, False), ({"title": "Senior Platform Engineer"}, False),
        ({"company": "Acme France"}, False), ({"place": ""}, True),
    ],
)  # fmt: skip
def test_a_short_advert_in_other_words_a_month_later_is_the_opening_again(
    changed: dict[str, Any], *, same: bool
) -> None:
    first = listing("a", body=NOTE, source="hackernews", day=FIRST)
    later = listing("b", **{"body": OTHER_NOTE, "source": "hackernews", "day": LATER} | changed)
    assert same_job(READER, first, later) == same


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True), ({"title": "Krankenpfleger"}, False), ({"company": "Randstad GmbH"}, False),
        ({"place": "Germany"}, False), ({"cut": False}, False),
    ],
)  # fmt: skip
def test_two_windows_of_one_advert_are_one_job_where_title_and_place_say_which(
    changed: dict[str, Any], *, same: bool
) -> None:
    told = {"title": "Lead Engineer Routing Platform", "source": "adzuna", "day": FIRST, "cut": True} | changed
    first = listing("a", body=NOTE, **told)
    assert same_job(READER, first, listing("b", body=OTHER_NOTE, **told)) == same


@pytest.mark.parametrize(("day", "same"), [(date(2027, 3, 2), True), (date(2027, 9, 2), False)])
def test_windows_of_one_advert_are_one_job_for_about_a_year(day: date, *, same: bool) -> None:
    told = {"title": "Lead Engineer Routing Platform", "source": "adzuna", "cut": True}
    first, later = listing("a", body=NOTE, day=FIRST, **told), listing("b", body=OTHER_NOTE, day=day, **told)
    assert same_job(READER, first, later) == same


@pytest.mark.parametrize(("share", "same"), [(0.8, True), (0.5, False)])
def test_a_long_advert_of_which_most_stands_again_a_month_later_is_the_opening_again(
    share: float, *, same: bool
) -> None:
    old, new = (" ".join(f"{word}{number:03}" for number in range(900)) for word in ("old", "new"))
    kept = int(len(old) * share)
    first = listing("a", body=old, day=FIRST)
    assert same_job(READER, first, listing("b", body=old[:kept] + new[kept:], day=LATER)) == same


@pytest.mark.parametrize("pair", own_pairs(), ids=lambda pair: pair["why"])
def test_our_own_pairs_are_told_apart_and_together(pair: dict[str, Any]) -> None:
    one, other = (own_listing(READER, pair[side], side) for side in "ab")
    assert same_job(READER, one, other) == same_job(READER, other, one) == pair["same"]


@pytest.mark.parametrize(
    ("one", "other", "nearness"),
    [
        ("Berlin, Germany", "Berlin", "same"), ("NYC or Remote", "New York, NY", "same"), ("Munich", "München", "same"),
        ("Altstadt, Stuttgart", "Stuttgart, Baden-Württemberg", "same"), ("London UK", "London", "same"),
        ("Remote - US", "Austin, TX", "open"), ("", "Austin, TX", "open"), ("Anywhere in the World", "Paris", "open"),
        ("San Francisco, CA", "San Jose, CA", "other"), ("Berlin, Germany", "Hamburg, Germany", "other"),
        ("Springfield, IL", "Springfield, MA", "other"), ("London, UK", "London, Ontario, Canada", "other"),
        ("Altstadt, Düsseldorf", "Altstadt-Lehel, München", "other"), ("Seattle, WA", "Seattle, Washington", "same"),
        ("Perth, WA, Australia", "Perth, Western Australia", "same"), ("Nürnberg, Bayern", "Nürnberg, Bavaria", "same"),
    ],
)  # fmt: skip
def test_places_are_near_where_they_share_a_city(one: str, other: str, nearness: str) -> None:
    first, second = (place_key((text,), RULES.place_noise) for text in (one, other))
    assert first.nearness(second) == second.nearness(first) == nearness


@given(*(st.text(max_size=80) for _ in range(3)), st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_compared_whatever_the_order(
    company: str, title: str, place: str, body: str, text: str
) -> None:
    one, other = (READER.listing("a", "s", company, title, [place], b) for b in (body, text))
    assert one.block_id == other.block_id
    assert compare(one, other, RULES) == compare(other, one, RULES)


def test_the_smaller_cluster_moves_and_what_people_split_stays_two() -> None:
    grouping = Grouping({"a": 1, "b": 3, "c": 2}, [("b", "c")])
    assert grouping.join("new", "a")
    assert grouping.join("a", "b")
    assert {grouping.cluster(each) for each in ("new", "a", "b")} == {"b"}
    assert not grouping.join("new", "c")
    assert grouping.moves(["a", "b", "c"]) == {"a": "b"}


def test_a_split_holds_for_those_who_join_later() -> None:
    grouping = Grouping({"a": 1, "b": 1, "c": 5}, [("a", "b")])
    assert grouping.join("a", "c")
    assert not grouping.join("b", "c")
    assert (grouping.cluster("a"), grouping.cluster("b")) == ("c", "b")
