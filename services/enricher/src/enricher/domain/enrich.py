"""Reads everything a posting says, each value with its evidence."""

from collections.abc import Sequence

import msgspec

from common.contracts import (
    Degree,
    EmploymentType,
    Job,
    Occupation,
    Place,
    Posting,
    RemoteType,
    Salary,
    Seniority,
    Visa,
)
from enricher.domain.authorisation import AuthorisationReader, visa_value
from enricher.domain.benefits import BenefitReader
from enricher.domain.company_size import CompanySizes
from enricher.domain.degree import DegreeReader
from enricher.domain.display_title import DisplayTitles
from enricher.domain.employment import EmploymentReader
from enricher.domain.evidence import Evidence
from enricher.domain.language import LanguageReader
from enricher.domain.location import LocationReader
from enricher.domain.needs import Needs
from enricher.domain.occupation import OccupationReader, evidence_of
from enricher.domain.pay.reader import PayReader
from enricher.domain.remote import RemoteReader
from enricher.domain.remote_regions import RemoteRegions
from enricher.domain.rules import Rules
from enricher.domain.scanner import Mention, Scanner
from enricher.domain.seniority import SeniorityReader, level_value
from enricher.domain.skills import Skills
from enricher.domain.summary import summarize
from enricher.domain.text import Text
from enricher.domain.years import YearsReader

#: Characters of a title that are read.
_LONGEST_TITLE = 1_000
_NONE: list[Mention] = []
#: What the rest of a sentence may turn or change: a second amount, a negation.
_TURNING = ("pay", "years", "degree", "visa", "remote", "employment", "benefit")


class Enrichment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a posting says, whatever its identity: the same content under the same rules always gives the same."""

    summary: str = ""
    display_title: str = ""
    occupation: Occupation | None = None
    places: list[Place] = []
    remote_type: RemoteType | None = None
    remote_regions: list[str] = []
    employment_types: list[EmploymentType] = []
    seniority: Seniority | None = None
    company_size: str | None = None
    salary: Salary | None = None
    skills: list[str] = []
    skills_required: list[str] = []
    skills_preferred: list[str] = []
    years_minimum: int | None = None
    years_maximum: int | None = None
    degree: Degree | None = None
    degree_required: bool | None = None
    language: str | None = None
    visa: Visa | None = None
    benefits: list[str] = []
    evidence: list[Evidence] = []


class Enricher:
    """All readers over one set of rules. Reading is pure: no clock, no network, no state but caches of short texts."""

    def __init__(self, rules: Rules) -> None:
        self.rules_version = rules.version
        self.skills = Skills(rules.skills, rules.listed_skills, rules.ambiguity)
        self.seniority = SeniorityReader(rules.seniority)
        self.remote = RemoteReader(rules.remote)
        self.employment = EmploymentReader(rules.employment)
        self.pay = PayReader(rules.pay, rules.rates)
        self.location = LocationReader(rules.places, rules.cities)
        self.remote_regions = RemoteRegions(self.location)
        self.display_titles = DisplayTitles(rules.titles.display, self.location.gazetteer)
        self.occupation = OccupationReader(rules.titles, rules.standard_titles)
        self.company_sizes = CompanySizes(rules.company_sizes)
        self.needs = Needs(rules.needs)
        self.years = YearsReader(rules.years)
        self.degree = DegreeReader(rules.degrees)
        self.authorisation = AuthorisationReader(rules.authorisation)
        self.benefits = BenefitReader(rules.benefits)
        self.language = LanguageReader(rules.languages)
        readers = (
            self.skills, self.seniority, self.remote, self.employment, self.pay, self.needs, self.years, self.degree,
            self.authorisation, self.benefits,
        )  # fmt: skip
        self.scanner = Scanner(phrase for reader in readers for phrase in reader.phrases())

    def get_ready(self) -> "Enricher":
        """Do now what is otherwise put off until a posting needs it; returns itself."""
        self.skills.ambiguity.judge.get_ready()
        return self

    def read(self, posting: Posting) -> Enrichment:
        """Everything the posting says. Raises nothing on purpose; the caller isolates what a bug here would raise."""
        title = posting.title[:_LONGEST_TITLE]
        text = Text(title, posting.description_text, cut=posting.description_is_excerpt)
        mentions = _told_whole(self.scanner.scan(text), text)
        sections = self.needs.of(text, mentions.get("need", _NONE))
        places, evidence = self.location.read(posting.places)
        skills = self.skills.read(text, mentions.get("skill", _NONE), posting.tags, posting.company, sections)
        types, of_types = self.employment.read(
            title, posting.employment_types, text, mentions.get("employment", _NONE), mentions.get("hours", _NONE)
        )
        level = self.seniority.read(title, posting.seniority, text, mentions.get("seniority", _NONE))
        remote = self.remote.read(title, posting.remote, posting.places, text, mentions.get("remote", _NONE))
        regions, of_regions = self.remote_regions.read(title, posting.places, places, text, remote)
        salary, of_salary = self.pay.read(posting.pay, _country(places, regions), text, mentions.get("pay", _NONE))
        years, of_years = self.years.read(text, mentions.get("years", _NONE), sections)
        degree, of_degree = self.degree.read(text, mentions.get("degree", _NONE), sections)
        visa = self.authorisation.read(text, mentions.get("visa", _NONE))
        benefits = self.benefits.read(text, mentions.get("benefit", _NONE))
        language = self.language.read(title, posting.description_text)
        display = self.display_titles.clean(
            title, _names(posting.places, places), (posting.company, posting.company_key)
        )
        occupation = self.occupation.read(display)
        evidence += [*skills.evidence, *of_types, *of_salary, *benefits]
        of_occupation = evidence_of(occupation, title)
        read = (level, of_occupation, remote, of_regions, of_years, of_degree, visa, language)
        evidence += [each for each in read if each]
        return Enrichment(
            summary=summarize(posting.description_text), display_title=display, occupation=occupation,
            places=places, employment_types=types, salary=salary,
            remote_type=None if remote is None else remote.value,  # type: ignore[arg-type] # values come from typed rules
            remote_regions=regions, seniority=level_value(level),
            company_size=self.company_sizes.bin(posting.company_size), skills=skills.names,
            skills_required=skills.required, skills_preferred=skills.preferred,
            years_minimum=years.minimum if years else None, years_maximum=years.maximum if years else None,
            degree=degree.level if degree else None, degree_required=degree.required if degree else None,
            language=language.value if language else None, visa=visa_value(visa),
            benefits=[each.value for each in benefits], evidence=evidence,
        )  # fmt: skip


def _told_whole(mentions: dict[str, list[Mention]], text: Text) -> dict[str, list[Mention]]:
    """Without those at the cut end of an excerpt, where the rest of the sentence may say otherwise."""
    if text.whole_to < len(text.low):
        for kind in _TURNING:
            mentions[kind] = [mention for mention in mentions.get(kind, _NONE) if mention.end <= text.whole_to]
    return mentions


def _names(stated: Sequence[Place], read: Sequence[Place]) -> list[str | None]:
    """Every name of the posting's places."""
    return [name for p in (*stated, *read) for name in (p.text, p.city, p.region)]


