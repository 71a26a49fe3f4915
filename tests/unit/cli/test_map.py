"""`posthorn map`: every form in which payloads are saved, what it prints, how it ends."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from common.contracts import SourcePosting
from posthorn.main import app
from sources.registry import adapters

JOBS = [
    {
        "id": n,
        "title": f"Job {n}",
        "company_name": "Acme",
        "absolute_url": f"https://boards.greenhouse.io/acme/jobs/{n}",
    }
    for n in range(3)
]
ENVELOPE = {
    "ingest": {"source": "greenhouse", "feed": "acme"}, "request": {},
    "response": {"status": 200, "payload": {"jobs": [{"id": n, "title": f"Job {n}"} for n in range(3)]}},
}  # fmt: skip
FORMS: dict[str, str] = {
    "a page": json.dumps({"jobs": JOBS}),
    "an indented page": json.dumps({"jobs": JOBS}, indent=2),
    "a list": json.dumps(JOBS),
    "an indented list": json.dumps(JOBS, indent=1),
    "lines of items": "\n".join(map(json.dumps, JOBS)),
    "lines of pages": "\n\n".join([json.dumps({"jobs": JOBS[:1]}), json.dumps({"jobs": JOBS[1:]}), '{"jobs": []}']),
    "a list of pages": json.dumps([{"jobs": JOBS[:2]}, {"jobs": JOBS[2:]}]),
    "an archived page": json.dumps(ENVELOPE, indent=2),
    "lines of archived pages": json.dumps(ENVELOPE),
    "with a byte order mark": "\ufeff" + json.dumps({"jobs": JOBS}),
}


def run(*words: str, given: bytes | None = None) -> tuple[int, list[Any], list[Any]]:
    """Exit code, what was mapped and what was not."""
    result = CliRunner().invoke(app, ["map", *words], input=given)
    mapped, not_mapped = ([json.loads(line) for line in t.splitlines()] for t in (result.stdout, result.stderr))
    return result.exit_code, mapped, not_mapped


def refused(*words: str) -> str:
    result = CliRunner().invoke(app, ["map", *words])
    assert (result.exit_code, result.stdout) == (2, "")
    return " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("name", ["saved.json", "saved.gz", "-"])
def test_every_form_is_read(text: str, name: str, tmp_path: Path) -> None:
    data = gzip.compress(text.encode()) if name.endswith("gz") else text.encode()
    if name != "-":
        (tmp_path / name).write_bytes(data)
        name = str(tmp_path / name)
    code, mapped, not_mapped = run("greenhouse", name, "--json", given=data)
    assert (code, not_mapped) == (0, [])
    assert [posting["source_job_id"] for posting in mapped] == ["0", "1", "2"]
    assert {posting["company"].lower() for posting in mapped} == {"acme"}


@pytest.mark.parametrize("source", sorted(adapters()))
def test_the_example_of_every_source_is_mapped(source: str, tmp_path: Path) -> None:
    adapter = adapters()[source]
    example = adapter.example["records"] if source == "files" else adapter.example
    records = [row["record"] for row in example] if source == "files" else None
    file = tmp_path / "saved.json"
    text = example if isinstance(example, str) else json.dumps(records or example)
    file.write_text(text)
    code, mapped, not_mapped = run(source, str(file), "--feed", "acme")
    assert (code, not_mapped) == (0, [])
    assert len(mapped) == len(adapter.items(adapter.example))
    assert all(posting["title"] and posting["company"] for posting in mapped)


def test_a_line_has_all_fields_in_one_order_and_exact_numbers(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    pay = [{"min_cents": 1234550, "max_cents": 2000001, "currency_type": "CAD", "title": "Yearly pay"}]
    file.write_text(json.dumps({"id": 1, "title": "Größe", "pay_input_ranges": pay}))
    result = CliRunner().invoke(app, ["map", "greenhouse", str(file)])
    assert '"minimum":12345.5,"maximum":20000.01' in result.stdout
    assert "Größe" in result.stdout
    assert tuple(json.loads(result.stdout)) == ("source", *SourcePosting.__struct_fields__)
    posting = msgspec.json.decode(result.stdout, type=SourcePosting)
    assert posting.pay is not None
    assert str(posting.pay.maximum) == "20000.01"


def test_what_is_not_mapped_is_named_with_its_place_and_the_rest_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    lines = ["oops", json.dumps(JOBS[0]), json.dumps({"jobs": [JOBS[1], {"title": "no id"}]}), "", "[17]"]
    file.write_text("\n".join(lines))
    code, mapped, told = run("greenhouse", str(file), str(file))
    assert code == 1
    assert [posting["title"] for posting in mapped] == ["Job 0", "Job 1"] * 2
    assert told[-1] == {"mapped": 4, "rejected": 6}
    assert {entry["file"] for entry in told[:-1]} == {str(file)}
    where = [(entry["line"], entry["item"], entry["reason"]) for entry in told[:3]]
    assert where == [(1, None, "line_is_not_json"), (3, 2, "id_missing"), (5, None, "page_has_no_items")]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (b"<!DOCTYPE html><p>Just a moment", "page_is_html"),
        (b'{"jobs": [{"id": 1', "page_is_not_json"),
        (gzip.compress(b'{"jobs": []}\n' * 5000)[:-20], "file_damaged"),
        (b'{"error": "quota exceeded"}', "id_missing"),
        (json.dumps({**ENVELOPE, "ingest": {"source": "lever"}}).encode(), "other_source"),
    ],
)
def test_what_is_no_payload_is_said(given: bytes, reason: str) -> None:
    code, mapped, told = run("greenhouse", "-", given=given)
    assert (code, mapped) == (1, [])
    assert told[0]["reason"] == reason


def test_a_feed_names_the_employer() -> None:
    given = json.dumps([{"id": "1", "text": "Nurse"}]).encode()
    _, (without,), _ = run("lever", "-", given=given)
    _, (named,), _ = run("lever", "-", "--feed", "acme", given=given)
    assert (without["company"], named["company"]) == (None, "acme")


def test_a_dump_is_mapped_by_its_mapping(tmp_path: Path) -> None:
    file = tmp_path / "dump.csv"
    file.write_text("Job Title,Company Name,Salary Estimate\nAnalyst,Acme,-1\n")
    code, (posting,), told = run("files", str(file), "--mapping", "glassdoor_ds_2020")
    assert (code, told) == (0, [])
    assert (posting["title"], posting["company"], posting["pay"]) == ("Analyst", "Acme", None)


def test_wrong_use_says_what_is_known(tmp_path: Path) -> None:
    assert "known: adzuna" in refused("nosuch", str(tmp_path))
    assert "there is no file" in refused("lever", str(tmp_path / "nothing.json"))
    assert "Missing argument" in refused("lever")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl.gz"
    with gzip.open(file, "wt", compresslevel=1) as opened:
        opened.writelines(json.dumps({**JOBS[0], "id": n, "content": "x" * 8000}) + "\n" for n in range(5_000))
    program = (
        "import sys; from pathlib import Path; from posthorn.map import map_files; "
        "map_files('greenhouse', [Path(sys.argv[1])], '', 'default', True); "
        "status = Path('/proc/self/status').read_text(); "
        "print(status.partition('VmHWM:')[2].split()[0], file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(file)], capture_output=True, text=True, timeout=60, check=True
    )
    assert len(ended.stdout.splitlines()) == 5_000
    assert int(ended.stderr) < 100 * 1024, f"{int(ended.stderr) // 1024} MB for a file of 40 MB"
