"""The rules of `config/dedupe.yml`, validated and prepared for use."""

from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from normalizer.domain.place_key import Nearness
from sources.folding import normalise

Words = tuple[str, ...]
#: By the first word of a phrase: the phrases, the longest first, and the words that each becomes.
Spellings = dict[str, list[tuple[Words, Words]]]
_Share = Field(gt=0, le=1)


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ByPlace(_Rules):
    """A share of shingles for postings at one place, at places of which one says too little, and at different ones."""

    same: float = _Share
    open: float = _Share
    other: float = _Share

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.same <= self.open <= self.other:
            raise ValueError("what suffices elsewhere suffices at one place: same <= open <= other")
        return self

    def at(self, near: Nearness) -> float:
        """The share needed at places so near."""
        return {"same": self.same, "open": self.open, "other": self.other}[near]


class PostedAgain(_Rules):
    """When a company's opening of one title and place is one, whatever its short or cut texts say; days and words."""

    most_days: int = Field(gt=0)
    cut_days: int = Field(gt=0)
    least_days: int = Field(gt=0)
    words: int = Field(gt=0)
    likeness: float = _Share
    title_words: int = Field(gt=0)
    open_title_words: int = Field(gt=0)


class OpeningRules(_Rules):
    """When what two postings state tells of two openings, though their texts are alike; a share of pay, and days."""

    pay_change: float = _Share
    most_days: int = Field(gt=0)


class SimilarityRules(_Rules):
    """What two texts must share to be one job, 0 to 1; `excerpt_words` and `short_words` are words."""

    full: ByPlace
    like_company: ByPlace
    other_company: ByPlace
    other_company_words: int = Field(gt=0)
    contained: ByPlace
    like_contained: ByPlace
    contained_likeness: float = _Share
    excerpt: ByPlace
    excerpt_words: int = Field(gt=0)
    reworded: ByPlace
    short_words: int = Field(gt=0)
    reworded_days: int = Field(gt=0)
    posted_again: PostedAgain


class CompanyRules(_Rules):
    """Words in the names of companies, folded, and companies that only seem to be one, as their keys."""

    parts: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    never_same: tuple[tuple[str, ...], ...] = ()
    leading: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    spellings: dict[str, str] = {}
    one_brand: tuple[tuple[str, ...], ...] = ()

    @cached_property
    def brands(self) -> dict[str, str]:
        """The brand of a company that is called otherwise, by its key."""
        return {name: names[0] for names in self.one_brand for name in names}

    @cached_property
    def part_endings(self) -> frozenset[Words]:
        return _phrases(self.parts)

    @cached_property
    def remark_endings(self) -> frozenset[Words]:
        return _phrases(self.remarks)

    @cached_property
    def apart(self) -> frozenset[frozenset[str]]:
        """Pairs of keys that are never one company."""
        return frozenset(
            frozenset((one, other)) for group in self.never_same for one in group for other in group if one != other
        )


class TitleRules(_Rules):
    """Abbreviations of words in titles, and what names no role."""

    abbreviations: dict[str, str]
    noise: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    compound_heads: dict[str, str] = {}

    @cached_property
    def compound_endings(self) -> tuple[str, ...]:
        """The heads of compounds, as `str.endswith` takes them."""
        return tuple(self.compound_heads)

    @cached_property
    def remarked(self) -> Spellings:
        """Phrases of which a part of a title may consist that tells nothing of the role; each becomes nothing."""
        return _by_first_word(dict.fromkeys(_phrases(self.remarks), ()))

    @cached_property
    def replaced(self) -> Spellings:
        """What becomes of a phrase: other words, or none."""
        spelled = {tuple(normalise(k).split()): tuple(normalise(v).split()) for k, v in self.abbreviations.items()}
        remarks = (phrase for phrase in _phrases(self.remarks) if len(phrase) > 1)
        return _by_first_word(spelled | dict.fromkeys([*_phrases(self.noise), *remarks], ()))


class DedupeRules(_Rules):
    """When two postings are the same job; lengths in characters, `repost_days` in days."""

    version: str
    similarity: SimilarityRules
    openings: OpeningRules
    long_text: int = Field(gt=0)
    excerpt_length: int = Field(gt=0)
    cut_marks: tuple[str, ...]
    repost_days: int = Field(gt=0)
    place_noise: frozenset[str]
    company: CompanyRules
    title: TitleRules


def dedupe_rules_from(document: Any) -> DedupeRules:
    """The rules in a parsed YAML document; ValidationError (a ValueError) names what is wrong."""
    return DedupeRules.model_validate(document)


def _phrases(texts: tuple[str, ...]) -> frozenset[Words]:
    return frozenset(tuple(normalise(text).split()) for text in texts)


def _by_first_word(spelled: dict[Words, Words]) -> Spellings:
    found: Spellings = {}
    for phrase in sorted(filter(None, spelled), key=len, reverse=True):
        found.setdefault(phrase[0], []).append((phrase, spelled[phrase]))
    return found
