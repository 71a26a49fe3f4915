"""Dumps of every shape, and damaged ones."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from sources.errors import SourceRejectedError
from sources.record_files import BrokenRecord, records

LIMIT = 1_000_000


def read(path: Path, items: str | None = None, limit: int = LIMIT) -> list[Any]:
    return list(records(path, items, limit))


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz"])
def test_lines_are_records(tmp_path: Path, name: str) -> None:
    assert read(written(tmp_path, name, b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}\r\n[3]')) == [{"a": 1}, {"a": 2}, [3]]


def test_a_broken_line_is_marked_and_the_others_are_read(tmp_path: Path) -> None:
    found = read(written(tmp_path, "a.jsonl", b'{"a": 1}\n{"a": \n{"b\x00": "c\x00d"}\nnot json\xff\n{"a": 4}\n'))
    assert [type(record) for record in found] == [dict, BrokenRecord, dict, BrokenRecord, dict]
    assert (found[1].line, found[1].start) == (2, '{"a": \n')
    assert found[2] == {"b": "cd"}


def test_a_line_that_never_ends_is_one_broken_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.record_files.MAX_RECORD_BYTES", 100)
    found = read(written(tmp_path, "a.jsonl", b'{"a": 1}\n"' + b"x" * 1000 + b'"\n{"a": 3}\n'))
    assert [type(record) for record in found] == [dict, BrokenRecord, dict]


@pytest.mark.parametrize(
    ("document", "items", "found"),
    [
        ([{"a": 1}, {"a": 2}], None, [{"a": 1}, {"a": 2}]),
        ({"meta": {}, "jobs": [{"a": 1}], "links": []}, None, [{"a": 1}]),
        ({"data": {"results": [{"a": 1}], "other": [{"b": 2}]}}, "data.results", [{"a": 1}]),
        ({"title": "single", "tags": ["x"]}, None, [{"title": "single", "tags": ["x"]}]),
        ([], None, []),
    ],
)
def test_documents_hold_a_list(tmp_path: Path, document: Any, items: str | None, found: list[Any]) -> None:
    assert read(written(tmp_path, "a.json", json.dumps(document).encode()), items) == found


def test_lines_in_a_json_file_are_recognised(tmp_path: Path) -> None:
    assert read(written(tmp_path, "a.json", b'{"a": 1}\n{"a": 2}\n')) == [{"a": 1}, {"a": 2}]


def test_a_cut_off_document_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SourceRejectedError, match=r"file_unreadable.*a\.json"):
        read(written(tmp_path, "a.json", b'[{"a": 1},\n{"a": '))


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceRejectedError, match=r"items_missing.*data\.jobs"):
        read(written(tmp_path, "a.json", b'{"data": {}}'), "data.jobs")


def test_a_document_over_the_limit_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(SourceRejectedError, match="JSON Lines"):
        read(written(tmp_path, "a.json.gz", b'["' + b"x" * 5000 + b'"]'), limit=1000)


def test_csv_cells_may_hold_line_breaks_quotes_and_nul_bytes(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbfTitle,Body\r\n"Engineer","line 1\r\nline ""2"", x\x00"\r\nNurse,\r\n'
    assert read(written(tmp_path, "a.csv.gz", content)) == [
        {"Title": "Engineer", "Body": 'line 1\r\nline "2", x'},
        {"Title": "Nurse", "Body": ""},
    ]


@pytest.mark.parametrize(("name", "separator"), [("a.csv", ";"), ("a.tsv", "\t"), ("a.csv", "|"), ("a.csv", ",")])
def test_separators_are_found_out(tmp_path: Path, name: str, separator: str) -> None:
    lines = f"title{separator}place\nBäcker{separator}Köln\n"
    assert read(written(tmp_path, name, lines.encode())) == [{"title": "Bäcker", "place": "Köln"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_found_out(tmp_path: Path, encoding: str) -> None:
    assert read(written(tmp_path, "a.csv", "title\nBäcker\n".encode(encoding))) == [{"title": "Bäcker"}]


def test_rows_with_too_many_or_too_few_cells_lose_nothing(tmp_path: Path) -> None:
    assert read(written(tmp_path, "a.csv", b"a,b\n1,2,3,4\n5\n")) == [
        {"a": "1", "b": "2", "unnamed": ["3", "4"]},
        {"a": "5", "b": None},
    ]


def test_a_damaged_archive_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    lines = b"".join(b'{"a": %d, "b": "%s"}\n' % (n, str(hash(n) * 7919).encode()) for n in range(20_000))
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(lines)[:-2000])
    found = read(path)
    assert len(found) > 1000
    assert isinstance(found[-1], BrokenRecord)
    assert "ends early" in found[-1].reason
    whole = bytearray(gzip.compress(lines))
    whole[len(whole) // 2 :] = bytes(len(whole) - len(whole) // 2)
    path.write_bytes(whole)
    found = read(path)
    assert len(found) > 1000
    assert isinstance(found[-1], BrokenRecord)


def test_lines_are_read_as_a_stream(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", b'{"a": 1}\n' * 100_000)
    reader = records(path, None, LIMIT)
    next(reader)
    path.write_bytes(b"")
    assert next(reader) == {"a": 1}


def test_an_unknown_ending_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SourceRejectedError, match=r"\.jsonl"):
        read(written(tmp_path, "a.parquet", b"PAR1"))
