"""What a blocked run has brought comes again with the next page that shows it."""

from typing import Any

import pytest

from common.contracts import Headers, PostingsWithheld
from common.messaging.errors import PermanentError
from normalizer.handlers import MarkWithheld
from tests.integration.normalizer.conftest import NOW, SOURCES, Normalizer

_HEADERS = Headers(event_id="", event_type="", run_id="blocked", unit_id="", stage="", first_at=NOW, sha256="")


def item(number: int, **said: Any) -> dict[str, Any]:
    return {"source_job_id": str(number), "title": f"Engineer {number}", "description_html": "Work.", **said}


async def withhold(normalizer: Normalizer, *sent: tuple[str, int]) -> None:
    event = PostingsWithheld(hash_keys=[key for key, _ in sent], versions=[version for _, version in sent])
    stage = MarkWithheld()
    prepared = await stage.prepare(_HEADERS, event)
    async with normalizer.engine.begin() as conn:
        await stage.apply(conn, _HEADERS, event, prepared)


async def test_a_withheld_posting_is_sent_again_once_and_counted_as_updated(normalizer: Normalizer) -> None:
    await normalizer.page([item(1), item(2)], run="blocked")
    await withhold(normalizer, *((p.hash_key, 1) for p in normalizer.sent if p.source_job_id == "1"))
    normalizer.sent.clear()
    assert await normalizer.page([item(1), item(2)], run="good") == {"unchanged": 1, "updated": 1}
    assert [(p.source_job_id, p.version) for p in normalizer.sent] == [("1", 2)]
    await normalizer.look_again()
    assert await normalizer.page([item(1), item(2)], run="next") == {"unchanged": 2}
    assert normalizer.asked == [], "it is awake for good"


async def test_a_posting_that_has_gone_on_since_is_not_withheld(normalizer: Normalizer) -> None:
    await normalizer.page([item(1)], run="blocked")
    await normalizer.page([item(1, tags=["new"])], run="good")
    await withhold(normalizer, (normalizer.sent[0].hash_key, 1))
    assert await normalizer.page([item(1, tags=["new"])], run="next") == {"unchanged": 1}


async def test_it_comes_again_whichever_of_its_sources_shows_it(normalizer: Normalizer) -> None:
    for source in SOURCES[:2]:
        await normalizer.page([item(1)], source=source, run="blocked")
    await withhold(normalizer, (normalizer.sent[0].hash_key, normalizer.sent[-1].version))
    normalizer.sent.clear()
    assert await normalizer.page([item(1)], source=SOURCES[1], run="good") == {"unchanged": 1}
    assert [p.source for p in normalizer.sent] == [SOURCES[0]]


async def test_what_nobody_knows_is_passed_by_and_what_does_not_fit_is_refused(normalizer: Normalizer) -> None:
    await withhold(normalizer, ("0" * 32, 1))
    with pytest.raises(PermanentError, match="1 postings and 0 versions"):
        await MarkWithheld().prepare(_HEADERS, PostingsWithheld(hash_keys=["0" * 32], versions=[]))
