"""What becomes of payloads as providers document them, in forms that the saved ones do not have."""

from decimal import Decimal
from typing import Any

import pytest

from common.contracts import OfferedPay, Place, SourcePosting
from sources.registry import adapter_of


def mapped(source: str, payload: Any) -> list[SourcePosting]:
    """The postings of a page."""
    adapter = adapter_of(source)
    return [adapter.map_to_common(item) for item in adapter.items(payload)]


def one(source: str, item: Any, key: str = "") -> SourcePosting:
    """The posting of a page that holds one."""
    (posting,) = mapped(source, {key: [item]} if key else [item])
    return posting


@pytest.mark.parametrize(
    ("source", "key", "item"),
    [
        ("adzuna", "results", {"id": 1, "title": "<b>Baker</b> &amp; Cook", "company": {"display_name": "A &amp; B"}}),
        ("remoteok", "", {"id": 1, "position": "Baker &#38; Cook", "company": "A &amp; B"}),
        ("greenhouse", "jobs", {"id": 1, "title": "Baker &amp;\n Cook", "company_name": "A &#x26; B"}),
        ("jobposting", "", {"@type": "JobPosting", "title": "Baker<br>&amp; Cook", "hiringOrganization": "A &amp; B"}),
    ],
)  # fmt: skip
def test_titles_and_names_are_free_of_markup_and_entities(source: str, key: str, item: dict[str, Any]) -> None:
    posting = one(source, item, key)
    assert (posting.title, posting.company) == ("Baker & Cook", "A & B")


def test_names_with_ampersands_of_their_own_stay() -> None:
    posting = one("greenhouse", {"id": 1, "title": "R&D, AT&T &copycat; <T>", "company_name": "Q&A"}, "jobs")
    assert (posting.title, posting.company) == ("R&D, AT&T &copycat; <T>", "Q&A")


@pytest.mark.parametrize(
    ("source", "item", "read"),
    [
        ("greenhouse", {"id": 1, "departments": {"id": 2, "name": "Ops"}}, "Ops"),
        ("themuse", {"id": 1, "levels": {"name": "Entry Level", "short_name": "entry"}}, "Entry Level"),
        ("themuse", {"id": 1, "locations": {"name": "Toronto, Canada"}}, "Toronto, Canada"),
        ("workable", {"shortcode": "1", "locations": {"city": "Athens"}}, "Athens"),
        ("recruitee", {"id": 1, "locations": {"city": "Gent", "country_code": "BE"}}, "Gent"),
        ("lever", {"id": 1, "lists": {"text": "You", "content": "<li>a</li>"}}, "<h3>You</h3><ul><li>a</li></ul>"),
        ("ashby", {"id": 1, "secondaryLocations": {"location": "Reno"}}, "Reno"),
    ],
)  # fmt: skip
def test_an_object_that_stands_alone_is_a_list_of_one(source: str, item: dict[str, Any], read: str) -> None:
    posting = adapter_of(source).map_to_common(item)
    places = [place.text for place in posting.places]
    assert read in {posting.department, posting.seniority, posting.description_html, *places}


@pytest.mark.parametrize(
    ("source", "item"),
    [
        ("lever", {"id": "1", "workplaceType": "unspecified"}),
        ("ashby", {"id": "1", "workplaceType": "", "isRemote": False}),
        ("workday", {"jobPostingInfo": {"jobReqId": "1", "remoteType": "N/A"}}),
    ],
)
def test_words_that_leave_the_way_of_working_open_are_none(source: str, item: dict[str, Any]) -> None:
    assert adapter_of(source).map_to_common(item).remote is None


def test_an_ashby_job_without_id_is_known_by_its_address() -> None:
    address = {"addressLocality": "Porto", "addressCountry": "Portugal"}
    posting = adapter_of("ashby").map_to_common(
        {"title": "Baker", "jobUrl": "https://jobs.ashbyhq.com/acme/0a1b", "secondaryLocations": [{"address": address}]}
    )
    assert (posting.source_job_id, posting.company) == ("0a1b", "acme")
    assert posting.places == [Place(text="Porto, Portugal", city="Porto", country="pt")]


def test_restrictions_of_himalayas_may_be_objects() -> None:
    wanted = [{"alpha2": "CA", "name": "Canada", "slug": "canada"}, {"alpha2": "US", "name": "United States"}]
    posting = adapter_of("himalayas").map_to_common({"guid": "1", "locationRestrictions": wanted})
    assert posting.places == [Place(text="Canada", country="ca"), Place(text="United States", country="us")]
    assert "locationRestrictions" not in posting.extra
    more = [{"name": "Canada", "visa": True}]
    assert adapter_of("himalayas").map_to_common({"guid": "1", "locationRestrictions": more}).extra == {
        "locationRestrictions": more
    }


