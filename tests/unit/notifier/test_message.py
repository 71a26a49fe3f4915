"""What a webhook says, and that the Standard Webhooks library verifies what we sign."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from common.contracts import RunCompleted, RunSlaMissed, SlaReason
from notifier.domain.message import endpoint_test, run_completed, run_sla_missed
from notifier.domain.signing import secret, signed_headers

AT = datetime(2025, 8, 19, 7, 0, tzinfo=UTC)
EVENT = RunCompleted(
    run_id="20250819T070000Z", kind="collect", state="completed", status="partial",
    campaign_id="c 1", campaign_name="Data", started_at=AT, completed_at=AT + timedelta(minutes=3),
    fetched=10, counts={"new": 7, "rejected": 2, "failed": 1}, reasons={"title_missing": 2, "boom": 1},
    failed_units=1, errors=["lever/acme page 1: http_404"],
)  # fmt: skip


def test_the_body_of_run_completed() -> None:
    body = json.loads(run_completed(EVENT, "https://posthorn.example/"))
    assert body["type"] == "run.completed"
    assert body["timestamp"] == "2025-08-19T07:03:00Z"
    data = body["data"]
    assert data["postings"] == {
        "fetched": 10, "new": 7, "updated": 0, "unchanged": 0, "duplicate": 0, "rejected": 2, "failed": 1,
    }  # fmt: skip
    assert data["balanced"] is True
    assert (data["state"], data["status"]) == ("completed", "partial")
    assert data["failures"] == {"units": 1, "errors": ["lever/acme page 1: http_404"]}
    assert data["links"]["run"] == "https://posthorn.example/runs/20250819T070000Z"
    assert data["links"]["jobs"] == "https://posthorn.example/campaigns/c%201/jobs"


def test_books_that_do_not_balance_are_said_not_to() -> None:
    event = RunCompleted(**{f: getattr(EVENT, f) for f in EVENT.__struct_fields__ if f != "fetched"}, fetched=11)
    assert json.loads(run_completed(event, "x"))["data"]["balanced"] is False


@pytest.mark.parametrize(("reason", "linked"), [("not_ended", True), ("not_started", False)])
def test_the_body_of_run_sla_missed_links_a_run_that_exists(reason: SlaReason, linked: bool) -> None:
    event = RunSlaMissed(
        run_id="r1", campaign_id="c1", campaign_name="Data", reason=reason, slot_at=AT, sla_at=AT + timedelta(hours=1),
        missed_at=AT + timedelta(hours=2), schedule="greenhouse:board=acme",
    )  # fmt: skip
    body = json.loads(run_sla_missed(event, "https://posthorn.example"))
    assert (body["type"], body["timestamp"]) == ("run.sla_missed", "2025-08-19T09:00:00Z")
    data = body["data"]
    assert (data["reason"], data["slot_at"], data["sla_at"]) == (reason, "2025-08-19T07:00:00Z", "2025-08-19T08:00:00Z")
    assert data["schedule"] == "greenhouse:board=acme"
    assert data["links"] == ({"run": "https://posthorn.example/runs/r1"} if linked else {})


@given(st.binary(min_size=24, max_size=64), st.text(min_size=1).map(lambda t: t.replace(".", "_")), st.binary())
def test_the_library_verifies_every_signature(key: bytes, message_id: str, noise: bytes) -> None:
    body = json.dumps({"noise": noise.hex(), "ä": "ö"}, ensure_ascii=False).encode()
    headers = signed_headers(secret(key), message_id, datetime.now(UTC), body)
    assert Webhook(secret(key)).verify(body, headers)["ä"] == "ö"


def test_another_secret_or_body_does_not_verify() -> None:
    body = endpoint_test("e1", AT)
    headers = signed_headers(secret(b"a" * 32), "m1", datetime.now(UTC), body)
    for key, data in ((b"b" * 32, body), (b"a" * 32, body + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret(key)).verify(data, headers)


@pytest.mark.parametrize("size", [0, 23, 65])
def test_a_secret_of_the_wrong_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        secret(os.urandom(size))
