"""The quality gate: rules as data, what breaks them, and what becomes of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml

from common.contracts import OfferedPay, Place, SourcePosting
from common.settings import config_path
from normalizer.domain.canonical import FIELDS, canonical
from normalizer.domain.page import Normalized, normalize
from normalizer.domain.quality import Rules, rules_from
from normalizer.domain.record import Record
from normalizer.errors import InvalidRulesError, RejectedError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def shipped(*, enforce: bool = True) -> Rules:
    return rules_from(yaml.safe_load(config_path("dq.yml").read_text()), FIELDS, enforce=enforce)


def record(*, enforce: bool = True, **fields: Any) -> Record:
    whole: dict[str, Any] = {
        "source_job_id": "1", "title": "Engineer", "company": "Acme", "description_text": "Build.",
        "places": [Place(text="Rome")], "url": "https://x.example/1", **fields,
    }  # fmt: skip
    return canonical(SourcePosting(**whole), "lever", NOW, shipped(enforce=enforce)).record


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"source_job_id": ""}, "id_missing"),
        ({"source_job_id": " \x00 "}, "id_missing"),
        ({"source_job_id": "x" * 501}, "id_too_long"),
        ({"title": None}, "title_missing"),
        ({"title": "<b> </b>"}, "title_missing"),
        ({"title": "x" * 501}, "title_too_long"),
        ({"description_text": "x" * 5_000_000}, "description_too_long"),
        ({"description_html": "<p>" + "x" * 262_144}, "description_too_long"),
    ],
)
def test_critical_rules_reject_with_their_reason(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        record(**fields)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("fields", "reason", "field", "value"),
    [
        ({"company": None}, "company_missing", "company", ""),
        ({"places": []}, "location_missing", "places", []),
        ({"description_text": None}, "description_missing", "description_text", ""),
        ({"url": "/jobs/1"}, "url_invalid", "url", None),
        ({"url": "javascript:alert(1)"}, "url_invalid", "url", None),
        ({"url": "https://x y.example"}, None, "url", "https://x y.example"),
        ({"apply_url": "ftp://x.example"}, "apply_url_invalid", "apply_url", None),
        ({"url": "https://x.example/" + "a" * 3000}, "url_too_long", "url", None),
        ({"posted_at": NOW + timedelta(days=3)}, "posted_in_future", "posted_at", None),
        ({"posted_at": NOW + timedelta(days=2)}, None, "posted_at", NOW + timedelta(days=2)),
        ({"posted_at": datetime(1989, 12, 31, tzinfo=UTC)}, "posted_too_early", "posted_at", None),
        ({"posted_at": datetime(2026, 11, 1)}, None, "posted_at", datetime(2026, 11, 1, tzinfo=UTC)),  # noqa: DTZ001 - sources that name no zone
        ({"valid_through": datetime(9999, 12, 31, tzinfo=UTC)}, "expiry_implausible", "valid_through", None),
    ],
)
def test_warnings_keep_the_posting_and_repair_it(
    fields: dict[str, Any], reason: str | None, field: str, value: object
) -> None:
    kept = record(**fields)
    assert kept.warnings == ([reason] if reason else [])
    assert getattr(kept, field) == value


def pay(text: str | None = "competitive", **fields: Any) -> OfferedPay:
    return OfferedPay(text=text, **fields)


@pytest.mark.parametrize(
    ("offered", "reason", "expected"),
    [
        (pay(), None, pay()),
        (pay(minimum=Decimal(-1), maximum=Decimal(5)), "pay_out_of_range", pay()),
        (pay(minimum=Decimal("NaN")), "pay_out_of_range", pay()),
        (pay(maximum=Decimal("Infinity")), "pay_out_of_range", pay()),
        (pay(maximum=Decimal("1e13")), "pay_out_of_range", pay()),
        (pay(minimum=Decimal(9), maximum=Decimal(5)), "pay_min_above_max", pay()),
        (pay(None, minimum=Decimal(9), maximum=Decimal(5)), "pay_min_above_max", None),
        (pay(minimum=Decimal(0), maximum=Decimal(0)), None, pay(minimum=Decimal(0), maximum=Decimal(0))),
        (pay(minimum=Decimal(5), currency="cad"), None, pay(minimum=Decimal(5), currency="CAD")),
        (pay(minimum=Decimal(5), currency="$"), "currency_unknown", pay(minimum=Decimal(5))),
        (pay(minimum=Decimal(5), currency="XYZ"), "currency_unknown", pay(minimum=Decimal(5))),
        (pay(minimum=Decimal(5), period="fortnight"), "pay_period_unknown", pay(minimum=Decimal(5))),
    ],
)  # fmt: skip
def test_pay_that_cannot_be_is_dropped_and_its_words_stay(
    offered: OfferedPay, reason: str | None, expected: OfferedPay | None
) -> None:
    kept = record(pay=offered)
    assert kept.warnings == ([reason] if reason else [])
    assert kept.pay == expected


def test_reporting_only_keeps_what_it_would_reject_within_bounds() -> None:
    kept = record(enforce=False, title=None, description_text="y" * 300_000)
    assert kept.warnings == ["title_missing", "description_too_long"]
    assert (kept.title, len(kept.description_text)) == ("", 262_144)


def test_without_a_usable_id_nothing_is_kept_even_when_only_reporting() -> None:
    for identity in ("", "x" * 501):
        with pytest.raises(RejectedError):
            record(enforce=False, source_job_id=identity)


def _page(items: list[Any], rules: Rules) -> Normalized:
    def map_item(item: Any) -> SourcePosting:
        if item == "bug":
            raise RecursionError("too deep")
        return SourcePosting(source_job_id=str(item), title="T", company="C", description_text="d")

    return normalize(items, map_item, "lever", NOW, rules)


def test_one_item_that_our_code_trips_over_fails_alone() -> None:
    page = _page([1, "bug", 3], shipped())
    assert [r.source_job_id for r in page.records] == ["1", "3"]
    assert [(t.outcome, t.reason, t.number) for t in page.turned_away] == [("failed", "normalizer_error", 1)]


def test_a_page_rule_is_broken_by_the_page_as_a_whole_and_never_by_an_empty_one() -> None:
    assert _page([1, 2], shipped()).warnings["page_without_location"] == 1
    assert _page([], shipped()).warnings == {}
    page_rule = {"reason": "nowhere", "severity": "critical", "fields": ["places"], "check": "present", "scope": "page"}
    critical = {"version": 1, "rules": [page_rule]}
    assert _page([1], rules_from(critical, FIELDS)).critical == "nowhere"
    assert _page([1], rules_from(critical, FIELDS, enforce=False)).critical is None


RULE = {"reason": "r", "severity": "warning", "fields": ["title"], "check": "present"}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"version": 1, "rules": 3},
        {"version": 1, "rules": [RULE, RULE]},
        {"version": 1, "rules": [RULE | {"severity": "fatal"}]},
        {"version": 1, "rules": [RULE | {"check": "perfect"}]},
        {"version": 1, "rules": [RULE | {"repair": "mend"}]},
        {"version": 1, "rules": [RULE | {"fields": ["tilte"]}]},
        {"version": 1, "rules": [RULE | {"check": "max_length"}]},
        {"version": 1, "rules": [RULE | {"check": "matches", "pattern": "("}]},
        {"version": 1, "rules": [RULE | {"check": "between", "least": "low", "most": 1}]},
        {"version": 1, "rules": [RULE | {"check": "ordered"}]},
        {"version": 1, "rules": ["title must be there"]},
    ],
    ids=repr,
)
def test_rules_that_cannot_be_used_are_refused_at_load(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidRulesError):
        rules_from(data, FIELDS)
