"""The generated documents equal the contracts, and the contracts keep what the golden schemas promise."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from common.contracts import QUEUES, REGISTRY
from common.contracts.asyncapi import asyncapi_document
from common.contracts.documents import SCHEMAS, broken_promises, documents, main
from common.contracts.meanings import MEANINGS
from common.contracts.schemas import breaks, component_schemas, golden_schemas

ROOT = Path(__file__).parents[2]
DOCUMENTS = documents()


def test_contracts_break_no_golden_schema() -> None:
    assert broken_promises(ROOT) == []


@pytest.mark.parametrize("path", sorted(DOCUMENTS), ids=str)
def test_generated_file_is_fresh(path: Path) -> None:
    assert (ROOT / path).read_text("utf8") == DOCUMENTS[path], f"{path} is stale: run `make docs`"


def test_no_golden_schema_is_left_over() -> None:
    kept = {path.stem for path in (ROOT / SCHEMAS).iterdir()}
    assert kept == set(golden_schemas())


@pytest.mark.parametrize("name", sorted(golden_schemas()))
def test_golden_schema_is_a_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(golden_schemas()[name])


def test_asyncapi_document_is_valid() -> None:
    schema = json.loads((ROOT / "tests/contracts/vendor/asyncapi-3.0.0.json").read_text("utf8"))
    errors = [e.message for e in Draft7Validator(schema).iter_errors(asyncapi_document())]
    assert errors == []


def test_asyncapi_schema_refuses_a_wrong_document() -> None:
    schema = json.loads((ROOT / "tests/contracts/vendor/asyncapi-3.0.0.json").read_text("utf8"))
    wrong = asyncapi_document()
    wrong["operations"]["gateway.sendRunRequested"]["action"] = "shout"
    assert not Draft7Validator(schema).is_valid(wrong)


def test_asyncapi_names_every_queue_and_emitter() -> None:
    operations = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text("utf8"))["operations"]
    assert {o["x-queue"] for o in operations.values() if o["action"] == "receive"} == set(QUEUES)
    sends = {key for key, o in operations.items() if o["action"] == "send"}
    assert sends == {f"{emitter}.send{entry.event.__name__}" for entry in REGISTRY for emitter in entry.emitters}


def test_every_field_has_one_meaning_and_every_meaning_a_field() -> None:
    fields = {(owner, field) for owner, s in component_schemas("{name}").items() for field in s["properties"]}
    said = {f"{owner}.{field}" if f"{owner}.{field}" in MEANINGS else field for owner, field in fields}
    assert said == set(MEANINGS)


OLD: dict[str, Any] = {
    "$defs": {
        "A": {"properties": {"id": {"type": "string"}, "n": {"type": "integer", "default": 0}}, "required": ["id"]}
    }
}


def changed(**properties: object) -> dict[str, object]:
    fields = {**OLD["$defs"]["A"]["properties"], **properties}
    kept = {name: schema for name, schema in fields.items() if schema is not None}
    required = [name for name, schema in kept.items() if isinstance(schema, dict) and "default" not in schema]
    return {"$defs": {"A": {"properties": kept, "required": required}}}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (changed(), []),
        (changed(extra={"type": "string", "default": ""}), []),
        (changed(n={"type": "integer", "default": 0, "description": "better said"}), []),
        (changed(n=None), ["A.n was removed"]),
        (changed(extra={"type": "string"}), ["A.extra is required and was not"]),
        (
            changed(id={"enum": ["a", "b"]}),
            ["A.id changed from {'type': 'string'} to {'enum': ['a', 'b']}"],
        ),
        (
            changed(n={"type": "integer", "default": 1}),
            ["A.n changed from {'type': 'integer', 'default': 0} to {'type': 'integer', 'default': 1}"],
        ),
        ({"$defs": {}}, ["A.id was removed", "A.n was removed"]),
    ],
    ids=["same", "optional-added", "described", "removed", "required-added", "narrowed", "default", "class-removed"],
)
def test_what_breaks_a_contract(new: dict[str, object], expected: list[str]) -> None:
    assert list(breaks(OLD, new)) == expected


def test_a_broken_promise_is_told_and_nothing_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 0
    golden = tmp_path / SCHEMAS / "run.requested.v1.json"
    promised = json.loads(golden.read_text("utf8"))
    promised["$defs"]["RunRequested"]["properties"]["priority"] = {"type": "integer", "default": 0}
    golden.write_text(json.dumps(promised), "utf8")

    assert main(tmp_path) == 1
    assert "run.requested.v1: RunRequested.priority was removed" in capsys.readouterr().err
    assert json.loads(golden.read_text("utf8")) == promised
