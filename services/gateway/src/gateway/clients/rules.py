"""The rules of the services behind the gateway: what they go by, and what they say of others."""

import asyncio

import httpx

from common.settings.rule_files import RuleFiles
from common.web import ProblemError
from common.web.problems import FieldProblem
from common.web.rules import RulesHere, refusal, told
from gateway.clients.services import Services
from gateway.errors import service_unavailable

#: The services that go by rules.
RULED = ("extractor", "normalizer", "enricher", "ranker", "gateway")
#: To make rules of a set, and to know whether they can be used, takes some of them seconds.
_SECONDS = 60.0


async def rules_in_use(services: Services) -> dict[str, RulesHere | None]:
    """By service; None of one that does not answer."""
    return dict(zip(RULED, await asyncio.gather(*(_of(services, service) for service in RULED)), strict=True))


async def offer(services: Services, files: RuleFiles) -> None:
    """Let every service try the set, and keep it for replays; ProblemError with all faults of all of them.

    503 where one does not answer: whether it could use the set is not known.
    """
    answers = await asyncio.gather(*(_offer(services, service, files) for service in RULED))
    faults = [fault for service, answer in zip(RULED, answers, strict=True) for fault in _faults(service, answer)]
    here = [RulesHere.model_validate(answer.json()) for answer in answers if answer.is_success]
    if len(here) == len(RULED):
        read = {name for each in here for name in each.files}
        faults += [_unread(name, read) for name in files.changed if name not in read]
    if faults:
        raise refusal(faults)


async def _of(services: Services, service: str) -> RulesHere | None:
    try:
        found = await services.get(service, "/rules")
    except ProblemError:
        return None
    return RulesHere.model_validate(found) if found else None


async def _offer(services: Services, service: str, files: RuleFiles) -> httpx.Response:
    request = services.build(
        service, "PUT", f"/rules/{files.version}", json={"files": told(files)}, timeout=_SECONDS
    )  # fmt: skip
    answer = await services.forward(service, request)
    if answer.is_error and answer.status_code != httpx.codes.UNPROCESSABLE_ENTITY:
        raise service_unavailable(service)
    return answer


def _faults(service: str, answer: httpx.Response) -> list[FieldProblem]:
    if answer.is_success:
        return []
    problem = answer.json()
    errors = problem.get("errors") or [{"pointer": "/body/files", "detail": problem.get("detail") or problem["title"]}]
    return [FieldProblem(pointer=each["pointer"], detail=f"{service}: {each['detail']}") for each in errors]


def _unread(name: str, read: set[str]) -> FieldProblem:
    return FieldProblem(
        pointer=f"/body/files/{name}", detail=f"no service reads this file; those read are {', '.join(sorted(read))}"
    )
