"""The documents of the sources equal what the adapters do, and every source brings what they are made from."""

from pathlib import Path

import pytest

from sources.adapter import SourceAdapter
from sources.documents import FIELDS, documents
from sources.documents import SOURCES as DESCRIBED
from sources.registry import adapters
from sources.tracing import trace

ROOT = Path(__file__).parents[2]
SOURCES = adapters()


@pytest.fixture(scope="module")
def written() -> dict[Path, str]:
    """The documents by their paths: made in seconds, so not while tests are collected, which every worker does."""
    return documents(ROOT)


@pytest.fixture(params=sorted(SOURCES))
def adapter(request: pytest.FixtureRequest) -> SourceAdapter:
    return SOURCES[request.param]


def test_every_source_has_an_example_that_it_can_read(adapter: SourceAdapter) -> None:
    where = f"libs/sources/src/sources/adapters/{adapter.name}.py"
    assert adapter.example, f"{where} has no `example`: a page in the source's own format, in your own words"
    items = adapter.items(adapter.example)
    assert items, f"the example in {where} holds no posting"
    for item in items:
        posting = adapter.map_to_common(item, "board")
        assert posting.title, f"a posting of the example in {where} has no title"
        assert posting.company


def test_every_source_says_what_it_is_good_for_and_how_it_may_be_used(adapter: SourceAdapter) -> None:
    assert adapter.terms.good_for
    assert adapter.terms.allowed_use not in {"", "not stated"}


@pytest.mark.parametrize("path", [FIELDS, DESCRIBED], ids=str)
def test_the_document_is_fresh(path: Path, written: dict[Path, str]) -> None:
    assert written.keys() == {FIELDS, DESCRIBED}
    assert (ROOT / path).read_text("utf8") == written[path], f"{path} is stale: run `make docs`"


def test_fields_of_each_source_are_found_by_changing_them(written: dict[Path, str]) -> None:
    found = {row.field: row for row in trace(SOURCES["lever"])}
    assert found["text"].becomes == ("title",)
    assert found["salaryRange.min"].becomes == ("pay.minimum",)
    assert found["categories.team"].stands_in == ("department",)
    assert found["categories.allLocations[]"].becomes == ("places[].text",)
    greenhouse = {row.field: row for row in trace(SOURCES["greenhouse"])}
    assert greenhouse["internal_job_id"].kept
    assert greenhouse["updated_at"].stands_in == ("posted_at",)
    assert "| `text` | `title` |" in written[FIELDS]
