"""Contracts are frozen msgspec Structs that leave defaults off the wire and ignore what they do not know."""

import ast
from pathlib import Path

import msgspec
import pytest

from common.contracts import REGISTRY, Campaign, Event, Headers, SourceQuery
from common.contracts.frozen import Contract

CONTRACTS = Path(__file__).parents[2] / "libs/common/src/common/contracts"
EVENTS = [entry.event for entry in REGISTRY]


def subclasses(of: type[Contract]) -> set[type[Contract]]:
    return {c for direct in of.__subclasses__() for c in {direct, *subclasses(direct)}}


@pytest.mark.parametrize("contract", sorted(subclasses(Contract), key=lambda c: c.__name__))
def test_contract_is_frozen_and_leaves_defaults_out(contract: type[Contract]) -> None:
    config = contract.__struct_config__
    assert config.frozen
    assert config.omit_defaults
    assert not config.forbid_unknown_fields


def test_contracts_use_no_pydantic() -> None:
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for path in CONTRACTS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert "msgspec" in imported
    assert not any(str(name).startswith("pydantic") for name in imported)


def test_every_event_is_registered_once() -> None:
    assert {c for c in subclasses(Event) if c.__module__ == Event.__module__} == set(EVENTS)
    assert len({e.event_type for e in EVENTS}) == len(EVENTS)


def test_an_older_receiver_ignores_a_new_field() -> None:
    text = msgspec.json.encode({"source": "sample", "added_later": 1})
    assert msgspec.json.decode(text, type=SourceQuery) == SourceQuery(source="sample")


def test_defaults_are_left_off_the_wire() -> None:
    assert msgspec.json.decode(msgspec.json.encode(SourceQuery(source="sample"))) == {"source": "sample"}


def test_a_contract_cannot_be_changed() -> None:
    query = SourceQuery(source="sample")
    with pytest.raises(AttributeError):
        query.source = "other"  # type: ignore[misc]  # refusing this is what is tested


def test_headers_and_campaign_are_contracts() -> None:
    assert {Headers, Campaign} <= subclasses(Contract)
