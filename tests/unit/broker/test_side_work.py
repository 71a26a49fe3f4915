"""What side work sends on is side work too: no run hears of it."""

from datetime import UTC, datetime

from common.contracts import Headers, PostingsEnriched, PostingsNormalized
from common.messaging.reports import messages_of
from common.messaging.unit import Child, Finished


def sent(stage: str) -> list[tuple[str, str]]:
    headers = Headers(
        event_id="e", event_type=PostingsNormalized.event_type, run_id="", unit_id="u", stage=stage,
        first_at=datetime(2026, 11, 20, tzinfo=UTC), sha256="",
    )  # fmt: skip
    finished = Finished(children=[Child(PostingsEnriched(jobs=[]))])
    return [(message.headers.event_type, message.headers.stage) for message in messages_of(headers, finished)]


def test_a_unit_of_a_run_declares_what_follows_and_side_work_does_not() -> None:
    assert sent("enrich") == [("postings.enriched.v1", "rank"), ("unit.finished.v1", "enrich")]
    assert sent("") == [("postings.enriched.v1", "")]
