"""One judge per factor: the meaning of the score, which explanations tell and vectors must equal."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from types import MappingProxyType

from common.contracts import Campaign
from ranker.domain.facts import Facts
from ranker.domain.location import LocationJudge
from ranker.domain.matching import judge_keywords, judge_skills, judge_title
from ranker.domain.preferences import judge_company_size, judge_employment_type, judge_remote_type, judge_seniority
from ranker.domain.rules import Rules
from ranker.domain.salary import judge_salary
from ranker.domain.share import Verdict
from ranker.domain.steps import judge_company_rating, judge_recency
from ranker.domain.text import Words
from ranker.domain.wish import Wish, compile_wish

Judge = Callable[[Facts, Wish], Verdict]


class Judges:
    """The rules made ready: reads campaigns and judges jobs, factor by factor."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.words = Words(rules.file.abbreviations, rules.file.stop_words)
        self.location = LocationJudge(rules)
        self.by_factor: Mapping[str, Judge] = MappingProxyType(
            {
                "location": self.location.judge,
                "salary": partial(judge_salary, rules=rules),
                "company_size": partial(judge_company_size, rules=rules),
                "skills": partial(judge_skills, rules=rules),
                "position_title": partial(judge_title, rules=rules, words=self.words),
                "employment_type": partial(judge_employment_type, rules=rules),
                "seniority": partial(judge_seniority, rules=rules),
                "remote_type": partial(judge_remote_type, rules=rules),
                "recency": partial(judge_recency, rules=rules),
                "company_rating": partial(judge_company_rating, rules=rules),
                "keywords": partial(judge_keywords, rules=rules, words=self.words),
            }
        )

    def wish(self, campaign: Campaign, as_of: date) -> Wish:
        """The campaign compiled for a date."""
        return compile_wish(campaign, as_of, self.rules, self.words)
