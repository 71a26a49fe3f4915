"""`posthorn score`: postings in, their scores for a campaign and the reasons out, a JSON object a line."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import typer

from common.contracts import Job
from enricher.domain.enrich import Enricher, job_of
from enricher.store.rule_files import load_rules as reading_rules
from posthorn.posting_lines import Canonical, Line, each_line
from ranker.domain.explain import explain
from ranker.domain.facts import facts_of
from ranker.domain.judges import Judges
from ranker.domain.tried import campaign_from, job_from
from ranker.domain.wish import Wish
from ranker.store import load_rules as ranking_rules

_encode = msgspec.json.Encoder().encode
_JOB = frozenset(Job.__struct_fields__)


def score_files(files: list[Path], campaign: Path, as_of: date) -> None:
    """Print the score of every posting, 0 to 100, with the points and the reason of each factor."""
    judges = Judges(ranking_rules())
    wish = _wish(campaign, as_of, judges)
    jobs = _Jobs()

    def score(line: Line) -> None:
        job = jobs.job(line)
        told = explain(facts_of(job), wish, judges)
        row = {
            "line": line.number, "id": line.given.get("id", job.source_job_id), "title": job.title,
            "score": sum(factor.points for factor in told) / 100,
            "factors": [
                {"factor": f.factor, "points": f.points / 100, "max_points": f.max_points / 100, "reason": f.reason}
                for f in told
            ],
            "as_of": as_of.isoformat(), "rules_version": judges.rules.version,
        }  # fmt: skip
        sys.stdout.buffer.write(_encode(row) + b"\n")

    each_line(files, score)
    sys.stdout.buffer.flush()


class _Jobs:
    """Enriched jobs: what `posthorn read` printed is taken as it is, any other posting is read first."""

    def __init__(self) -> None:
        self._canonical = Canonical()
        self._enricher = Enricher(reading_rules())

    def job(self, line: Line) -> Job:
        if "rules_version" in line.given and "skills" in line.given:
            return job_from({name: value for name, value in line.given.items() if name in _JOB})
        posting = self._canonical.posting(line)
        return job_of(posting, self._enricher.read(posting), self._enricher.rules_version)


def _wish(campaign: Path, as_of: date, judges: Judges) -> Wish:
    try:
        given = msgspec.json.decode(campaign.read_bytes(), type=dict[str, Any])
        wish = judges.wish(campaign_from(given), as_of)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise typer.BadParameter(f"{campaign}: {error}") from error
    if wish.ignored:
        raise typer.BadParameter(f"{campaign}: {'; '.join(wish.ignored)}")
    return wish
