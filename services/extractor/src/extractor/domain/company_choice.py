"""Chooses, among the companies that a provider found, the one that was meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz

from sources.companies.names import CompanyNames
from sources.companies.rules import ChoiceRules

#: How it was chosen, or why none was.
Reason = Literal["domain", "name", "nothing_found", "no_likeness", "ambiguous"]
_EXACT = 100.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A company of an answer."""

    name: str
    website: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The position of the chosen candidate (None: none) and its score from 0 to 100; of none, that of the best."""

    position: int | None
    score: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class _Rated:
    position: int
    score: float
    same_domain: bool


class CompanyChooser:
    """Compares names (REQUIREMENTS COM-06); the thresholds are those of `config/companies.yml`."""

    def __init__(self, names: CompanyNames, rules: ChoiceRules) -> None:
        self._names = names
        self._rules = rules

    def choose(self, name: str, domain: str | None, candidates: Sequence[Candidate]) -> Choice:
        """An equal domain beats names; a name that is only alike counts where no domain contradicts it."""
        rated = [self._rated(name, domain, n, c) for n, c in enumerate(candidates)]
        if not rated:
            return Choice(None, 0, "nothing_found")
        ranked = sorted(rated, key=lambda r: (r.same_domain, r.score), reverse=True)
        best, others = ranked[0], ranked[1:]
        if best.same_domain:
            return Choice(best.position, _EXACT, "domain")
        if best.score < self._rules.threshold:
            return Choice(None, best.score, "no_likeness")
        margin = self._rules.margin if best.score < _EXACT else 0
        if any(best.score - other.score <= margin for other in others):
            return Choice(None, best.score, "ambiguous")
        return Choice(best.position, best.score, "name")

    def likeness(self, one: str, other: str) -> float:
        """0 to 100, of the spellings that are most alike; 100 for names that differ in legal form only."""
        pairs = ((a, b) for a in self._names.spellings(one) for b in self._names.spellings(other))
        return max((self._alike(a.split(), b.split()) for a, b in pairs), default=0.0)

    def _rated(self, name: str, domain: str | None, position: int, candidate: Candidate) -> _Rated:
        found = self._names.domain(candidate.website)
        score = self.likeness(name, candidate.name)
        if domain and found and domain != found and score < _EXACT:
            score = min(score, self._rules.other_word)
        return _Rated(position, score, same_domain=domain is not None and domain == found)

    def _alike(self, one: list[str], other: list[str]) -> float:
        """Of the names written without spaces: JP Morgan is JPMorgan; at most `other_word` where a word is another."""
        score = fuzz.ratio("".join(one), "".join(other))
        left, right = ([w for w in a if w not in b] for a, b in ((one, other), (other, one)))
        if not left and not right:
            # The same words in another order, or one of them twice.
            return max(score, fuzz.token_sort_ratio(" ".join(one), " ".join(other)))
        if fuzz.ratio("".join(left), "".join(right)) < self._rules.same_word:
            return min(score, self._rules.other_word)
        return score
