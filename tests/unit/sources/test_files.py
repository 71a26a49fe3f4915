"""The source `files`: pages, mappings, and what is wrong with a query."""

import json
from pathlib import Path
from typing import Any

import pytest

from common.contracts import OfferedPay, Place, SourceQuery
from sources.adapters.files import Files
from sources.errors import MappingError, SourceRejectedError
from sources.field_mapping import FieldMapping, map_record
from tests.support.real_items import local_client, read_pages, request


def dump(path: Path, count: int, **fields: Any) -> Path:
    lines = (json.dumps({"id": n, "title": f"Job {n}", **fields}) for n in range(count))
    path.write_text("\n".join(lines) + "\n")
    return path


async def test_pages_hold_a_hundred_and_cover_all_files_once(tmp_path: Path) -> None:
    for name, count in (("a.jsonl", 250), ("b.jsonl", 0), ("c.jsonl", 100), ("d.jsonl", 1)):
        dump(tmp_path / name, count)
    pages = await read_pages(Files(), local_client("files"), {"path": str(tmp_path / "*.jsonl")})
    assert [len(page) for page in pages] == [100, 100, 50, 100, 1]
    ids = [Files().map_to_common(item).source_job_id for page in pages for item in page]
    assert len(set(ids)) == 351
    assert ids[0] == "a:0"
    assert ids[-1] == "d:0"


async def test_a_page_is_the_same_in_another_process(tmp_path: Path) -> None:
    params = {"path": str(dump(tmp_path / "a.jsonl", 350))}
    first, other = Files(), Files()
    client = local_client("files")
    asked = request("files", params)
    while True:
        payload = (await first.fetch(client, asked)).payload
        # The other one has no open reader and starts from the cursor alone.
        assert (await Files().fetch(client, asked)).payload == payload
        assert (await other.fetch(client, asked)).payload == payload
        cursor = first.next_cursor(payload, asked)
        if cursor is None:
            break
        asked = request("files", params, cursor)
    assert payload["first_record"] == 300


async def test_a_broken_line_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "title": "A"}\n{"id": 2, "ti\n17\n{"id": 3, "title": "B"}\n')
    adapter = Files()
    [page] = await read_pages(adapter, local_client("files"), {"path": str(tmp_path / "a.jsonl")})
    titles, reasons = [], []
    for item in page:
        try:
            titles.append(adapter.map_to_common(item).title)
        except MappingError as error:
            reasons.append(error.reason)
    assert titles == ["A", "B"]
    assert reasons == ["record_unreadable", "not_an_object"]


async def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceRejectedError, match=r"no file matches .*nothing.*params\.path"):
        await read_pages(Files(), local_client("files"), {"path": str(tmp_path / "nothing*.csv")})


@pytest.mark.parametrize("path", ["../secret.jsonl", "/etc/hostname", "link.jsonl", "*/../../secret.jsonl"])
async def test_no_path_leaves_the_set_directory(tmp_path: Path, path: str) -> None:
    dump(tmp_path / "secret.jsonl", 1)
    root = tmp_path / "dumps"
    (root / "sub").mkdir(parents=True)
    (root / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    with pytest.raises(SourceRejectedError, match=r"path_outside|file_missing"):
        await read_pages(Files(), local_client("files", base_url=f"file://{root}"), {"path": path})


async def test_relative_paths_start_at_the_set_directory(tmp_path: Path) -> None:
    dump(tmp_path / "a.jsonl", 3)
    pages = await read_pages(Files(), local_client("files", base_url=str(tmp_path)), {"path": "a.jsonl"})
    assert len(pages[0]) == 3


def test_a_wrong_cursor_is_refused(tmp_path: Path) -> None:
    path = dump(tmp_path / "a.jsonl", 1)
    for cursor in ("1:0", "x", "0:-1", "0"):
        with pytest.raises(SourceRejectedError, match="cursor_invalid"):
            Files()._page(local_client("files").settings, request("files", {"path": str(path)}, cursor))


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({}, "params.path"),
        ({"path": "a", "mapping": "none"}, "glassdoor_ds_2020"),
        ({"path": 5}, "text"),
        ({"path": "a", "x": "y"}, "x"),
    ],
)
def test_faults_of_a_query_are_named(params: dict[str, Any], word: str) -> None:
    assert any(word in fault for fault in Files().check(SourceQuery(source="files", params=params)))


