"""What a service says of its error answers is how it sends them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter

from common.web import Problem
from common.web.app import Wired, create_service_app


@asynccontextmanager
async def wire() -> AsyncIterator[Wired]:
    raise AssertionError("a description needs no wiring")
    yield


def test_problem_details_are_described_under_their_own_media_type() -> None:
    router = APIRouter()

    @router.get("/things", responses={404: {"model": Problem}})
    async def things() -> dict[str, str]:
        return {}

    answers = create_service_app("gateway", wire, router).openapi()["paths"]["/things"]["get"]["responses"]
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    assert answers["404"]["content"] == {"application/problem+json": problem}
    assert answers["default"]["content"] == {"application/problem+json": problem}
    assert list(answers["200"]["content"]) == ["application/json"]
