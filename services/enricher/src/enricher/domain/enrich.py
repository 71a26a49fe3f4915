"""Reads everything a posting says, each value with its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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
from enricher.domain.degree import DegreeAsked, DegreeReader
from enricher.domain.display_title import DisplayTitles
from enricher.domain.employment import EmploymentReader
from enricher.domain.evidence import Evidence
from enricher.domain.language import LanguageReader
from enricher.domain.location import LocationReader
from enricher.domain.needs import Needs, Sections
from enricher.domain.occupation import OccupationReader, evidence_of
from enricher.domain.pay.reader import PayReader
from enricher.domain.remote import RemoteReader
from enricher.domain.remote_regions import RemoteRegions
from enricher.domain.rules import Rules
from enricher.domain.scanner import Mention, Scanner
from enricher.domain.seniority import SeniorityReader, level_value
from enricher.domain.skills import Skills, SkillsRead
from enricher.domain.summary import summarize
from enricher.domain.text import Text
from enricher.domain.years import Years, YearsReader

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
        #: In an order in which each finds what it needs of others.
        self._steps = (
            self._scan, self._read_needs, self._read_places, self._read_skills, self._read_employment,
            self._read_seniority, self._read_remote, self._read_pay, self._read_years, self._read_degree,
            self._read_visa, self._read_benefits, self._read_language, self._read_title, self._read_the_rest,
        )  # fmt: skip

    def get_ready(self) -> "Enricher":
        """Do now what is otherwise put off until a posting needs it; returns itself."""
        self.skills.ambiguity.judge.get_ready()
        return self

    def read(self, posting: Posting) -> Enrichment:
        """Everything the posting says. Raises nothing on purpose; the caller isolates what a bug here would raise."""
        return self.read_all([posting])[0]

    def read_all(self, postings: Sequence[Posting]) -> list[Enrichment]:
        """The same of several, one reader after the other.

        A reader that reads them all finds its code and rules in the processor's caches: a quarter less time than one
        posting after the other. None is returned where one raises.
        """
        readings = [_Reading(posting, posting.title[:_LONGEST_TITLE]) for posting in postings]
        for step in self._steps:
            for reading in readings:
                step(reading)
        return [reading.enrichment() for reading in readings]

    def _scan(self, r: "_Reading") -> None:
        r.text = Text(r.title, r.posting.description_text, cut=r.posting.description_is_excerpt)
        r.mentions = _told_whole(self.scanner.scan(r.text), r.text)

    def _read_needs(self, r: "_Reading") -> None:
        r.sections = self.needs.of(r.text, r.of("need"))

    def _read_places(self, r: "_Reading") -> None:
        r.places, r.of_places = self.location.read(r.posting.places)

    def _read_skills(self, r: "_Reading") -> None:
        r.skills = self.skills.read(r.text, r.of("skill"), r.posting.tags, r.posting.company, r.sections)

    def _read_employment(self, r: "_Reading") -> None:
        stated = r.posting.employment_types
        r.types, r.of_types = self.employment.read(r.title, stated, r.text, r.of("employment"), r.of("hours"))

    def _read_seniority(self, r: "_Reading") -> None:
        r.level = self.seniority.read(r.title, r.posting.seniority, r.text, r.of("seniority"))

    def _read_remote(self, r: "_Reading") -> None:
        r.remote = self.remote.read(r.title, r.posting.remote, r.posting.places, r.text, r.of("remote"))
        r.regions, r.of_regions = self.remote_regions.read(r.title, r.posting.places, r.places, r.text, r.remote)

    def _read_pay(self, r: "_Reading") -> None:
        r.salary, r.of_salary = self.pay.read(r.posting.pay, _country(r.places, r.regions), r.text, r.of("pay"))

    def _read_years(self, r: "_Reading") -> None:
        r.years, r.of_years = self.years.read(r.text, r.of("years"), r.sections)

    def _read_degree(self, r: "_Reading") -> None:
        r.degree, r.of_degree = self.degree.read(r.text, r.of("degree"), r.sections)

    def _read_visa(self, r: "_Reading") -> None:
        r.visa = self.authorisation.read(r.text, r.of("visa"))

    def _read_benefits(self, r: "_Reading") -> None:
        r.benefits = self.benefits.read(r.text, r.of("benefit"))

    def _read_language(self, r: "_Reading") -> None:
        r.language = self.language.read(r.title, r.posting.description_text)

    def _read_title(self, r: "_Reading") -> None:
        posting = r.posting
        names = _names(posting.places, r.places)
        r.display = self.display_titles.clean(r.title, names, (posting.company, posting.company_key))
        r.occupation = self.occupation.read(r.display)

    def _read_the_rest(self, r: "_Reading") -> None:
        r.summary = summarize(r.posting.description_text)
        r.company_size = self.company_sizes.bin(r.posting.company_size)


@dataclass(slots=True)
class _Reading:
    """A posting while it is read: what readers need of each other, and what they found."""

    posting: Posting
    title: str
    text: Text = field(init=False)
    mentions: dict[str, list[Mention]] = field(init=False)
    sections: Sections = field(init=False)
    places: list[Place] = field(init=False)
    of_places: list[Evidence] = field(init=False)
    skills: SkillsRead = field(init=False)
    types: list[EmploymentType] = field(init=False)
    of_types: list[Evidence] = field(init=False)
    level: Evidence | None = field(init=False)
    remote: Evidence | None = field(init=False)
    regions: list[str] = field(init=False)
    of_regions: Evidence | None = field(init=False)
    salary: Salary | None = field(init=False)
    of_salary: list[Evidence] = field(init=False)
    years: Years | None = field(init=False)
    of_years: Evidence | None = field(init=False)
    degree: DegreeAsked | None = field(init=False)
    of_degree: Evidence | None = field(init=False)
    visa: Evidence | None = field(init=False)
    benefits: list[Evidence] = field(init=False)
    language: Evidence | None = field(init=False)
    display: str = field(init=False)
    occupation: Occupation | None = field(init=False)
    summary: str = field(init=False)
    company_size: str | None = field(init=False)

    def of(self, kind: str) -> list[Mention]:
        """The mentions that a reader looks for."""
        return self.mentions.get(kind, _NONE)

    def enrichment(self) -> Enrichment:
        """What was found, once every reader has read."""
        several = [*self.of_places, *self.skills.evidence, *self.of_types, *self.of_salary, *self.benefits]
        of_occupation = evidence_of(self.occupation, self.title)
        single = (
            self.level, of_occupation, self.remote, self.of_regions, self.of_years, self.of_degree, self.visa,
            self.language,
        )  # fmt: skip
        years, degree = self.years, self.degree
        return Enrichment(
            summary=self.summary, display_title=self.display, occupation=self.occupation, places=self.places,
            employment_types=self.types, salary=self.salary,
            remote_type=self.remote.value if self.remote else None,  # type: ignore[arg-type] # values come from typed rules
            remote_regions=self.regions, seniority=level_value(self.level), company_size=self.company_size,
            skills=self.skills.names, skills_required=self.skills.required, skills_preferred=self.skills.preferred,
            years_minimum=years.minimum if years else None, years_maximum=years.maximum if years else None,
            degree=degree.level if degree else None, degree_required=degree.required if degree else None,
            language=self.language.value if self.language else None, visa=visa_value(self.visa),
            benefits=[each.value for each in self.benefits],
            evidence=several + [each for each in single if each],
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
