"""How sources are found and set."""

from typing import Any

import pytest

from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import SourceRejectedError
from sources.quota import Quota
from sources.registry import adapter_of, adapters, register, unregister
from sources.settings import SourceSettings, source_settings

DEFAULTS = SourceSettings(base_url="https://api.example", concurrency=2)


def test_the_environment_overlays_the_defaults() -> None:
    given = {"JSEARCH_API_KEY": "k", "JSEARCH_TIMEOUT": "3.5", "JSEARCH_BASE_URL": "", "LEVER_TIMEOUT": "9"}
    found = source_settings("jsearch", DEFAULTS.model_copy(update={"needs": ("api_key",)}), given)
    assert found.credentials["api_key"].get_secret_value() == "k"
    assert (found.timeout, found.base_url, found.concurrency) == (3.5, "https://api.example", 2)


def test_one_contact_serves_all_sources_unless_a_source_has_its_own() -> None:
    given = {"POSTHORN_CONTACT": "ops@acme.example", "LEVER_CONTACT": "lever@acme.example"}
    assert source_settings("jsearch", DEFAULTS, given).contact == "ops@acme.example"
    assert source_settings("lever", DEFAULTS, given).contact == "lever@acme.example"


@pytest.mark.parametrize(
    ("written", "quotas"),
    [("25/minute 250/day", ["25/minute", "250/day"]), ("9/week,30/month", ["9/week", "30/month"]), ("none", [])],
)
def test_quotas_are_what_the_environment_says(written: str, quotas: list[str]) -> None:
    defaults = SourceSettings(quotas=(Quota(requests=1, per="hour"),))
    assert [str(q) for q in source_settings("adzuna", defaults, {}).quotas] == ["1/hour"]
    assert [str(q) for q in source_settings("adzuna", defaults, {"ADZUNA_QUOTAS": written}).quotas] == quotas


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("JSEARCH_QUOTAS", "many a day"),
        ("JSEARCH_QUOTAS", "5/year"),
        ("JSEARCH_QUOTAS", "0/day"),
        ("JSEARCH_CONCURRENCY", "many"),
        ("JSEARCH_TIMEOUT", "-1"),
        ("JSEARCH_ATTEMPTS", "0"),
    ],
)
def test_a_bad_variable_is_named_without_its_value(variable: str, value: str) -> None:
    with pytest.raises(SourceRejectedError) as failure:
        source_settings("jsearch", DEFAULTS, {variable: value})
    assert variable in failure.value.detail
    assert "'many'" not in failure.value.detail


def test_the_shipped_sources_are_found_by_their_modules() -> None:
    assert {"files", "greenhouse", "jsearch", "lever", "sample"} <= set(adapters())


def test_an_unknown_source_lists_the_known_ones() -> None:
    with pytest.raises(SourceRejectedError, match=r"no source 'monster'.*greenhouse, .*jsearch, lever"):
        adapter_of("monster")


class Tiny(SourceAdapter):
    """A source as a test writes it."""

    name = "tiny"
    settings = SourceSettings()

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        return FetchedPage("tiny", {}, client.now(), client.now(), 200, [])

    def items(self, payload: Any) -> list[Any]:
        return list(payload)

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        return None

    def map_to_common(self, item: Any, feed: str = "") -> Any:
        return item

    def check(self, query: Any) -> list[str]:
        return []

    def feed(self, query: Any) -> str:
        return ""


def test_a_source_can_be_registered_and_taken_away() -> None:
    register(Tiny())
    try:
        assert isinstance(adapter_of("tiny"), Tiny)
        assert "tiny" in adapters()
    finally:
        unregister("tiny")
    assert "tiny" not in adapters()
