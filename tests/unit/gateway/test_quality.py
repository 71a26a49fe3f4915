"""Rules on whole runs: what they compare, when there is nothing to judge, and what is refused at load."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from common.contracts import CampaignRanking, Job, Place, PostingsRanked, Salary
from common.settings import config_path
from common.settings.rule_files import RuleFiles, RulesRefusedError
from gateway.domain.books import status_of
from gateway.domain.measures import NAMES, JobMeasures, Limits
from gateway.domain.quality import Measures, Result, Rules, blocking
from gateway.domain.quality_rules import run_rules_from
from gateway.errors import InvalidRulesError
from gateway.store.rule_files import load_rules

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RULE = {
    "reason": "bad_share", "severity": "critical", "scope": "run", "measure": "rejected / fetched",
    "comparison": "at_most", "threshold": 0.5, "sample": 10,
}  # fmt: skip


def read(*rules: Mapping[str, Any]) -> Rules:
    return run_rules_from({"version": 7, "rules": [dict(rule) for rule in rules]})[0]


def judged(rule: Mapping[str, Any], counts: dict[str, int], usual: float | None = None, **more: Any) -> Result:
    known = {} if usual is None else {(rule["reason"], ""): usual}
    (result,) = read(rule).judge(Measures(counts, **more), [], known)
    return result


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({"rejected": 5, "fetched": 10}, "passed"), ({"rejected": 6, "fetched": 10}, "failed"),
        ({"rejected": 9, "fetched": 9}, "skipped"), ({}, "skipped"), ({"fetched": 10}, "passed"),
    ],
)  # fmt: skip
def test_a_share_is_judged_where_enough_was_counted(counts: dict[str, int], verdict: str) -> None:
    result = judged(RULE, counts)
    assert result.verdict == verdict
    assert result.blocks == (verdict == "failed")


@pytest.mark.parametrize(
    ("comparison", "value", "fits"),
    [("at_most", 3, True), ("at_most", 4, False), ("at_least", 3, True), ("at_least", 2, False), ("equal", 3, True),
     ("equal", 2, False)],
)  # fmt: skip
def test_a_count_is_compared_with_a_number(comparison: str, value: int, fits: bool) -> None:
    rule = {**RULE, "measure": "new", "comparison": comparison, "threshold": 3}
    assert judged(rule, {"new": value}).verdict == ("passed" if fits else "failed")


USUAL = {**RULE, "measure": "fetched", "against": "usual", "comparison": "at_least", "threshold": 0.3}


@pytest.mark.parametrize(
    ("fetched", "usual", "verdict"),
    [(30, 100.0, "passed"), (29, 100.0, "failed"), (0, 100.0, "failed"), (0, 9.0, "skipped"), (0, None, "skipped"),
     (50, 0.0, "skipped")],
)  # fmt: skip
def test_a_measure_is_compared_with_what_it_used_to_be(fetched: int, usual: float | None, verdict: str) -> None:
    result = judged(USUAL, {"fetched": fetched}, usual)
    assert (result.verdict, result.value, result.usual) == (verdict, fetched, usual)


def test_each_source_is_judged_by_itself() -> None:
    rules = read({**RULE, "each": "source"})
    sources = [Measures({"rejected": n, "fetched": 10}, name) for n, name in ((1, "good"), (9, "bad"))]
    results = rules.judge(Measures({"rejected": 10, "fetched": 20}), sources, {})
    assert [(r.source, r.verdict) for r in results] == [("good", "passed"), ("bad", "failed")]
    assert [r.source for r in blocking(results)] == ["bad"]


def test_a_run_that_was_cut_short_is_not_judged_by_what_is_missing() -> None:
    rule = {**RULE, "measure": "open", "comparison": "equal", "threshold": 0, "ended": "completed"}
    assert judged(rule, {"open": 3}, completed=False).verdict == "skipped"
    assert judged(rule, {"open": 3}).verdict == "failed"


def too_many(measures: Measures) -> str | None:
    return f"{measures['new']} are new" if measures["new"] > 3 else None


def broken(measures: Measures) -> str | None:
    raise KeyError("no such count")


def test_a_rule_may_be_a_function_of_ones_own_and_one_that_raises_has_not_passed() -> None:
    own = {"reason": "mine", "severity": "warning", "scope": "run", "check": f"{__name__}:too_many"}
    assert judged(own, {"new": 3}).verdict == "passed"
    found = judged(own, {"new": 4})
    assert (found.verdict, found.detail, found.blocks) == ("failed", "4 are new", False)
    raised = judged({**own, "severity": "critical", "check": f"{__name__}:broken"}, {})
    assert (raised.detail, raised.blocks) == ("the check raised KeyError: 'no such count'", True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"measure": "rejected / fetchd"}, "nothing counts fetchd"), ({"measure": "a + b"}, "`measure` is a count"),
        ({"comparison": "under"}, "comparison 'under' is none of at_most, at_least, equal"),
        ({"severity": "fatal"}, "severity 'fatal' is none of critical, warning"),
        ({"threshold": "half"}, "`threshold` is a number"), ({"threshold": -1}, "`threshold` is a number"),
        ({"threshold": float("nan")}, "`threshold` is a number"), ({"sample": True}, "`sample` is a number"),
        ({"each": "page"}, "each 'page' is none of run, source"), ({"threshhold": 1}, "nothing is known of threshhold"),
        ({"reason": "Bad Share"}, "`reason` is a name"), ({"against": "last"}, "against 'last'"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_used_is_refused_in_words(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRulesError, match=told.replace("(", r"\(")):
        read({**RULE, **change})


@pytest.mark.parametrize("check", ["nobody:knows", f"{__name__}:NOW", f"{__name__}:none", "no function"])
def test_a_check_that_is_no_function_is_refused(check: str) -> None:
    with pytest.raises(InvalidRulesError, match="rule mine: "):
        read({"reason": "mine", "severity": "warning", "scope": "run", "check": check})


def test_a_rule_set_brings_no_code_along() -> None:
    shipped = config_path("dq.yml").read_text("utf8")
    code = "  - {reason: mine, severity: critical, scope: run, check: 'os:abort'}"
    with pytest.raises(RulesRefusedError, match="`check` os:abort: code is named by the file as shipped"):
        load_rules(RuleFiles({"dq.yml": f"{shipped}{code}\n".encode()}))
    load_rules(RuleFiles({"dq.yml": f"{shipped}# more\n".encode()}))


def test_rules_on_rows_are_counts_for_rules_on_runs_and_no_name_is_taken_twice() -> None:
    row = {"reason": "odd", "severity": "warning", "fields": ["title"], "check": "present"}
    assert [r.reason for r in read(row, {**RULE, "measure": "odd / kept"}).of_run] == ["bad_share"]
    with pytest.raises(InvalidRulesError, match="several have bad_share"):
        read(RULE, RULE)
    for data in ({}, {"version": 1}, {"version": 1, "rules": [], "limits": {"stale_days": "long"}}, [], None):
        with pytest.raises(InvalidRulesError):
            run_rules_from(data)


def test_the_shipped_rules_can_be_used_and_pass_an_ordinary_run() -> None:
    rules, _ = load_rules()
    assert len(rules.of_run) >= 19
    counts = {"fetched": 100, "new": 90, "duplicate": 10, "kept": 100, "jobs": 90, "jobs_with_pay": 40, "units": 20}
    results = rules.judge(Measures(counts), [Measures(counts, "sample")], {})
    assert [r.reason for r in results if r.verdict == "failed"] == []
    broken_run = Measures({**counts, "rejected": 60, "open": 1, "jobs_untitled": 1, "scores_out_of_range": 1})
    assert [r.reason for r in blocking(rules.judge(broken_run, [], {}))] == [
        "books_unbalanced", "rejected_share_high", "job_untitled", "score_out_of_range",
    ]  # fmt: skip


def _job(**given: Any) -> Job:
    whole: dict[str, Any] = {
        "hash_key": "0" * 32, "version": 1, "source": "lever", "source_job_id": "1", "title": "Cook", "company": "Acme",
        "rules_version": "1", "url": "https://x.example", "places": [Place(country="ca")], "language": "en",
        "skills": ["Knives"], "posted_at": NOW,
    }  # fmt: skip
    return Job(**(whole | given))


def _ranked(*jobs: Job, scores: list[int] | None = None) -> PostingsRanked:
    given = [5000] * len(jobs) if scores is None else scores
    ranking = CampaignRanking(
        campaign_id="c", campaign_version=1, as_of=date(2026, 11, 21), factors=["x"], scores=given, points=given
    )
    return PostingsRanked(
        hash_keys=[j.hash_key for j in jobs], versions=[1] * len(jobs), rules_version="1", jobs=list(jobs),
        rankings=[ranking] if given else [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("job", "counted"),
    [
        (_job(), set()),
        (_job(title=""), {"jobs_untitled"}),
        (_job(hash_key="x"), {"jobs_key_invalid"}),
        (_job(url=None), {"jobs_without_url"}),
        (_job(url=None, apply_url="https://y.example"), set()),
        (_job(places=[Place(text="Somewhere")]), {"jobs_without_country"}),
        (_job(language=None), {"jobs_without_language"}),
        (_job(skills=[]), {"jobs_unread"}),
        (_job(posted_at=NOW - timedelta(days=181)), {"jobs_stale"}),
        (_job(posted_at=None), set()),
        (_job(salary=Salary(currency="CAD", reference_minimum=50_000)), {"jobs_with_pay"}),
        (_job(salary=Salary(text="good")), {"jobs_with_pay", "jobs_currency_unknown"}),
        (_job(salary=Salary(currency="CAD", reference_maximum=900)), {"jobs_with_pay", "jobs_pay_implausible"}),
        (
            _job(salary=Salary(currency="CAD", yearly_minimum=9, yearly_maximum=8)),
            {"jobs_with_pay", "jobs_pay_inverted"},
        ),
    ],
)
def test_jobs_are_counted_by_what_is_the_matter_with_them(job: Job, counted: set[str]) -> None:
    found = JobMeasures(Limits()).of(_ranked(job, _job()), NOW)
    assert found == {"jobs": 2, **dict.fromkeys(counted, 1)}


def test_scores_are_counted_where_they_cannot_be_or_are_missing() -> None:
    measures = JobMeasures(Limits())
    assert measures.of(_ranked(_job(), scores=[10_001]), NOW)["scores_out_of_range"] == 1
    assert measures.of(_ranked(_job(), scores=[-1]), NOW)["scores_out_of_range"] == 1
    assert measures.of(_ranked(_job(), scores=[]), NOW)["jobs_unscored"] == 1
    assert measures.of(_ranked(), NOW) == {}
    assert {"jobs", "jobs_unscored", "scores_out_of_range", "jobs_stale"} < NAMES


def test_a_blocked_run_is_said_to_be_blocked_however_it_ended() -> None:
    assert status_of("completed", 0, 5, "blocked") == "blocked"
    assert status_of("timed_out", 1, 5, "discarded") == "blocked"
    assert status_of("completed", 0, 5, "released") == "succeeded"
