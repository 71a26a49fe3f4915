"""Which sighting of a posting is the one whose words are shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from normalizer.errors import InvalidRulesError


class Sighted(Protocol):
    """Anything that stands for a sighting."""

    @property
    def source(self) -> str: ...

    @property
    def source_job_id(self) -> str: ...

    @property
    def blank(self) -> bool:
        """Whether it has no description."""


S = TypeVar("S", bound=Sighted)


@dataclass(frozen=True, slots=True)
class Precedence:
    """The place of each source; smaller goes first."""

    places: Mapping[str, int]
    others: int

    def rank(self, sighting: Sighted) -> tuple[bool, int, str, str]:
        """A total order that depends on the sighting alone; one without description comes after all others."""
        source = sighting.source
        return sighting.blank, self.places.get(source, self.others), source, sighting.source_job_id

    def best(self, sightings: Iterable[S]) -> S | None:
        """The sighting that is shown; None of none."""
        return min(sightings, key=self.rank, default=None)


def precedence_from(data: Mapping[str, Any]) -> Precedence:
    """The order in `data` (the content of `config/sources.yml`); InvalidRulesError for a source named twice."""
    try:
        lines, others = [list(line) for line in data["precedence"]], int(data["others"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRulesError(f"sources.yml needs `precedence`, a list of lists, and `others`: {error}") from error
    places = {source: place for place, line in enumerate(lines, 1) for source in line}
    if len(places) != sum(map(len, lines)):
        raise InvalidRulesError("sources.yml names a source twice in `precedence`")
    return Precedence(places, others)
