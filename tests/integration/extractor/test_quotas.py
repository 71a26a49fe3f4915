"""The quota ledger on a real database: never more than allowed, whoever asks, in any rolling window."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import create_engine
from extractor.store.quotas import QuotaLedger
from sources.errors import SourceUnavailableError
from sources.quota import Quota

QUOTAS = (Quota(requests=25, per="minute"), Quota(requests=250, per="day"))


async def booked(ledger: QuotaLedger, times: int) -> int:
    async def one() -> bool:
        try:
            await ledger.gate("adzuna", QUOTAS).book()
        except SourceUnavailableError:
            return False
        return True

    return sum(await asyncio.gather(*(one() for _ in range(times))))


async def used_earlier(engine: AsyncEngine, requests: int, ago: str) -> None:
    statement = "INSERT INTO extractor.quota_use VALUES ('adzuna', now() - CAST(:ago AS interval), :requests)"
    async with engine.begin() as conn:
        await conn.execute(sa.text(statement.replace(":ago", f"'{ago}'")), {"requests": requests})


async def test_many_copies_at_once_book_exactly_what_is_allowed(engine: AsyncEngine) -> None:
    other = create_engine(engine.url.render_as_string(hide_password=False), role_application="extractor")
    try:
        numbers = await asyncio.gather(*(booked(QuotaLedger(e), 30) for e in (engine, other, engine)))
    finally:
        await other.dispose()
    assert sum(numbers) == 25


async def test_a_refusal_names_the_window_and_when_there_is_room(engine: AsyncEngine) -> None:
    await used_earlier(engine, 240, "23 hours")
    await used_earlier(engine, 10, "2 hours")
    with pytest.raises(SourceUnavailableError) as refused:
        await QuotaLedger(engine).book("adzuna", QUOTAS)
    assert refused.value.reason == "quota_exhausted"
    assert "250 of 250 requests a day to adzuna are used; the next is free at" in refused.value.detail
    assert refused.value.delay == pytest.approx(3600, abs=30)


async def test_a_window_rolls(engine: AsyncEngine) -> None:
    await used_earlier(engine, 25, "66 seconds")
    assert await booked(QuotaLedger(engine), 30) == 25


async def test_a_lowered_quota_opens_when_enough_has_left_it(engine: AsyncEngine) -> None:
    await used_earlier(engine, 100, "20 hours")
    await used_earlier(engine, 100, "10 hours")
    with pytest.raises(SourceUnavailableError) as refused:
        await QuotaLedger(engine).book("adzuna", (Quota(requests=50, per="day"),))
    assert refused.value.delay == pytest.approx(14 * 3600, abs=30)


async def test_use_is_shown_and_old_slots_go(engine: AsyncEngine) -> None:
    await used_earlier(engine, 3, "2 days")
    ledger = QuotaLedger(engine)
    await ledger.book("adzuna", QUOTAS)
    async with engine.connect() as conn:
        use = await ledger.use(conn, {"adzuna": QUOTAS, "lever": ()})
        slots = (await conn.execute(sa.text("SELECT count(*) FROM extractor.quota_use"))).scalar_one()
    assert [(u.per, u.used, u.allowed, u.resets_at is None) for u in use["adzuna"]] == [
        ("minute", 1, 25, False), ("day", 1, 250, False),
    ]  # fmt: skip
    assert slots == 1
    assert "lever" not in use
