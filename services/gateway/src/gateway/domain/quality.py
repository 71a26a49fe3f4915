"""The quality gate on a whole run: what was counted of it, the rules on that, and the verdict."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Severity = Literal["critical", "warning"]
Comparison = Literal["at_most", "at_least", "equal"]
#: How a rule came out; skipped: there was nothing to judge, and `detail` says why.
Verdict = Literal["passed", "failed", "skipped"]
#: What became of a run's results: published, or held back, then perhaps released or discarded by somebody; reported:
#: published whatever the verdict was.
Gate = Literal["passed", "blocked", "released", "discarded", "reported"]
#: What a rule's value was in earlier runs, by reason and source.
Usual = Mapping[tuple[str, str], float]

_FITS: Mapping[Comparison, Callable[[float, float], bool]] = {
    "at_most": lambda value, threshold: value <= threshold,
    "at_least": lambda value, threshold: value >= threshold,
    "equal": lambda value, threshold: value == threshold,
}
_WORDS: Mapping[Comparison, str] = {"at_most": "at most", "at_least": "at least", "equal": "exactly"}


@dataclass(frozen=True, slots=True)
class Measures:
    """Counts of a run, or of one of its sources (`source` is empty for the run); `completed`: it ended by itself."""

    counts: Mapping[str, int]
    source: str = ""
    completed: bool = True

    def __getitem__(self, name: str) -> int:
        return self.counts.get(name, 0)


#: A rule of one's own: what is wrong in words, or None.
OwnCheck = Callable[[Measures], str | None]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A count, or one count over another, compared with a number or with what it used to be."""

    measure: str
    over: str | None
    comparison: Comparison
    threshold: float
    sample: int = 1
    against_usual: bool = False

    @property
    def written(self) -> str:
        """The measure as rules write it."""
        return f"{self.measure} / {self.over}" if self.over else self.measure

    @property
    def bound(self) -> str:
        """What the value is compared with, in words."""
        times = " times the usual" if self.against_usual else ""
        return f"{_WORDS[self.comparison]} {self.threshold:g}{times}"

    @property
    def holds_if(self) -> str:
        """The rule in words."""
        enough = f"; judged from {self.sample} on" if self.sample > 1 else ""
        return f"{self.written} is {self.bound}{enough}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule on a run; `reason` is the snake_case code under which it is told. `check` is data or somebody's code."""

    reason: str
    severity: Severity
    check: Threshold | OwnCheck = field(repr=False)
    each_source: bool = False
    completed_only: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """How one rule came out for a run or one of its sources; `usual` is the value that it is compared with."""

    reason: str
    severity: Severity
    source: str
    verdict: Verdict
    detail: str
    measure: str = ""
    value: float | None = None
    usual: float | None = None
    threshold: float | None = None
    sample: int | None = None

    @property
    def blocks(self) -> bool:
        """Whether nothing of the run may be shown."""
        return self.verdict == "failed" and self.severity == "critical"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules on runs of one version."""

    version: str
    of_run: tuple[Rule, ...]

    @property
    def usual(self) -> frozenset[str]:
        """Reasons of the rules that look at earlier runs."""
        return frozenset(r.reason for r in self.of_run if isinstance(r.check, Threshold) and r.check.against_usual)

    def judge(self, run: Measures, sources: Sequence[Measures], usual: Usual) -> list[Result]:
        """A result for each rule, of rules on sources for each source."""
        return [
            _judged(rule, measures, usual.get((rule.reason, measures.source)))
            for rule in self.of_run
            for measures in (sources if rule.each_source else [run])
        ]


def blocking(results: Iterable[Result]) -> list[Result]:
    """Those for which nothing of the run may be shown."""
    return [result for result in results if result.blocks]


def _judged(rule: Rule, measures: Measures, usual: float | None) -> Result:
    if rule.completed_only and not measures.completed:
        return _result(rule, measures, "skipped", "the run was ended before it was complete")
    if isinstance(rule.check, Threshold):
        return _compared(rule, rule.check, measures, usual)
    try:
        wrong = rule.check(measures)
    except Exception as error:  # noqa: BLE001 - somebody else's code; a rule that cannot say yes has not said yes
        wrong = f"the check raised {type(error).__name__}: {error}"
    return _result(rule, measures, "failed" if wrong else "passed", str(wrong)[:500] if wrong else "")


def _compared(rule: Rule, check: Threshold, measures: Measures, usual: float | None) -> Result:
    below = measures[check.over] if check.over else None
    value = float(measures[check.measure]) if below is None else measures[check.measure] / below if below else None
    sample = below if below is not None else int(usual or 0) if check.against_usual else None
    known = Result(
        rule.reason, rule.severity, measures.source, "skipped", "", check.written, value, usual, check.threshold, sample
    )
    if value is None or (sample is not None and sample < check.sample and not (check.against_usual and usual is None)):
        return replace(known, detail=f"too few to judge: {sample or 0}, at least {check.sample}")
    compared = value
    if check.against_usual:
        if not usual:
            return replace(known, detail="nothing to compare with: fewer than 3 earlier runs, or all of them without")
        compared = value / usual
    fits = _FITS[check.comparison](compared, check.threshold)
    return replace(known, verdict="passed" if fits else "failed", detail=_in_words(check, value, usual))


def _in_words(check: Threshold, value: float, usual: float | None) -> str:
    told = f"{check.written} is {value:.4g}, {check.bound}"
    return f"{told} {usual:.4g}" if check.against_usual else told


def _result(rule: Rule, measures: Measures, verdict: Verdict, detail: str) -> Result:
    measure = rule.check.written if isinstance(rule.check, Threshold) else ""
    return Result(rule.reason, rule.severity, measures.source, verdict, detail, measure)
