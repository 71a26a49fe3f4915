"""What people see in a terminal."""

from typing import Any

import pytest
from rich.console import Console

from posthorn import screens
from posthorn.job_state import noted, past


def shown(table: Any, width: int = 80) -> str:
    console = Console(width=width, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_ids_that_are_copied_are_never_cut() -> None:
    run = {"run_id": "20261121T035803Z-5fa5e6", "kind": "collect", "campaign_name": "A long name " * 5,
           "status": "partial", "requested_at": "2026-11-21T03:58:03Z", "trigger": "request"}  # fmt: skip
    listed = shown(screens.runs([run]))
    assert run["run_id"] in listed
    assert "partial" in listed


def test_a_source_is_shown_as_it_is_written() -> None:
    sources = [
        {"source": "greenhouse", "params": {"board": "acme"}, "max_pages": 50},
        {"source": "sample", "params": {}},
    ]
    assert "greenhouse:board=acme, sample" in shown(screens.campaign({"sources": sources}))


def test_books_that_do_not_balance_say_so() -> None:
    books = dict.fromkeys(screens.OUTCOMES, 0) | {"fetched": 3, "new": 1, "open": 2, "balanced": False, "reasons": {}}
    assert "2 still open" in shown(screens.books(books), 200)


@pytest.mark.parametrize(
    ("pay", "words"),
    [
        (None, ""), ({"text": "competitive"}, "competitive"),
        ({"yearly_minimum": 90_000, "yearly_maximum": 120_000, "currency": "CAD"}, "90,000-120,000 CAD"),
        ({"yearly_minimum": 90_000, "yearly_maximum": 90_000, "currency": None}, "90,000 ?"),
    ],
)  # fmt: skip
def test_pay_is_shown_in_its_own_currency(pay: dict[str, Any] | None, words: str) -> None:
    assert screens.salary(pay) == words


def test_markup_in_titles_is_not_obeyed() -> None:
    job = {"title": "[red]Engineer[/]", "company": "[link=x]A", "places": [], "remote_type": None, "salary": None,
           "hash_key": "0" * 32, "rank": {"rank_score": 12.3}}  # fmt: skip
    assert "[red]Engineer[/]" in shown(screens.jobs([job]), 200)


@pytest.mark.parametrize(
    ("sources", "places", "words"),
    [
        (["lever", "adzuna"], 3, "also at adzuna (4 postings, 3 places)"),
        (["lever"], 1, "also at lever (4 postings)"),
        (["adzuna", "files", "lever"], 1, "also at adzuna, files (4 postings)"),
    ],
)
def test_a_job_says_in_a_line_where_else_it_is_shown(sources: list[str], places: int, words: str) -> None:
    cluster = {"postings": 4, "sources": [{"source": source} for source in sources], "places": [{}] * places}
    assert screens.also_at({"source": "lever", "cluster": cluster}) == words


@pytest.mark.parametrize("cluster", [None, {"postings": 1, "sources": [], "places": []}])
def test_a_job_that_nobody_else_shows_says_nothing_of_it(cluster: dict[str, Any] | None) -> None:
    assert screens.also_at({"source": "lever", "cluster": cluster}) is None


def test_a_job_that_is_over_says_since_when_and_why() -> None:
    job = {
        "state": "closed", "state_since": "2026-11-18T07:00:00Z", "state_reason": "no whole read shows it",
        "flags": [{"kind": "repost", "since": "2026-10-01", "evidence": "lever showed it as 1"}],
        "history": [
            {"at": "2026-10-01T07:00:00Z", "kind": "first_seen", "source": "lever", "reason": ""},
            {"at": "2026-11-18T07:00:00Z", "kind": "closed", "source": "lever", "reason": "no whole read shows it"},
        ],
    }  # fmt: skip
    assert noted(job) == ["closed since 2026-11-18: no whole read shows it", "repost: lever showed it as 1"]
    assert past(job)[-1] == "2026-11-18 closed (lever) no whole read shows it"
    assert (noted({"state": "open", "flags": []}), past({"history": [{}]})) == ([], [])
