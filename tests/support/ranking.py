"""Rules, jobs and campaigns for tests of ranking."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import msgspec
import yaml
from hypothesis import strategies as st

from common.contracts import Campaign, Job
from common.settings import config_path
from ranker.domain.currency import parse_rates
from ranker.domain.facts import Facts, Pay, Spot
from ranker.domain.geography import parse_places
from ranker.domain.judges import Judges
from ranker.domain.rules import FACTORS, parse_rules
from ranker.domain.wish import Wish

AS_OF = date(2026, 11, 20)
RATES = parse_rates(
    {
        "version": 1,
        "reference": "CAD",
        "rates": {
            "USD": {"per_usd": "1", "date": date(2026, 6, 1)},
            "CAD": {"per_usd": "1.4", "date": date(2026, 6, 1)},
            "JPY": {"per_usd": "160", "date": date(2026, 5, 1)},
        },
    }
)


GEOGRAPHY = parse_places(
    {
        "countries": {"ca": ["canada", "can"], "us": ["united states", "usa"], "gb": ["united kingdom", "uk"]},
        "regions": {
            "ca": {"ON": ["Ontario"], "QC": ["Québec", "Quebec"], "BC": ["British Columbia"]},
            "us": {"NY": ["New York"], "TX": ["Texas"], "OR": ["Oregon"], "ME": ["Maine"]},
        },
        "city_aliases": {"bangalore": "Bengaluru", "montreal": "Montréal"},
    }
)


def ranking_file() -> dict[str, Any]:
    """`config/ranking.yml` as parsed YAML."""
    return dict(yaml.safe_load(config_path("ranking.yml").read_text(encoding="utf-8")))


@cache
def judges() -> Judges:
    """The rules of the repository with the rates above."""
    return Judges(parse_rules(ranking_file(), RATES, GEOGRAPHY))


def campaign(**changes: Any) -> Campaign:
    """A campaign that asks for nothing but a query and a country."""
    fields = {"campaign_id": "c", "version": 1, "campaign_name": "c", "query": "data engineer", "country": "ca"}
    return Campaign(**{**fields, **changes})


def wish(as_of: date = AS_OF, **changes: Any) -> Wish:
    """A compiled campaign."""
    return judges().wish(campaign(**changes), as_of)


def job(n: int = 1, **changes: Any) -> Job:
    """An enriched job of which little is known."""
    fields = {
        "hash_key": f"{n:032x}", "version": 1, "source": "sample", "source_job_id": str(n), "title": "Data Engineer",
        "company": "Acme", "rules_version": "1", "posted_at": datetime(2026, 11, 20, 12, tzinfo=UTC),
    }  # fmt: skip
    return Job(**{**fields, **changes})


_CITIES = ("Toronto", "Ottawa", "Montréal", "New York City", "Paris", "York")
_REGIONS = ("Ontario", "ON", "Quebec", "NY", "Texas", "TX")
_COUNTRIES = ("ca", "us", "fr", "gb", "uk")
_TEXTS = ("Worldwide", "Remote", "Europe", "Paris, TX", "Toronto, ON, Canada", "Greater Toronto Area", "???", "")
_WORDS = ("senior", "data", "engineers", "python", "dev", "C++", "R&D", "go-to-market", "Köln", "the", "sr.", "manager")
_SKILLS = ("python", "node.js", "NodeJS", "c++", "c#", "sql", "aws", " ", "machine learning")
_SIZES = ("1-10", "51-200", "10001+", "huge")
_SENIORITY = ("intern", "junior", "mid", "senior", "lead", "principal", "manager", "director", "executive")
_REMOTE = ("onsite", "hybrid", "remote")
_TYPES = ("FULL_TIME", "PART_TIME", "CONTRACTOR")
_amounts = st.integers(1, 10**6) | st.integers(1, 10**13)
_texts = st.lists(st.sampled_from(_WORDS), max_size=6).map(" ".join) | st.text(max_size=12)


def _maybe(values: tuple[str, ...]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(values)


def _some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=3)


spots = st.builds(Spot, city=_maybe(_CITIES), region=_maybe(_REGIONS), country=_maybe(_COUNTRIES), text=_maybe(_TEXTS))
pays = st.builds(
    lambda a, b, currency: Pay(min(a, b), max(a, b), currency), _amounts, _amounts, st.sampled_from(("CAD", "XXX"))
)
facts = st.builds(
    Facts,
    title=_texts,
    summary=_texts,
    places=st.lists(spots, max_size=3).map(tuple),
    remote_type=_maybe(_REMOTE),
    employment_types=_some(_TYPES).map(tuple),
    seniority=_maybe(_SENIORITY),
    company_size=_maybe(_SIZES),
    company_rating=st.none() | st.floats(0, 5),
    pay=st.none() | pays,
    skills=_some(_SKILLS).map(tuple),
    day=st.none() | st.dates(date(2026, 7, 1), date(2026, 12, 31)) | st.dates(),
    first_seen=st.booleans(),
)
weights = st.dictionaries(
    st.sampled_from((*FACTORS, "no such factor")),
    st.just(0.0) | st.floats(0, 1000) | st.floats(),
    max_size=6,
)
campaigns = st.builds(
    campaign,
    campaign_id=st.uuids().map(str),
    query=_texts,
    country=st.sampled_from((*_COUNTRIES, "")),
    location=_maybe(
        ("Toronto", "Toronto, ON", "Paris, TX", "Paris, France", "Ontario", "York", "Canada", "Remote", ",")
    ),
    skills=_some(_SKILLS),
    min_salary=st.none() | st.integers(0, 10**6) | _amounts,
    max_salary=st.none() | st.integers(0, 10**6) | _amounts,
    currency=st.sampled_from((None, "CAD", "USD", "JPY", "XXX", "")),
    remote_preference=_some(_REMOTE),
    seniority=_some(_SENIORITY),
    company_size_preference=_some(_SIZES),
    employment_type_preference=_some(_TYPES),
    ranking_preset=st.sampled_from(("default", "mvp", "none such")),
    weights=weights,
)
wishes = st.builds(
    lambda c, as_of: judges().wish(c, as_of),
    campaigns,
    st.sampled_from((AS_OF, date(2026, 11, 21), date(2026, 10, 1))),
)


def as_json(value: Any) -> bytes:
    """Bytes to compare results by."""
    return msgspec.json.encode(value)
