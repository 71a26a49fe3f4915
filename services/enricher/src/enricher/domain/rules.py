"""The rules that enrichment follows, as typed data; files in `config/` are checked against these classes on load."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from common.contracts import Degree, EmploymentType, PayPeriod, RemoteType, Seniority, Visa

SkillKind = Literal["technology", "method", "soft", "language", "certificate"]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all rule files and their parts: a field the code does not know is an error, not ignored."""


class SkillRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/skills.yml`: kind → canonical name → other spellings."""

    version: int
    skills: dict[SkillKind, dict[str, list[str]]]


class ListedSkill(msgspec.Struct, frozen=True, array_like=True):
    """A line of `config/taxonomy/skills_more.tsv`; a spelling with a capital counts only where the text has it too."""

    kind: SkillKind
    name: str
    spellings: tuple[str, ...]
    source: str


class AmbiguousWord(Rule, frozen=True, kw_only=True):
    """How context decides a spelling that means other things as well (fields are told in the file's head)."""

    like: Literal["upper", "capitalised", "any", "context"] = "context"
    reject_next: frozenset[str] = frozenset()
    reject_previous: frozenset[str] = frozenset()
    accept_next: frozenset[str] = frozenset()
    accept_previous: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()


class AmbiguityRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/ambiguous.yml`."""

    version: int
    decoys: list[str]
    cue_groups: dict[str, list[str]]
    words: dict[str, AmbiguousWord]


class SeniorityRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/seniority.yml`: where a title names several levels the first in `precedence` counts."""

    version: int
    precedence: list[Seniority]
    ignore: list[str]
    staff_heads: list[str]
    callings: list[str]
    no_leaders: list[str]
    titles: dict[Seniority, list[str]]
    crafts: dict[Seniority, list[str]]
    grades: dict[str, Seniority]
    provider: dict[Seniority, list[str]]
    body: dict[Seniority, list[str]]


class RemoteRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/remote.yml`."""

    version: int
    provider: dict[RemoteType, list[str]]
    provider_flags: list[str]
    headline: dict[RemoteType, list[str]]
    body: dict[RemoteType | Literal["partly", "offered", "home", "office", "week", "alone"], list[str]]
    negations_before: list[str]
    negations_after: list[str]
    decoys: list[str]


class EmploymentContext(Rule, frozen=True, kw_only=True):
    """Words that name a type where they stand behind a label, by themselves, or as what the job is said to be."""

    words: dict[EmploymentType, list[str]]
    labelled_only: list[str]
    labels: list[str]
    nouns: list[str]
    decoys: list[str]
    may_become: list[str]
    not_before: list[str]
    not_behind: list[str]


class WeeklyHoursRules(Rule, frozen=True, kw_only=True):
    """Hours a week that make a job part-time (at most) or full-time (at least), and words beside which they do not."""

    part: int
    full: int
    most: int
    units: list[str]
    others: list[str]


class EmploymentRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/employment.yml`."""

    version: int
    provider: dict[EmploymentType, list[str]]
    title: dict[EmploymentType, list[str]]
    title_ignore: list[str]
    title_edges: list[str]
    body: dict[EmploymentType, list[str]]
    context: EmploymentContext
    hours: WeeklyHoursRules


class PayRules(Rule, frozen=True, kw_only=True):
    """`config/pay.yml`: words of the pay grammar; amounts are in the currency named."""

    version: int
    yearly_factors: dict[PayPeriod, int]
    currencies: dict[str, list[str]]
    country_currencies: dict[str, str]
    local_currencies: dict[str, dict[str, str]]
    local_by_amount: dict[str, dict[str, tuple[str, int]]]
    multipliers: dict[str, int]
    dashes: list[str]
    between: list[str]
    closed_dashes: list[str]
    bounds: dict[Literal["minimum", "maximum"], list[str]]
    periods: dict[PayPeriod, list[str]]
    other_periods: list[str]
    pay_endings: list[str]
    pay_words: list[str]
    base_words: list[str]
    target_words: list[str]
    other_money: list[str]
    other_endings: list[str]
    stipends: list[str]
    anchors: list[str]
    yearly_at_least: dict[str, int]
    monthly_between: dict[str, tuple[int, int]]
    hourly_at_most: dict[str, int]
    plausible_yearly: tuple[int, int]
    plausible_reference: tuple[int, int]
    unnamed_reference: tuple[int, int]
    widest_range: int


class Rate(Rule, frozen=True, kw_only=True):
    """Units of the currency for one US dollar, average of the month that begins at `date`."""

    per_usd: Decimal
    date: date

    def __post_init__(self) -> None:
        if self.per_usd <= 0:
            raise ValueError("an exchange rate is above zero")


class RateRules(Rule, frozen=True, kw_only=True):
    """`config/fx_rates.yml`."""

    version: int
    source: str
    reference: str
    rates: dict[str, Rate]


class PlaceRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/places.yml`: country code → names; country code → region code → names; words around places."""

    version: int
    frequent: list[str]
    with_districts: dict[str, list[str]]
    well_known: dict[str, list[str]]
    countries: dict[str, list[str]]
    regions: dict[str, dict[str, list[str]]]
    city_aliases: dict[str, str]
    not_places: list[str]
    areas: dict[str, list[str]]


class City(msgspec.Struct, frozen=True, array_like=True):
    """A line of `places.tsv.gz`: `population` in thousands, degrees to a hundredth, `names` other spellings."""

    name: str
    country: str
    region: str
    population: int
    latitude: float
    longitude: float
    names: tuple[str, ...] = ()


class NeedRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/needs.yml`."""

    version: int
    headings: dict[Literal["required", "preferred", "other"], list[str]]
    headings_alone: dict[Literal["required", "preferred", "other"], list[str]]
    openings: list[str]
    closing: list[str]
    preferred: list[str]
    preferred_before: list[str]
    required: list[str]
    asks_before: list[str]
    asks_behind: list[str]
    not_asked: list[str]


class YearsRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/years.yml`; `worded` gives least and most years for words without a number."""

    version: int
    units: list[str]
    stops: list[str]
    numbers: dict[str, int]
    at_least: list[str]
    at_most: list[str]
    soft: list[str]
    experience: list[str]
    not_before: list[str]
    not_behind: list[str]
    asked_before: list[str]
    others: list[str]
    held: list[str]
    most: int
    most_soft: int
    worded: dict[str, tuple[int, int | None]]


class DegreeRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/degrees.yml`."""

    version: int
    levels: dict[Degree, list[str]]
    levels_in_context: dict[Degree, list[str]]
    context_before: list[str]
    subjects: list[str]
    context_behind: list[str]
    never: list[str]
    decoys: list[str]
    wish: list[str]
    waived: list[str]
    must: list[str]
    equivalent: list[str]


class AuthorisationRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/authorisation.yml`."""

    version: int
    plain: dict[Visa, list[str]]
    sponsorship: list[str]
    right_to_work: list[str]
    topic: list[str]
    weak_topic: list[str]
    negations: list[str]
    questions: list[str]
    demands: list[str]
    offers: list[str]
    provides: list[str]
    waived: list[str]


class BenefitWords(Rule, frozen=True, kw_only=True):
    """Phrases that name a benefit: `said` always, `beside` only next to another benefit."""

    said: list[str]
    beside: list[str] = []


class BenefitRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/benefits.yml`."""

    version: int
    benefits: dict[str, BenefitWords]
    decoys: list[str]
    negations: list[str]
    no_negations: list[str]
    turns: list[str]
    negations_behind: list[str]
    trade_before: list[str]
    trade_behind: list[str]


class LanguageRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/languages.yml`: ISO 639-1 code → common words, words of notices, ranges of its letters."""

    version: int
    words: dict[str, list[str]]
    notices: dict[str, list[str]]
    scripts: dict[str, str]


class DisplayRules(Rule, frozen=True, kw_only=True):
    """What a title is cleaned of, and how its shouting is calmed."""

    calls: list[str]
    no_calls: list[str]
    noise: list[str]
    fillers: list[str]
    units: list[str]
    beside_pay: list[str]
    beside_ids: list[str]
    starts: list[str]
    endings: list[str]
    places_that_are_words: list[str]
    acronyms: list[str]
    small: list[str]


class TitleWordRules(Rule, frozen=True, kw_only=True):
    """Spellings and kinds of the words of titles; all folded: lower case, without accents."""

    phrases: dict[str, str]
    same: dict[str, str]
    germanic: dict[str, list[str]]
    german_parts: dict[str, list[str]]
    romance: dict[str, list[str]]
    generic: list[str]
    ignored: list[str]
    vague: list[str]
    managers: list[str]
    supervisors: list[str]
    assistants: list[str]


class TitleOccupation(Rule, frozen=True, kw_only=True):
    """Titles that stand for an occupation beside the lists, words with which it is never meant, O*NET's code for it."""

    includes: list[str] = []
    excludes: list[str] = []
    onet_code: str | None = None


class TitleRules(Rule, frozen=True, kw_only=True):
    """`config/taxonomy/titles.yml`; `least_confidence` is 0-1, occupations go by their name in ESCO."""

    version: int
    least_confidence: float
    display: DisplayRules
    words: TitleWordRules
    occupations: dict[str, TitleOccupation]


class StandardTitle(msgspec.Struct, frozen=True, array_like=True):
    """An occupation of ESCO (with its id) or O*NET (without), with its codes; an O*NET code may be unknown ("")."""

    title: str
    isco_code: str
    onet_code: str
    esco_id: str


class TitleTable(msgspec.Struct, frozen=True, kw_only=True):
    """`config/taxonomy/titles.tsv.gz`: occupations, and lines of title words with `occupation:votes`, by commas.

    Lines stay as they are: cutting 80,000 of them takes longer than everything else at start.
    """

    occupations: list[StandardTitle]
    titles: list[str]


class CompanySizeRules(Rule, frozen=True, kw_only=True):
    """`config/enums.yml`: upper ends of the bins of company sizes, the last bin being open, and words for bins."""

    version: int
    upper_ends: list[int]
    words: dict[str, list[str]]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything enrichment goes by; `version` names this exact state of files and code."""

    version: str
    skills: SkillRules
    listed_skills: list[ListedSkill]
    ambiguity: AmbiguityRules
    seniority: SeniorityRules
    remote: RemoteRules
    employment: EmploymentRules
    pay: PayRules
    rates: RateRules
    places: PlaceRules
    cities: list[City]
    company_sizes: CompanySizeRules
    needs: NeedRules
    years: YearsRules
    degrees: DegreeRules
    authorisation: AuthorisationRules
    benefits: BenefitRules
    languages: LanguageRules
    titles: TitleRules
    standard_titles: TitleTable
