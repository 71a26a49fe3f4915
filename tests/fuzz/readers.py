"""Everything that reads the text of a posting, called with one text in one place."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import yaml

from common.contracts import Job, OfferedPay, Place, Posting, SourcePosting
from common.settings import config_path
from enricher.domain.enrich import Enricher, job_of
from enricher.store.rule_files import load_rules
from normalizer.domain.canonical import FIELDS
from normalizer.domain.markup import describe
from normalizer.domain.page import normalize
from normalizer.domain.quality import Rules, rules_from
from normalizer.domain.record import posting as posting_of
from ranker.domain.batch import read_job
from ranker.domain.facts import facts_of
from ranker.domain.judges import Judges
from ranker.store import load_rules as load_ranking
from tests.fuzz.hostile_text import texts

NOW = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
#: Processor seconds that reading 100,000 characters may take.
LIMIT_SECONDS = 2.0


@cache
def enricher() -> Enricher:
    return Enricher(load_rules())


@cache
def judges() -> Judges:
    return Judges(load_ranking())


@cache
def quality() -> Rules:
    return rules_from(yaml.safe_load(config_path("dq.yml").read_text()), FIELDS)


SOURCE = SourcePosting(
    source_job_id="1", title="Senior Data Engineer", company="Acme", url="https://acme.example/jobs/1",
    description_html="<p>We use Python, Go and SQL. Salary: $120,000 - $150,000 a year, remote.</p>",
    places=[Place(text="Toronto, ON, Canada")], employment_types=["full-time"], remote="hybrid", seniority="senior",
    company_size="51-200", department="Data", tags=["python"], language="en",
    pay=OfferedPay(text="$120k - $150k per year", currency="CAD", period="year"),
)  # fmt: skip


def canonical(source: SourcePosting) -> Posting | None:
    """The posting as the normalizer sends it on; None if it is rejected. An error of its own is raised."""
    page = normalize([source], lambda item: item, "sample", NOW, quality())
    for turned in page.turned_away:
        if turned.outcome == "failed":
            raise RuntimeError(f"{turned.reason}: {turned.detail}")
    return posting_of(page.records[0], 1, "new", first_seen_at=NOW) if page.records else None


@cache
def sound_posting() -> Posting:
    """What the normalizer makes of the sound posting."""
    found = canonical(SOURCE)
    assert found is not None, "the sound posting is rejected"
    return found


def enrich(posting: Posting) -> Job:
    """The job as the enricher sends it on."""
    job = job_of(posting, enricher().read(posting), enricher().rules_version)
    msgspec.json.encode(job)
    return job


def rank(job: Job) -> None:
    """What the ranker does with a job before campaigns come in."""
    read_job(facts_of(job), judges())


@cache
def sound_job() -> Job:
    """What the enricher makes of it."""
    return enrich(sound_posting())


def _places(text: str) -> list[Place]:
    return [Place(text=text), Place(city=text, region=text, country=text)]


def _normalized(name: str, made: Callable[[str], Any]) -> Callable[[str], object]:
    def read(text: str) -> object:
        found = canonical(msgspec.structs.replace(SOURCE, **{name: made(text)}))
        return found and msgspec.json.encode(found)

    return read


def _in_message(text: str) -> str:
    """As it can come out of a message: half surrogates cannot."""
    return text.encode(errors="replace").decode()


def _enriched(name: str, made: Callable[[str], Any]) -> Callable[[str], object]:
    return lambda text: enrich(msgspec.structs.replace(sound_posting(), **{name: made(_in_message(text))}))


def _ranked(name: str, made: Callable[[str], Any]) -> Callable[[str], object]:
    return lambda text: rank(msgspec.structs.replace(sound_job(), **{name: made(_in_message(text))}))


def _readers() -> Iterator[tuple[str, Callable[[str], object]]]:
    one = str
    listed: Callable[[str], Any] = lambda text: [text, text[:300]]  # noqa: E731 - one of several ways to place a text
    pay: Callable[[str], Any] = lambda text: OfferedPay(text=text, currency=text)  # noqa: E731 - as above
    plain = ("title", "company", "company_url", "url", "remote", "seniority", "company_size")
    for name in (*plain, "source_job_id", "description_html", "department", "language", "apply_url"):
        yield f"normalizer {name}", _normalized(name, one)
    for name in (*plain, "description_text"):
        yield f"enricher {name}", _enriched(name, one)
    for name, made in (("employment_types", listed), ("tags", listed), ("places", _places), ("pay", pay)):
        yield f"normalizer {name}", _normalized(name, made)
        yield f"enricher {name}", _enriched(name, made)
    for name in ("title", "company", "summary", "company_size", "seniority"):
        yield f"ranker {name}", _ranked(name, one)
    for name, made in (("skills", listed), ("places", _places)):
        yield f"ranker {name}", _ranked(name, made)
    yield "normalizer describe(text)", lambda text: describe(None, text, "https://acme.example/")


READERS = dict(_readers())


@dataclass
class Readings:
    """How many texts were read in how many places, the slowest reading, and what should not have happened."""

    count: int = 0
    slowest: float = 0.0
    where: str = ""
    wrong: list[str] = field(default_factory=list)


def read_texts(seed: int, count: int, only: str = "") -> Readings:
    """Read each text in every place; what raises, or takes longer than the limit, is wrong."""
    found = Readings()
    # The rules are read before the clock runs.
    rank(sound_job())
    for made, text in texts(seed, count):
        for name, reader in READERS.items():
            if not name.startswith(only):
                continue
            started = time.process_time()
            try:
                reader(text)
            except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
                found.wrong.append(f"{name} of {made}: {error!r}"[:400])
            took = time.process_time() - started
            found.count += 1
            if took > found.slowest:
                found.slowest, found.where = took, f"{name} of {made}"
            if took > LIMIT_SECONDS:
                found.wrong.append(f"{name} of {made} took {took:.1f} s")
    return found
