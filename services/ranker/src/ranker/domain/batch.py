"""Jobs made ready for ranking, independent of campaigns: words, skill keys and pay."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ranker.domain.facts import Facts, Pay
from ranker.domain.judges import Judges
from ranker.domain.salary import comparable
from ranker.domain.text import skill_key

#: Marks a word that only the summary has; words and skill keys never begin with it.
SUMMARY = "~"


@dataclass(frozen=True, slots=True)
class ReadJob:
    """A job whose texts have been taken apart."""

    facts: Facts
    title: Collection[str]
    skills: Collection[str]
    pay: Pay | None


def read_job(facts: Facts, judges: Judges) -> ReadJob:
    """The job's words, skill keys and comparable pay."""
    skills = {key for skill in facts.skills if (key := skill_key(skill))}
    return ReadJob(facts, judges.words(facts.title), skills, comparable(facts, judges.rules))


class Batch:
    """A batch of jobs, read once for any number of campaigns.

    `terms` are each job's skill keys and words of the title; `pay` has minimum and maximum of the `paid` jobs.
    """

    def __init__(self, jobs: Sequence[ReadJob], judges: Judges) -> None:
        self.jobs = [j.facts for j in jobs]
        self.terms = [[*j.skills, *j.title] for j in jobs]
        self._read = jobs
        self._words = judges.words
        paid = {i: (j.pay.minimum, j.pay.maximum) for i, j in enumerate(jobs) if j.pay}
        self.paid = np.fromiter(paid, dtype=np.intp)
        self.pay = np.array([*paid.values()], dtype=np.float64).reshape(-1, 2)

    @cached_property
    def terms_with_summaries(self) -> list[list[str]]:
        """`terms` and, marked, the words that only the summary has: read only if a campaign weighs them."""
        return [
            [*terms, *(SUMMARY + word for word in self._words(job.facts.summary) if word not in job.title)]
            for terms, job in zip(self.terms, self._read, strict=True)
        ]

    def blank(self, factor: str) -> NDArray[np.intp]:
        """The jobs that have nothing that the factor could count."""
        match factor:
            case "skills":
                found = [i for i, job in enumerate(self._read) if not job.skills]
            case "position_title":
                found = [i for i, job in enumerate(self._read) if not job.title]
            case _:
                summaries = enumerate(self._read)
                found = [i for i, job in summaries if not job.title and not self._words(job.facts.summary)]
        return np.array(found, dtype=np.intp)


def batch_of(jobs: Sequence[Facts], judges: Judges) -> Batch:
    """Read jobs and make them a batch."""
    return Batch([read_job(f, judges) for f in jobs], judges)
