"""Measures ranking on one core: reading a batch, the arrays, and what leaves for the gateway."""

import argparse
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar, get_args

from common.contracts import Campaign, EmploymentType, Job, Place, RemoteType, Salary, Seniority
from ranker.domain.batch import Batch, batch_of
from ranker.domain.facts import facts_of
from ranker.domain.judges import Judges
from ranker.domain.vectors import CampaignVectors
from ranker.wiring import load_rules

G = TypeVar("G")
T = TypeVar("T")
AS_OF = date(2026, 11, 20)
ROLES = (
    "Data Engineer", "Backend Developer", "Product Manager", "Nurse", "Account Executive", "DevOps Engineer",
    "Machine Learning Engineer", "Accountant", "Data Scientist", "Electrician", "UX Designer", "Go-to-market Lead",
)  # fmt: skip
PREFIXES = ("", "Senior ", "Junior ", "Lead ", "Staff ", "Sr. ", "Principal ")
SUFFIXES = ("", " (m/w/d)", " - Remote", ", Payments", " II", " | Night shift", " (Contract)")
CITIES = (
    ("Toronto", "Ontario", "ca"), ("Ottawa", "Ontario", "ca"), ("Montréal", "Quebec", "ca"), ("Austin", "Texas", "us"),
    ("New York", "New York", "us"), ("Seattle", "Washington", "us"), ("London", None, "gb"), ("Berlin", None, "de"),
    ("Paris", None, "fr"), ("Bengaluru", "Karnataka", "in"),
)  # fmt: skip
SKILLS = [f"skill {n}" for n in range(400)] + ["python", "sql", "aws", "docker", "spark", "kubernetes", "excel", "java"]
SIZES = ["1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001-10000", "10001+"]
SUMMARY = "You will build and run the systems that our customers rely on every day. Our team values clear writing."


def make_job(rng: random.Random, n: int) -> Job:
    """A plausible job: 40 % state pay, one place in eight is rare."""
    city, region, country = rng.choice(CITIES)
    if rng.random() < 1 / 8:
        city = f"{city} {rng.randrange(500)}"
    low = rng.randrange(40, 200) * 1000
    pay = Salary(reference_minimum=low, reference_maximum=low + rng.randrange(0, 60) * 1000, reference_currency="CAD")
    return Job(
        hash_key=f"{n:032x}", version=1, source="bench", source_job_id=str(n), company="Acme", rules_version="1",
        title=rng.choice(PREFIXES) + rng.choice(ROLES) + rng.choice(SUFFIXES), summary=SUMMARY,
        places=[Place(text=city, city=city, region=region, country=country)],
        remote_type=rng.choice([None, *get_args(RemoteType)]), seniority=rng.choice([None, *get_args(Seniority)]),
        employment_types=[rng.choice(get_args(EmploymentType))] if rng.random() < 0.7 else [],
        company_size=rng.choice([None, *SIZES]), salary=pay if rng.random() < 0.4 else None,
        skills=rng.sample(SKILLS, rng.randrange(15)),
        posted_at=datetime(2026, 11, 20, tzinfo=UTC) - timedelta(days=rng.randrange(90)),
    )  # fmt: skip


def make_campaign(rng: random.Random, n: int) -> Campaign:
    """A plausible campaign that uses every factor."""
    city, region, country = rng.choice(CITIES)
    return Campaign(
        campaign_id=f"c{n}", version=1, campaign_name=f"c{n}", query=rng.choice(PREFIXES) + rng.choice(ROLES),
        country=country, location=f"{city}, {region}" if region else city, skills=rng.sample(SKILLS, 8),
        min_salary=rng.randrange(40, 160) * 1000, max_salary=200_000, currency="CAD",
        remote_preference=[rng.choice(get_args(RemoteType))], seniority=rng.sample(get_args(Seniority), 2),
        company_size_preference=rng.sample(SIZES, 3), employment_type_preference=["FULL_TIME"],
    )  # fmt: skip


def measure(campaigns: int, batches: list[list[Job]], judges: Judges, rng: random.Random) -> dict[str, float]:
    """Rates of each part; the first pass, in which new values are met, is told apart from the second."""
    started = time.process_time()
    vectors = CampaignVectors([judges.wish(make_campaign(rng, n), AS_OF) for n in range(campaigns)], judges)
    compiled = time.process_time() - started
    seconds = dict.fromkeys(("cold", "read", "encode", "arrays", "event"), 0.0)
    for batch in batches:
        timed(seconds, "cold", lambda jobs: vectors.encode(read(jobs, judges)), batch)
    for batch in batches:
        jobs = timed(seconds, "read", lambda jobs: read(jobs, judges), batch)
        codes = timed(seconds, "encode", vectors.encode, jobs)
        timed(seconds, "arrays", vectors.rank, codes)
        timed(seconds, "event", vectors.rankings, jobs)
    number = sum(map(len, batches))
    return {
        "campaigns": campaigns,
        "batch": len(batches[0]),
        "pairs_per_second": round(number * campaigns / seconds["arrays"]),
        **{f"{part}_us_per_job": round(spent / number * 1e6, 2) for part, spent in seconds.items()},
        "compile_ms": round(compiled * 1e3, 1),
    }


def read(jobs: list[Job], judges: Judges) -> Batch:
    """What a handler does with the jobs of an event before it looks at campaigns."""
    return batch_of([facts_of(job) for job in jobs], judges)


def timed(seconds: dict[str, float], part: str, work: Callable[[G], T], given: G) -> T:
    """The result of `work`, whose CPU time is added to `part`."""
    started = time.process_time()
    result = work(given)
    seconds[part] += time.process_time() - started
    return result


def main() -> None:
    """Print the figures for 10, 100 and 1,000 campaigns, one JSON line each, CPU time only.

    `pairs_per_second` is the array part; `read` takes a job's texts apart, `encode` puts it into the numbers of the
    campaigns (`cold`: both, with values not met before), `event` is encode and arrays with the lists that leave.
    """
    parser = argparse.ArgumentParser(description=main.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=100)
    arguments = parser.parse_args()
    rng, judges = random.Random(7), Judges(load_rules())
    numbers = iter(range(arguments.batches * arguments.jobs))
    batches = [[make_job(rng, next(numbers)) for _ in range(arguments.jobs)] for _ in range(arguments.batches)]
    for campaigns in (10, 100, 1000):
        print(json.dumps(measure(campaigns, batches, judges, rng)))


if __name__ == "__main__":
    main()
