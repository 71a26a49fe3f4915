"""Pages are read by the rules that were activated, or by those that a replay tries; what they give says which."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import Headers, PostingsCollected
from common.messaging import rule_sets
from common.messaging.rule_sets import RuleSets
from common.messaging.unit import Finished
from common.settings import config_path
from common.settings.rule_files import RuleFiles
from normalizer.handlers import NormalizePostings
from normalizer.store import PostingStore
from normalizer.store.rule_files import PARSERS, NormalizerRules, load_rules
from tests.integration.normalizer.conftest import NOW, SOURCES, Normalizer, balanced
from tests.integration.normalizer.test_merging import item
from tests.integration.normalizer.test_replaying import differences


def with_rule(rule: str) -> RuleFiles:
    """The shipped quality gate with one rule more."""
    shipped = config_path("dq.yml").read_text("utf8")
    return RuleFiles({"dq.yml": shipped.replace("rules:\n", f"rules:\n  - {{{rule}}}\n", 1).encode()})


NURSES = with_rule("reason: no_nurse, severity: critical, fields: [title], check: matches, pattern: '^Nurse'")
CUT = with_rule("reason: cut, severity: warning, fields: [department], check: max_length, limit: 3, repair: cut")


@pytest.fixture
async def rules(
    engine: AsyncEngine, normalizer: Normalizer, monkeypatch: pytest.MonkeyPatch
) -> RuleSets[NormalizerRules]:
    monkeypatch.setattr(rule_sets, "LOOK_SECONDS", 0.0)
    async with engine.begin() as conn:
        await conn.execute(sa.text("DELETE FROM normalizer.rule_set"))
    rules = RuleSets("normalizer", PARSERS, load_rules)
    await rules.open(engine)
    normalizer.stage = NormalizePostings(PostingStore(), rules, now=lambda: NOW)
    return rules


async def tried(normalizer: Normalizer, posting: Any, files: RuleFiles) -> Finished:
    """A dry run over the page of one posting, by the rules of a set."""
    event = PostingsCollected(
        source=SOURCES[0], feed="", page=1, archive_key="run-1/page=0001", collected_at=NOW, items=[posting],
        replay="dry_run",
    )  # fmt: skip
    headers = Headers(
        event_id="", event_type="", run_id="try", unit_id="", stage="normalize", first_at=NOW, sha256="", postings=1,
        rule_set=files.version,
    )  # fmt: skip
    prepared = await normalizer.stage.prepare(headers, event)
    async with normalizer.engine.begin() as conn:
        return await normalizer.stage.apply(conn, headers, event, prepared)


async def stamps(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as conn:
        return set((await conn.execute(sa.text("SELECT rules_version FROM normalizer.content"))).scalars())


async def test_a_replay_tries_a_set_and_all_else_is_read_as_before_until_it_is_activated(
    engine: AsyncEngine, normalizer: Normalizer, rules: RuleSets[NormalizerRules]
) -> None:
    await rules.add(NURSES)
    assert (await normalizer.page([item("1")]))["new"] == 1
    finished = await tried(normalizer, item("1"), NURSES)
    assert balanced(finished, 1) == {"rejected": 1}
    assert finished.reasons == {"no_nurse": 1}
    assert (await normalizer.page([item("2")]))["duplicate"] == 1
    assert await stamps(engine) == {load_rules().version}
    await rules.activate(NURSES, 1)
    assert await normalizer.page([item("3"), item("4", "Nurse")], run="run-2") == {"new": 1, "rejected": 1}
    assert await stamps(engine) == {load_rules().version, f"{load_rules().version}+{NURSES.version}"}
    assert normalizer.stage.trial.keywords == {"files": NURSES}  # type: ignore[attr-defined] # it is a partial


async def test_what_a_tried_set_reads_otherwise_is_reported_under_its_version(
    engine: AsyncEngine, normalizer: Normalizer, rules: RuleSets[NormalizerRules]
) -> None:
    await rules.add(CUT)
    posting = item("1", department="Engineering")
    await normalizer.page([posting])
    await tried(normalizer, posting, CUT)
    found = (await differences(engine, "try"))["department"]
    assert (found["examples"][0]["before"], found["examples"][0]["after"]) == ("Engineering", "Eng")
    assert found["rules_version"] == f"{load_rules().version}+{CUT.version}"
