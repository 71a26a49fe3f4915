"""A run reads each source once, however often it is named."""

from common.contracts import SourceQuery
from extractor.domain.sources import distinct


def test_equal_queries_are_read_once_with_the_larger_cap() -> None:
    queries = [
        SourceQuery(source="greenhouse", params={"board": "acme", "x": 1}, max_pages=2),
        SourceQuery(source="greenhouse", params={"board": "umbrella"}),
        SourceQuery(source="greenhouse", params={"x": 1, "board": "acme"}, max_pages=9),
    ]
    assert distinct(queries) == [
        SourceQuery(source="greenhouse", params={"x": 1, "board": "acme"}, max_pages=9),
        queries[1],
    ]


def test_no_queries_no_sources() -> None:
    assert distinct([]) == []