def test_a_fine_query_has_no_faults() -> None:
    assert (
        Files().check(SourceQuery(source="files", params={"path": "a.csv", "mapping": "jobspy", "dataset": "mine"}))
        == []
    )


MAPPING = FieldMapping(
    fields={"title": ("Job Title", "name"), "company": ("company.name",), "description": ("text",),
            "pay_text": ("pay",), "pay_minimum": ("low",), "city": ("town",), "tags": ("skills",)},
    constants={"country": "us"},
    missing=frozenset({"-1"}),
)  # fmt: skip


def test_names_are_found_whatever_their_spelling() -> None:
    posting = map_record({"JOB_TITLE": "Cook", "Company": {"Name": "Acme", "Size": 5}, "Town": "Boston"}, MAPPING, "d")
    assert (posting.title, posting.company) == ("Cook", "Acme")
    assert posting.places == [Place(text="Boston, US", city="Boston", country="us")]
    assert posting.extra == {"Company": {"Size": 5}}


def test_missing_marks_count_as_nothing_in_any_type() -> None:
    posting = map_record({"job title": "-1", "name": "Cook", "low": -1, "pay": "$20"}, MAPPING, "d")
    assert (posting.title, posting.pay) == ("Cook", OfferedPay(text="$20"))


def test_a_second_line_below_a_company_name_is_left_out_of_it() -> None:
    assert map_record({"company": {"name": "KnowBe4\n4.8"}}, MAPPING, "d").company == "KnowBe4"


@pytest.mark.parametrize(
    ("written", "read"),
    [("['SQL', 'Excel']", ["SQL", "Excel"]), ('["SQL"]', ["SQL"]), ("SQL; Excel\nR", ["SQL", "Excel", "R"]),
     (["a", "b"], ["a", "b"]), ("Full-time", ["Full-time"]), ("", []), ([{"a": 1}], []), ("[broken", []),
     (["a", None], [])],
)  # fmt: skip
def test_lists_are_read_from_every_notation(written: Any, read: list[str]) -> None:
    posting = map_record({"skills": written}, MAPPING, "d")
    assert posting.tags == read
    assert bool(posting.extra) == (not read and bool(written))


@pytest.mark.parametrize(
    ("body", "is_html"), [("<p>Hi</p>", True), ("a < b and c > d", False), ("use <Button>", False), ("x<br/>y", True)]
)
def test_html_is_told_from_text(body: str, is_html: bool) -> None:
    posting = map_record({"text": body}, MAPPING, "d")
    assert (posting.description_html if is_html else posting.description_text) == body


def test_records_without_id_get_one_from_what_they_say() -> None:
    first = map_record({"name": "Cook", "views": 5}, MAPPING, "d")
    again = map_record({"name": "Cook", "views": 6}, MAPPING, "d")
    other = map_record({"name": "Chef", "views": 5}, MAPPING, "d")
    assert first.source_job_id == again.source_job_id != other.source_job_id
    assert first.source_job_id != map_record({"name": "Cook"}, MAPPING, "e").source_job_id
    assert map_record({"x": 1}, MAPPING, "d").source_job_id != map_record({"x": 2}, MAPPING, "d").source_job_id


async def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise PermissionError("Permission denied: a.jsonl")

    path = dump(tmp_path / "a.jsonl", 1)
    monkeypatch.setattr("sources.adapters.files.records", refuse)
    with pytest.raises(SourceRejectedError, match=r"file_unreadable.*Permission denied"):
        await Files().fetch(local_client("files"), request("files", {"path": str(path)}))