def _country(places: Sequence[Place], regions: Sequence[str]) -> str | None:
    """The one country of all places, else the one that remote work is limited to; None where it is open."""
    countries = {p.country for p in places if p.country}
    if not countries and len(regions) == 1 and regions[0].islower():  # areas are in capitals
        return regions[0]
    return countries.pop() if len(countries) == 1 else None


def job_of(posting: Posting, enrichment: Enrichment, rules_version: str) -> Job:
    """The job that goes on: identity and links of the posting, values of the enrichment."""
    return Job(
        hash_key=posting.hash_key, version=posting.version, source=posting.source,
        source_job_id=posting.source_job_id, title=posting.title, company=posting.company, rules_version=rules_version,
        outcome=posting.outcome, closed=posting.closed, company_key=posting.company_key, url=posting.url,
        apply_url=posting.apply_url, summary=enrichment.summary, places=enrichment.places,
        remote_type=enrichment.remote_type, employment_types=enrichment.employment_types,
        seniority=enrichment.seniority, company_size=enrichment.company_size, salary=enrichment.salary,
        skills=enrichment.skills, years_minimum=enrichment.years_minimum, years_maximum=enrichment.years_maximum,
        degree=enrichment.degree, degree_required=enrichment.degree_required, language=enrichment.language,
        visa=enrichment.visa, benefits=enrichment.benefits, display_title=enrichment.display_title,
        occupation=enrichment.occupation, posted_at=posting.posted_at, first_seen_at=posting.first_seen_at,
        attribution=posting.attribution, state=posting.state, state_since=posting.state_since,
        state_reason=posting.state_reason, flags=posting.flags,
    )  # fmt: skip