@pytest.mark.parametrize(
    "name", ["Anywhere in the U.S. (remote job)", "Location Negotiable After Selection, United States"]
)
def test_no_place_of_usajobs_is_no_city(name: str) -> None:
    place = {
        "LocationName": name,
        "CityName": name,
        "CountryCode": "United States",
        "Latitude": 39.8,
        "Longitude": -98.6,
    }
    posting = adapter_of("usajobs").map_to_common(
        {"MatchedObjectId": "1", "MatchedObjectDescriptor": {"PositionLocation": [place]}}
    )
    assert posting.places == [Place(text=name, country="us")]


def test_a_page_says_its_own_address() -> None:
    ld = '<script type="application/ld+json">{"@type": "JobPosting", "title": "Baker", "identifier": 7}</script>'
    named = '<link href="https://acme.example/jobs/7?a=1&amp;b=2" rel="canonical">'
    shared = "<meta property='og:url' content='https://acme.example/jobs/7?a=1&amp;b=2'>"
    for tag in (named, shared):
        (posting,) = mapped("jobposting", f"<html><head>{tag}{ld}</head></html>")
        assert (posting.url, posting.source_job_id) == ("https://acme.example/jobs/7?a=1&b=2", "acme.example:7")
    (posting,) = mapped("jobposting", f'<html><link rel="stylesheet" href="https://acme.example/a.css">{ld}</html>')
    assert posting.url is None


def test_lists_where_schema_org_has_one_value() -> None:
    addresses = [
        {"addressLocality": "Lyon", "addressCountry": "FR"},
        {"addressLocality": "Gent", "addressCountry": "BE"},
    ]
    posting = one(
        "jobposting",
        {
            "@type": ["JobPosting"], "title": "Baker", "hiringOrganization": {"name": ["Four &amp; Fils"]},
            "jobLocation": {"@type": "Place", "address": addresses},
        },
    )  # fmt: skip
    assert posting.company == "Four & Fils"
    assert [(place.city, place.country) for place in posting.places] == [("Lyon", "fr"), ("Gent", "be")]


def test_a_record_of_the_historic_api_of_usajobs() -> None:
    record = {
        "usajobsControlNumber": 790000100, "hiringAgencyName": "National Park Service", "payScale": "GS",
        "hiringDepartmentName": "Department of the Interior", "positionTitle": "Archivist", "workSchedule": "Full-time",
        "appointmentType": "Permanent", "salaryType": "Per Year", "minimumSalary": 49025.0, "maximumSalary": "63733",
        "teleworkEligible": "Y", "positionOpenDate": "2026-03-01", "positionCloseDate": "2026-03-15T00:00:00",
        "jobcategories": [{"series": "1420"}], "minimumGrade": "07",
        "positionlocations": [
            {"positionLocationCity": "Denver", "positionLocationState": "Colorado", "positionLocationCountry": "USA"},
        ],
    }  # fmt: skip
    (posting,) = mapped("usajobs", {"paging": {"metadata": {"totalCount": 1}, "next": None}, "data": [record]})
    assert (posting.source_job_id, posting.url) == ("790000100", "https://www.usajobs.gov/job/790000100")
    assert (posting.title, posting.company) == ("Archivist", "National Park Service")
    assert (posting.department, posting.remote) == ("Department of the Interior", "telework eligible")
    assert posting.employment_types == ["Full-time", "Permanent"]
    assert posting.places == [Place(text="Denver, Colorado, USA", city="Denver", region="Colorado", country="us")]
    assert posting.pay == OfferedPay(minimum=Decimal(49025), maximum=Decimal(63733), currency="USD", period="year")
    assert [str(at.date()) for at in (posting.posted_at, posting.valid_through) if at] == ["2026-03-01", "2026-03-15"]
    assert posting.extra == {"payScale": "GS", "jobcategories": [{"series": "1420"}], "minimumGrade": "07"}


