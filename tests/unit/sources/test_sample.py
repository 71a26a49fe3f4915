"""The bundled sample and the generated ones."""

import re
from collections import Counter
from typing import Any

import pytest

from common.contracts import SourcePosting, SourceQuery
from sources.adapters.sample import ADAPTER, BUNDLED_PAGE
from sources.errors import MappingError, SourceRejectedError
from sources.sample.boards import board
from sources.sample.generator import Dice, generate
from tests.support.real_items import local_client, read_pages, request


async def pages(**params: Any) -> list[list[Any]]:
    return await read_pages(ADAPTER, local_client("sample"), params)


def mapped(items: list[Any]) -> list[SourcePosting]:
    return [ADAPTER.map_to_common(item) for item in items if isinstance(item, dict) and item.get("id")]


@pytest.fixture(scope="module")
def postings() -> list[SourcePosting]:
    """What both boards show."""
    return mapped([*board("north"), *board("south")])


async def test_the_two_boards_are_read_in_several_pages() -> None:
    found = await pages()
    assert 4 <= len(found) <= 6
    assert all(len(page) <= BUNDLED_PAGE for page in found)
    assert sum(map(len, found)) == len(board("north")) + len(board("south"))
    assert 280 <= sum(map(len, found)) <= 320


async def test_a_board_can_be_read_alone() -> None:
    found = await pages(board="south")
    assert [item for page in found for item in page] == board("south")


async def test_every_run_finds_the_same() -> None:
    assert await pages() == await pages()
    assert await pages(count=250, seed=3) == await pages(count=250, seed=3)


def test_exactly_three_items_are_broken() -> None:
    broken = []
    for item in [*board("north"), *board("south")]:
        try:
            broken += [] if (p := ADAPTER.map_to_common(item)).title and p.company and p.places else [p.source_job_id]
        except MappingError as error:
            broken.append(error.reason)
    assert sorted(broken) == ["id_missing", "n-9007", "not_an_object"]


def test_ids_are_unique_on_both_boards(postings: list[SourcePosting]) -> None:
    assert len({posting.source_job_id for posting in postings}) == len(postings)


def test_some_jobs_stand_on_both_boards_and_some_are_reposted(postings: list[SourcePosting]) -> None:
    seen: dict[tuple[Any, ...], list[SourcePosting]] = {}
    for posting in postings:
        seen.setdefault((posting.company, posting.title, posting.places[0].text), []).append(posting)
    repeated = [same for same in seen.values() if len(same) > 1]
    boards = Counter(len({posting.source_job_id[0] for posting in same}) for same in repeated)
    assert boards[2] >= 20
    assert boards[1] >= 8
    assert all(
        len({p.description_html for p in same}) == 2
        for same in repeated
        if same[0].source_job_id[0] != same[1].source_job_id[0]
    )


def test_the_pains_of_real_boards_are_there(postings: list[SourcePosting]) -> None:
    bodies = " ".join(posting.description_html or "" for posting in postings)
    for word in (
        "go-to-market",
        "eact quickly",
        "excel in",
        "C-level",
        "R&amp;D",
        "<script>",
        "&nbsp;",
        "&#8217;",
        "React",
        "Excel",
    ):
        assert word in bodies, word
    pay = " ".join(posting.pay.text or "" for posting in postings if posting.pay)
    for word in ("年収", "ompetitive", "per hour", "£", "CHF", "€", "$", "par mois", "im Monat", "per day"):
        assert word in pay, word
    structured = [posting.pay for posting in postings if posting.pay and posting.pay.minimum]
    assert {"USD", "CAD", "EUR", "GBP", "JPY", "CHF"} <= {offer.currency for offer in structured}
    assert {"hour", "month", "year"} <= {offer.period for offer in structured}
    assert {"de", "fr", "en", "ja"} <= {posting.language for posting in postings}
    assert any(len(posting.places) > 1 for posting in postings)
    titles = " ".join(posting.title or "" for posting in postings)
    for word in (
        "Intern",
        "Junior",
        "Senior",
        "Lead",
        "Principal",
        "Director",
        "Go Developer",
        "R Programmer",
        "C Developer",
    ):
        assert word in titles, word


def test_nothing_is_left_to_fill_in(postings: list[SourcePosting]) -> None:
    for posting in [*postings, *mapped(list(generate(500, 1)))]:
        assert not re.search(r"\{\w+\}", f"{posting.title} {posting.description_html} {posting.pay}")


def test_generated_postings_differ_but_for_the_planted_repeats() -> None:
    found = mapped(list(generate(2000, 11)))
    keys = Counter((posting.company, posting.title, posting.places[0].text) for posting in found)
    assert Counter(keys.values()) == {1: 1920, 2: 40}
    assert len({posting.source_job_id for posting in found}) == 2000
    words = [len(re.sub(r"<[^>]+>", " ", posting.description_html or "").split()) for posting in found]
    assert 400 <= sum(words) / len(words) <= 600


def test_another_seed_gives_other_postings() -> None:
    first, second = ({item["employer"]["name"] + item["title"] for item in generate(200, seed)} for seed in (1, 2))
    assert len(first & second) < 5


async def test_generated_pages_are_full_and_end_at_the_count() -> None:
    assert [len(page) for page in await pages(count=250, seed=3)] == [100, 100, 50]
    assert [len(page) for page in await pages(count=0)] == [0]


async def test_numbers_may_be_digits_as_a_command_line_gives_them() -> None:
    assert ADAPTER.check(SourceQuery(source="sample", params={"count": "150", "seed": "3"})) == []
    assert await pages(count="150", seed="3") == await pages(count=150, seed=3)


def test_any_part_can_be_made_alone() -> None:
    assert list(generate(150, 5, start=120)) == list(generate(150, 5))[120:]


def test_no_posting_uses_up_its_dice(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Dice] = []
    start = Dice.__init__

    def noting(self: Dice, seed: int, index: int) -> None:
        made.append(self)
        start(self, seed, index)

    monkeypatch.setattr(Dice, "__init__", noting)
    list(generate(300, 9))
    assert min(dice._left for dice in made) > 2**32


@pytest.mark.parametrize(
    "params", [{"board": "west"}, {"count": -1}, {"count": "many"}, {"seed": 1.5}, {"seed": True}, {"size": 3}]
)
def test_faults_of_a_query_are_named(params: dict[str, Any]) -> None:
    assert ADAPTER.check(SourceQuery(source="sample", params=params))


async def test_a_wrong_cursor_is_refused() -> None:
    for cursor in ("west:0", "north:x"):
        with pytest.raises(SourceRejectedError, match="request_invalid"):
            await ADAPTER.fetch(local_client("sample"), request("sample", {}, cursor))
