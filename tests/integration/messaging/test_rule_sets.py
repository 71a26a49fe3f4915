"""A service switches to activated rules without a restart, keeps the old ones where it refuses, tries candidates."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import Headers
from common.database import create_engine
from common.messaging import rule_sets
from common.messaging.errors import PermanentError
from common.messaging.rule_sets import RuleSets
from common.settings.rule_files import SHIPPED, RuleFiles, RulesRefusedError
from common.testing.postgres import Database

HEADERS = Headers(
    event_id="e", event_type="t", run_id="r", unit_id="u", stage="s", first_at=datetime(2026, 11, 21, tzinfo=UTC),
    sha256="",
)  # fmt: skip
ONE, TWO, BAD = (RuleFiles({"a.yml": content}) for content in (b"one", b"two", b"bad"))


def build(files: RuleFiles) -> str:
    """The rules are the words of the one file."""
    text = files.changed.get("a.yml", b"shipped").decode()
    if text == "bad":
        raise KeyError("surprise")
    return text


@pytest.fixture
async def engine(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    """With processes that look at once."""
    monkeypatch.setattr(rule_sets, "LOOK_SECONDS", 0.0)
    engine = create_engine(database.url("ranker"), role_application="test")
    yield engine
    await engine.dispose()


async def process(engine: AsyncEngine, made: list[str] | None = None) -> RuleSets[str]:
    """Another process of the service; `made` notes what it made rules of."""

    def noted(files: RuleFiles) -> str:
        rules = build(files)
        if made is not None:
            made.append(rules)
        return rules

    rules = RuleSets("ranker", ["a.yml"], noted)
    await rules.open(engine)
    return rules


def trying(files: RuleFiles) -> Headers:
    return msgspec.structs.replace(HEADERS, rule_set=files.version)


async def test_rules_are_as_shipped_until_others_are_activated_which_all_processes_see(engine: AsyncEngine) -> None:
    one, other = await process(engine), await process(engine)
    assert [await one.current(), await other.current()] == ["shipped"] * 2
    await one.activate(ONE, 1)
    assert [await one.current(), await other.current()] == ["one"] * 2
    assert other.files == ONE
    await other.activate(RuleFiles(), 2)
    assert [await one.current(), (await process(engine)).state.version] == ["shipped", SHIPPED]


async def test_the_greater_number_counts_in_whatever_order_and_how_often_it_is_heard(engine: AsyncEngine) -> None:
    rules = await process(engine)
    for files, activation in ((TWO, 2), (ONE, 1), (TWO, 2), (ONE, 1)):
        await rules.activate(files, activation)
    assert (await rules.current(), rules.state.activation) == ("two", 2)
    await rules.activate(ONE, 3)
    assert (await rules.current(), rules.state.activation) == ("one", 3)


async def test_what_cannot_be_used_is_refused_and_the_rules_before_it_stay(engine: AsyncEngine) -> None:
    one, other = await process(engine), await process(engine)
    await one.activate(ONE, 1)
    await one.activate(BAD, 2)
    assert [await one.current(), await other.current()] == ["one"] * 2
    for rules in (one, other):
        assert (
            rules.trouble
            == f"rule set {BAD.version} is refused, {ONE.version} stays in use: a.yml: KeyError: 'surprise'"
        )
        assert rules.state.activation == 2
    await one.activate(TWO, 3)
    assert [await other.current(), other.trouble] == ["two", None]


async def test_another_build_of_the_service_may_take_what_was_refused_or_refuse_what_was_in_use(
    engine: AsyncEngine,
) -> None:
    await (await process(engine)).activate(BAD, 1)
    upgraded = RuleSets("ranker", ["a.yml"], lambda files: files.changed.get("a.yml", b"shipped").decode())
    await upgraded.open(engine)
    assert [await upgraded.current(), upgraded.trouble] == ["bad", None]
    downgraded = await process(engine)
    assert await downgraded.current() == "shipped"
    assert "surprise" in str(downgraded.trouble)


async def test_a_replay_tries_a_candidate_while_everything_else_goes_by_the_rules_in_use(engine: AsyncEngine) -> None:
    made: list[str] = []
    rules, other = await process(engine, made), await process(engine)
    await rules.add(ONE)
    assert [await rules.of(trying(ONE)), await other.of(trying(ONE)), await rules.of(HEADERS)] == [
        "one",
        "one",
        "shipped",
    ]
    assert await rules.of(msgspec.structs.replace(HEADERS, rule_set=SHIPPED)) == "shipped"
    assert sorted(made) == ["one", "shipped"], "made once, however often they are asked for"


async def test_a_candidate_is_refused_with_its_faults_or_named_where_nobody_knows_it(engine: AsyncEngine) -> None:
    rules = await process(engine)
    with pytest.raises(RulesRefusedError, match=r"a\.yml: KeyError"):
        await rules.add(BAD)
    for files in (BAD, TWO):
        with pytest.raises(PermanentError) as unknown:
            await rules.of(trying(files))
        assert unknown.value.reason == "rule_set_unknown"


async def test_within_a_transaction_the_rules_are_those_of_that_moment(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_sets, "LOOK_SECONDS", 3600.0)
    one, other = await process(engine), await process(engine)
    assert await other.current() == "shipped"
    await one.activate(ONE, 1)
    assert await other.current() == "shipped"
    async with engine.begin() as conn:
        assert await other.within(conn) == "one"
    assert await other.current() == "one"


async def test_changes_of_files_that_the_service_does_not_read_make_no_other_rules(engine: AsyncEngine) -> None:
    made: list[str] = []
    rules = await process(engine, made)
    await rules.activate(RuleFiles({"b.yml": b"anything"}), 1)
    assert (await rules.current(), rules.state.activation, rules.files, made) == (
        "shipped",
        1,
        RuleFiles(),
        ["shipped"],
    )