def test_a_job_of_workables_later_versions() -> None:
    listed = {
        "shortcode": "AB12", "title": "Baker", "remote": False, "workplace": "hybrid", "type": "full", "language": "en",
        "department": ["Ovens", "Bread"], "published": "2026-10-01T00:00:00.000Z", "state": "published",
        "location": {"country": "Greece", "countryCode": "GR", "city": "Athens", "region": "Attica"},
    }  # fmt: skip
    posting = one("workable", listed, "results")
    assert posting.url == "https://apply.workable.com/j/AB12"
    assert (posting.remote, posting.department, posting.employment_types) == ("hybrid", "Ovens, Bread", ["full"])
    assert [(p.city, p.region, p.country) for p in posting.places] == [("Athens", "Attica", "gr")]
    salary = {"salary_from": 30000, "salary_to": "36000", "salary_currency": "eur"}
    known = {"shortcode": "AB13", "title": "Baker", "location": {"telecommuting": True}, "salary": salary}
    posting = one("workable", known, "jobs")
    assert posting.remote == "remote"
    assert posting.pay == OfferedPay(minimum=Decimal(30000), maximum=Decimal(36000), currency="EUR", period="year")


def test_postings_of_lever_may_be_grouped() -> None:
    grouped = [{"title": "Ovens", "postings": [{"id": "1", "text": "Baker"}]}, {"title": "Till", "postings": []}]
    assert [posting.title for posting in mapped("lever", grouped)] == ["Baker"]


def test_a_later_search_of_jsearch_has_its_postings_beside_a_cursor() -> None:
    page = {"status": "OK", "data": {"jobs": [{"job_id": "1", "job_title": "Baker"}], "cursor": "x"}}
    assert [posting.title for posting in mapped("jsearch", page)] == ["Baker"]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("November 5, 2026", "2026-11-05"),
        ("5 Nov 2026", "2026-11-05"),
        ("Sept. 30 2026", "2026-09-30"),
        ("2026/11/05", "2026-11-05"),
        ("2026/11/05 10:00:00", "2026-11-05"),
    ],
)
def test_days_that_are_written_without_doubt_are_read(written: str, day: str) -> None:
    posting = adapter_of("jobposting").map_to_common({"title": "Baker", "datePosted": written})
    assert posting.posted_at is not None
    assert str(posting.posted_at.date()) == day


@pytest.mark.parametrize(
    "written", ["05/11/2026", "February 30, 2026", "5 Novel 2026", "Posted 5 days ago", "November 2026"]
)
def test_days_that_leave_doubt_stay_in_extra(written: str) -> None:
    posting = adapter_of("jobposting").map_to_common({"title": "Baker", "datePosted": written})
    assert (posting.posted_at, posting.extra) == (None, {"datePosted": written})


def test_references_and_literals_of_json_ld_are_resolved() -> None:
    graph = [
        {"@type": "Organization", "@id": "#org", "name": "Four & Fils", "sameAs": "https://four.example"},
        {"@type": "WebPage", "@id": "#page", "name": "Jobs"},
        {"@type": "Place", "@id": "#lyon", "address": {"addressLocality": "Lyon", "addressCountry": "FR"}},
        {
            "@type": "JobPosting", "@id": "#job", "title": {"@value": "Boulanger", "@language": "fr"},
            "hiringOrganization": {"@id": "#org"}, "isPartOf": {"@id": "#page"},
            "jobLocation": [{"@id": "#lyon"}, {"@id": "#nowhere"}],
        },
    ]  # fmt: skip
    posting = one("jobposting", {"@context": "https://schema.org", "@graph": graph})
    assert (posting.title, posting.company, posting.company_url) == ("Boulanger", "Four & Fils", "https://four.example")
    assert [(place.city, place.country) for place in posting.places] == [("Lyon", "fr")]
    assert posting.extra["isPartOf"] == {"@id": "#page"}


def test_a_name_may_stand_where_an_object_with_it_does() -> None:
    ad = adapter_of("adzuna").map_to_common({"id": 1, "company": "Acme", "location": "Gent", "category": "IT"})
    assert (ad.company, ad.places[0].text, ad.tags, ad.extra) == ("Acme", "Gent", ["IT"], {})
    head = {"id": "1", "company": "Acme", "location": "Gent", "typeOfEmployment": "Full-time", "department": "Ovens"}
    posting = adapter_of("smartrecruiters").map_to_common(head)
    assert (posting.company, posting.places, posting.extra) == ("Acme", [Place(text="Gent")], {})
    assert (posting.employment_types, posting.department) == (["Full-time"], "Ovens")
    job = adapter_of("ashby").map_to_common({"id": "1", "location": {"name": "Gent"}, "department": {"name": "Ovens"}})
    assert (job.places, job.department, job.extra) == ([Place(text="Gent")], "Ovens", {})
