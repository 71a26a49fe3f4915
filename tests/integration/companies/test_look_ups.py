"""A company is asked for once, whatever dies, repeats or runs twice; what goes wrong is counted and told."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from common.web.problems import add_problem_handlers
from extractor.handlers.look_ups import missing
from extractor.routes.companies import router
from extractor.store import BronzeStore
from extractor.store.companies import Claimed, Verdict
from extractor.tables import glassdoor_companies
from sources.companies.glassdoor import GlassdoorSearch
from tests.integration.companies.conftest import RULES, Extractor, seen
from tests.integration.companies.glassdoor import company


async def test_a_company_is_found_stored_and_sent_on_once(extractor: Extractor) -> None:
    extractor.provider.companies = [company("Acme Bank", 2), company("ACME, Inc.", 7)]
    await extractor.see(seen("Acme"), seen("Nobody"))
    await extractor.see(seen("Acme"))
    await extractor.work()
    await extractor.see(seen("Acme"), seen("ACME Inc"))
    await extractor.work()

    assert sorted(extractor.provider.asked) == ["Acme", "Nobody"]
    acme, nobody = await extractor.rows()
    assert (acme.enrichment_status, acme.company_id, acme.reason, acme.score) == ("success", "7", "name", 100)
    assert (nobody.enrichment_status, nobody.reason, nobody.next_attempt_at) == ("not_found", "nothing_found", None)
    (sent,) = await extractor.collected()
    assert (sent.company_key, sent.score, sent.items) == (seen("Acme").company_key, 100, [company("ACME, Inc.", 7)])
    assert sent.archive_key.startswith(f"bronze/glassdoor/{sent.company_key}/date=")
    async with extractor.session.engine.connect() as conn:
        raw = list(await conn.execute(sa.select(glassdoor_companies).order_by(glassdoor_companies.c.query)))
        assert [(r.query, r.source_system, len(r.payload["data"])) for r in raw] == [
            ("acme", "glassdoor", 2), ("nobody", "glassdoor", 0),
        ]  # fmt: skip
    assert raw[0].archive_key == sent.archive_key
    assert b"secret-key" not in await extractor.archive.raw(raw[0].archive_key, raw[0].sha256)


async def test_namesakes_share_an_answer_and_are_told_apart_by_domain(extractor: Extractor) -> None:
    extractor.provider.companies = [
        company("Mercury", 1, website="https://mercury.com"), company("Mercury", 2, website="https://other.example"),
    ]  # fmt: skip
    await extractor.see(seen("Mercury"), seen("Mercury Inc", "https://www.mercury.com"))
    await extractor.work()
    assert [a for a in extractor.provider.asked if a != "mercury.com"] in (["Mercury"], ["Mercury Inc"])
    plain, with_domain = await extractor.rows()
    assert (plain.enrichment_status, plain.reason) == ("not_found", "ambiguous")
    assert (with_domain.company_id, with_domain.reason) == ("1", "domain")


async def test_who_is_not_found_by_name_is_asked_for_by_domain(extractor: Extractor) -> None:
    extractor.provider.companies = [company("Zeta Holdings", website="https://acme.example")]
    await extractor.see(seen("Omega", "https://acme.example"))
    await extractor.work()
    assert extractor.provider.asked == ["Omega", "acme.example"]
    (row,) = await extractor.rows()
    assert (row.enrichment_status, row.reason) == ("success", "domain")


async def test_two_copies_never_ask_for_a_company_twice(extractor: Extractor) -> None:
    names = [f"Company{chr(97 + n)}" for n in range(12)]
    extractor.provider.companies = [company(name, n) for n, name in enumerate(names)]
    for name in names:
        # The same employer with and without a domain: two look-ups, one question.
        await extractor.see(seen(name), seen(name, f"https://{name}.com"))
    copies = [extractor.worker, extractor.another(), extractor.another()]

    async def until_done(worker: object) -> None:
        while any(row.next_attempt_at is not None for row in await extractor.rows()):
            await worker.look_up_next()  # type: ignore[attr-defined]  # one of the copies

    await asyncio.wait_for(asyncio.gather(*map(until_done, copies)), 30)
    assert sorted(extractor.provider.asked) == sorted(names)
    assert {row.enrichment_status for row in await extractor.rows()} == {"success"}
    assert len({sent.company_key for sent in await extractor.collected()}) == len(await extractor.collected()) == 24


async def test_what_a_crash_left_in_the_archive_is_found_and_not_asked_for_again(
    extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor.provider.companies = [company("Acme")]
    await extractor.see(seen("Acme"))

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(extractor.store, "keep", die)
        with pytest.raises(KeyboardInterrupt):
            await extractor.worker.look_up_next()
    assert await extractor.worker.look_up_next() is None, "its lease still holds"
    await extractor.make_due()
    # An employer of the same name that is due as well must wait for what the crash left.
    await extractor.see(seen("Acme", "https://acme.org"))
    await extractor.work()
    assert extractor.provider.asked == ["Acme"]
    assert {row.enrichment_status for row in await extractor.rows()} == {"success"}
    assert len(await extractor.collected()) == 2


async def test_who_has_lost_its_lease_records_nothing(extractor: Extractor) -> None:
    await extractor.see(seen("Acme"))

    async def claim() -> Claimed | None:
        async with extractor.session.engine.begin() as conn:
            return await extractor.store.claim(conn, RULES.look_up.lease)

    slow = await claim()
    assert slow is not None
    assert await claim() is None
    await extractor.make_due()
    quick = await claim()
    assert quick is not None
    async with extractor.session.engine.begin() as conn:
        assert not await extractor.store.record(conn, slow, Verdict("not_found", 0))
        assert await extractor.store.record(conn, quick, Verdict("success", 0))
    (row,) = await extractor.rows()
    assert row.enrichment_status == "success"


async def test_failures_are_counted_with_growing_pauses_and_end_as_error(extractor: Extractor) -> None:
    extractor.provider.companies = [company("Acme")]
    extractor.provider.failures = [503, "<!DOCTYPE html><html>", 500, 502, 503]
    await extractor.see(seen("Acme"))
    pauses = []
    for attempt in range(1, RULES.look_up.attempts + 1):
        rest = await extractor.worker.look_up_next()
        assert rest is not None
        assert rest > 0
        assert await extractor.worker.look_up_next() is None
        (row,) = await extractor.rows()
        assert row.attempts == attempt
        assert row.last_error
        if row.next_attempt_at:
            pauses.append((row.next_attempt_at - row.updated_at).total_seconds())
        await extractor.make_due()
    assert row.enrichment_status == "error"
    assert pauses == [300, 1200, 4800, 19200]
    assert await extractor.worker.look_up_next() is None
    async with extractor.session.engine.begin() as conn:
        await extractor.store.ask_again(conn, row.company_lookup_key)
    await extractor.work()
    (row,) = await extractor.rows()
    assert (row.enrichment_status, row.attempts, row.last_error) == ("success", 0, None)
    async with extractor.session.engine.connect() as conn:
        stored = list(await conn.execute(sa.select(glassdoor_companies.c.query, glassdoor_companies.c.archive_key)))
        assert sorted(str(answer.query) for answer in stored) == ["None", "acme"]
        keys = [answer.archive_key for answer in stored]
        assert await BronzeStore().indexed(conn, keys) == set(keys)


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_a_provider_that_refuses_everybody_costs_no_attempt(extractor: Extractor, status: int) -> None:
    extractor.provider.companies = [company("Acme")]
    extractor.provider.failures = [status]
    await extractor.see(seen("Acme"))
    rest = await extractor.worker.look_up_next()
    assert rest is not None
    assert rest >= 15
    (row,) = await extractor.rows()
    assert (row.enrichment_status, row.attempts, row.leased_until) == ("pending", 0, None)
    assert str(status) in row.last_error
    await extractor.work()
    assert extractor.provider.asked == ["Acme", "Acme"]


async def test_who_was_not_found_is_asked_for_anew_on_request_only(extractor: Extractor) -> None:
    app = FastAPI()
    app.include_router(router)
    add_problem_handlers(app)
    app.state.wiring = SimpleNamespace(session=extractor.session, companies=extractor.store, look_ups=extractor.worker)
    await extractor.see(seen("Acme"))
    await extractor.work()
    await extractor.make_due()
    await extractor.work()
    extractor.provider.companies = [company("Acme")]
    key = seen("Acme").company_key
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as rest:
        shown = (await rest.get("/companies/queue", params={"status": "not_found"})).json()
        assert [(c["company_lookup_key"], c["name"]) for c in shown["items"]] == [(key, "Acme")]
        assert (shown["asking"], shown["counts"]) == (True, {"not_found": 1})
        assert (await rest.post(f"/companies/queue/{key}/retry")).status_code == 202
        await extractor.work()
        assert (await rest.get("/companies/queue")).json()["counts"] == {"success": 1}
        assert extractor.provider.asked == ["Acme", "Acme"]
        assert (await rest.get("/companies/queue", params={"cursor": "?"})).status_code == 422
        codes = [(await rest.post(f"/companies/queue/{k}/retry")).status_code for k in (key, "0" * 32, "x")]
    assert codes == [409, 404, 422]


def test_without_a_key_the_queue_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLASSDOOR_API_KEY", raising=False)
    assert missing(GlassdoorSearch()) == "GLASSDOOR_API_KEY not set"
    monkeypatch.setenv("GLASSDOOR_TIMEOUT", "soon")
    assert "GLASSDOOR_TIMEOUT" in (missing(GlassdoorSearch()) or "")
