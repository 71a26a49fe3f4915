"""What all rankings of stored jobs share: their messages, how many at a time, and what is told of them."""

import uuid
from collections.abc import Sequence

import structlog

from common.contracts import CampaignRanking, PostingsRanked
from common.messaging.errors import PermanentError
from ranker.domain.batch import batch_of
from ranker.domain.facts import Employer
from ranker.domain.judges import Judges
from ranker.domain.vectors import CampaignVectors
from ranker.metrics import PAIRS
from ranker.store import StoredJob

_log = structlog.get_logger()
#: Jobs in one message of a re-rank, and messages of one unit.
MESSAGE_JOBS, UNIT_MESSAGES = 1000, 5


def ranked(stage: str, jobs: Sequence[StoredJob], vectors: CampaignVectors, judges: Judges) -> PostingsRanked:
    """Stored jobs ranked by all that is known of them."""
    rankings = vectors.rankings(batch_of([j.known for j in jobs], judges))
    report(stage, len(jobs), rankings)
    return PostingsRanked(
        hash_keys=[j.hash_key.hex for j in jobs], versions=[j.version for j in jobs],
        rules_version=judges.rules.version, rankings=rankings, company_versions=versions_of([j.employer for j in jobs]),
    )  # fmt: skip


def versions_of(employers: Sequence[Employer]) -> list[int]:
    """For the event: empty where nothing is known of any of them."""
    versions = [employer.version for employer in employers]
    return versions if any(versions) else []


def position(after: str | None) -> uuid.UUID | None:
    """The hash_key behind which to go on; PermanentError where it is none."""
    try:
        return uuid.UUID(after) if after else None
    except ValueError as error:
        raise PermanentError("bad_position", f"{after!r} is not a hash_key") from error


def report(stage: str, jobs: int, rankings: list[CampaignRanking]) -> None:
    """Count and log what was ranked."""
    pairs = jobs * len(rankings)
    PAIRS.labels(stage).inc(pairs)
    factors = sorted({factor for ranking in rankings for factor in ranking.factors})
    _log.info("ranked", stage=stage, jobs=jobs, campaigns=len(rankings), pairs=pairs, factors=factors)
