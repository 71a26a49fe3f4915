"""Jobs made ready for ranking, independent of campaigns: words, skill keys and pay."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ranker.domain.facts import Facts, Pay
from ranker.domain.judges import Judges
from ranker.domain.salary import comparable
from ranker.domain.text import skill_key


@dataclass(frozen=True, slots=True)
class ReadJob:
    """A job whose texts have been taken apart."""

    facts: Facts
    title: Collection[str]
    skills: Collection[str]
    pay: Pay | None


def read_job(facts: Facts, judges: Judges) -> ReadJob:
    """The job's words, skill keys and comparable pay."""
    return ReadJob(facts, judges.words(facts.title), set(map(skill_key, facts.skills)), comparable(facts, judges.rules))


class Batch:
    """A batch of jobs, read once for any number of campaigns; `pay` has minimum and maximum of the `paid` jobs."""

    def __init__(self, jobs: Sequence[ReadJob], judges: Judges) -> None:
        self.jobs = [j.facts for j in jobs]
        self.titles = [j.title for j in jobs]
        self.skills = [j.skills for j in jobs]
        paid = {i: (j.pay.minimum, j.pay.maximum) for i, j in enumerate(jobs) if j.pay}
        self.paid = np.fromiter(paid, dtype=np.intp)
        self.pay = np.array([*paid.values()], dtype=np.float64).reshape(-1, 2)
        self._words = judges.words

    @cached_property
    def summaries(self) -> list[Collection[str]]:
        """Words that only the summary has: read only if a campaign weighs them."""
        return [
            [word for word in self._words(f.summary) if word not in title]
            for f, title in zip(self.jobs, self.titles, strict=True)
        ]


def batch_of(jobs: Sequence[Facts], judges: Judges) -> Batch:
    """Read jobs and make them a batch."""
    return Batch([read_job(f, judges) for f in jobs], judges)
