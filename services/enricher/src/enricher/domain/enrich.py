"""Reads everything a posting says, each value with its evidence."""

from collections.abc import Sequence

import msgspec

from common.contracts import EmploymentType, Job, Place, Posting, RemoteType, Salary, Seniority
from enricher.domain.company_size import CompanySizes
from enricher.domain.employment import EmploymentReader
from enricher.domain.evidence import Evidence
from enricher.domain.location import LocationReader
from enricher.domain.pay.reader import PayReader
from enricher.domain.remote import RemoteReader
from enricher.domain.rules import Rules
from enricher.domain.scanner import Mention, Scanner
from enricher.domain.seniority import SeniorityReader, level_value
from enricher.domain.skills import Skills
from enricher.domain.summary import summarize
from enricher.domain.text import Text

#: Characters of a title that are read.
_LONGEST_TITLE = 1_000
_NONE: list[Mention] = []


class Enrichment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a posting says, whatever its identity: the same content under the same rules always gives the same."""

    summary: str = ""
    places: list[Place] = []
    remote_type: RemoteType | None = None
    employment_types: list[EmploymentType] = []
    seniority: Seniority | None = None
    company_size: str | None = None
    salary: Salary | None = None
    skills: list[str] = []
    evidence: list[Evidence] = []


class Enricher:
    """All readers over one set of rules. Reading is pure: no clock, no network, no state but caches of short texts."""

    def __init__(self, rules: Rules) -> None:
        self.rules_version = rules.version
        self.skills = Skills(rules.skills, rules.ambiguity)
        self.seniority = SeniorityReader(rules.seniority)
        self.remote = RemoteReader(rules.remote)
        self.employment = EmploymentReader(rules.employment)
        self.pay = PayReader(rules.pay, rules.rates)
        self.location = LocationReader(rules.places, rules.cities)
        self.company_sizes = CompanySizes(rules.company_sizes)
        readers = (self.skills, self.seniority, self.remote, self.employment, self.pay)
        self.scanner = Scanner(phrase for reader in readers for phrase in reader.phrases())

    def read(self, posting: Posting) -> Enrichment:
        """Everything the posting says. Raises nothing on purpose; the caller isolates what a bug here would raise."""
        title = posting.title[:_LONGEST_TITLE]
        text = Text(title, posting.description_text)
        mentions = self.scanner.scan(text)
        places, evidence = self.location.read(posting.places)
        skills, reasons = self.skills.read(text, mentions.get("skill", _NONE), posting.tags, posting.company)
        evidence += reasons
        types, reasons = self.employment.read(title, posting.employment_types, text, mentions.get("employment", _NONE))
        evidence += reasons
        salary, reasons = self.pay.read(posting.pay, _country(places), text, mentions.get("pay", _NONE))
        evidence += reasons
        level = self.seniority.read(title, posting.seniority, text, mentions.get("seniority", _NONE))
        remote = self.remote.read(title, posting.remote, posting.places, text, mentions.get("remote", _NONE))
        evidence += [e for e in (level, remote) if e]
        return Enrichment(
            summary=summarize(posting.description_text), places=places, employment_types=types, salary=salary,
            remote_type=None if remote is None else remote.value,  # type: ignore[arg-type] # values come from typed rules
            seniority=level_value(level), company_size=self.company_sizes.bin(posting.company_size),
            skills=skills, evidence=evidence,
        )  # fmt: skip


def _country(places: Sequence[Place]) -> str | None:
    """The one country of all places; None where there is none or more than one."""
    countries = {p.country for p in places if p.country}
    return countries.pop() if len(countries) == 1 else None


def job_of(posting: Posting, enrichment: Enrichment, rules_version: str) -> Job:
    """The job that goes on: identity and links of the posting, values of the enrichment."""
    return Job(
        hash_key=posting.hash_key, version=posting.version, source=posting.source,
        source_job_id=posting.source_job_id, title=posting.title, company=posting.company, rules_version=rules_version,
        outcome=posting.outcome, closed=posting.closed, url=posting.url, apply_url=posting.apply_url,
        summary=enrichment.summary, places=enrichment.places, remote_type=enrichment.remote_type,
        employment_types=enrichment.employment_types, seniority=enrichment.seniority,
        company_size=enrichment.company_size, salary=enrichment.salary, skills=enrichment.skills,
        posted_at=posting.posted_at, first_seen_at=posting.first_seen_at,
    )  # fmt: skip
