"""HTTP: which rules a service goes by, and whether it could use others; the gateway asks and tells."""

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.messaging.rule_sets import RuleSets
from common.settings.rule_files import MOST_BYTES, RuleFiles, RulesRefusedError
from common.web.problems import FieldProblem, Problem, ProblemError

router = APIRouter(tags=["rules"])
FileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(/[a-z0-9_]+)*\.[a-z.]+$", max_length=100)]
#: Versions of rule sets.
RULE_SET = r"^(shipped|[0-9a-f]{12})$"
Version = Annotated[str, Path(pattern=RULE_SET, description="Of a rule set, or `shipped`.")]
_COMPRESSED = ".gz"


class RuleFilesIn(BaseModel):
    """Rule files by their name under `config/`."""

    model_config = ConfigDict(extra="forbid")

    files: dict[FileName, str] = Field(
        max_length=50, description="Whole files as text, `.gz` files as base64: those that differ from the shipped."
    )

    def rule_files(self) -> RuleFiles:
        """The files as bytes; ProblemError where they are too large or no base64."""
        try:
            read = {name: _content(name, text) for name, text in self.files.items()}
        except (binascii.Error, UnicodeError) as error:
            raise ProblemError(422, "The request is not valid", f"A file cannot be read: {error}") from error
        if (size := sum(map(len, read.values()))) > MOST_BYTES:
            raise ProblemError(413, "Rule set too large", f"Its files have {size} bytes, {MOST_BYTES} at most.")
        return RuleFiles(read)


class RulesHere(BaseModel):
    """The rules of one service."""

    service: str
    files: list[str] = Field(description="Names of the files that it reads.")
    activation: int = Field(description="Number of the last activation that it knows; 0: none.")
    version: str = Field(description="The rule set activated last.")
    in_use: str = Field(description="The rule set in use: another one where `version` is refused.")
    refused: str | None = Field(description="Why `version` cannot be used.")


def told(files: RuleFiles) -> dict[str, str]:
    """The files as `RuleFilesIn` takes them."""
    return {name: _text(name, content) for name, content in files.changed.items()}


def refusal(faults: list[FieldProblem]) -> ProblemError:
    """422 with all that is wrong."""
    return ProblemError(422, "The rules cannot be used", "Nothing was changed.", errors=faults)


@router.get("/rules", summary="The rules in use")
async def read_rules(request: Request) -> RulesHere:
    rules = _rules(request)
    await rules.current()
    return _here(rules)


@router.put("/rules/{version}", summary="Try a rule set, and keep it for replays", responses={422: {"model": Problem}})
async def add_rules(request: Request, version: Version, given: RuleFilesIn) -> RulesHere:
    """Rules are made of it as if it were activated; all that is wrong is told by file, with line or field."""
    rules, files = _rules(request), given.rule_files()
    if files.version != version:
        raise ProblemError(422, "The request is not valid", f"These files are the rule set {files.version}.")
    try:
        await rules.add(files)
    except RulesRefusedError as error:
        faults = [FieldProblem(pointer=f"/body/files/{f.file}", detail=f.detail) for f in error.faults]
        raise refusal(faults) from error
    return _here(rules)


def _rules(request: Request) -> RuleSets[Any]:
    rules: RuleSets[Any] = request.app.state.wiring.rules
    return rules


def _here(rules: RuleSets[Any]) -> RulesHere:
    state = rules.state
    return RulesHere(
        service=rules.service, files=sorted(rules.names), activation=state.activation, version=state.version,
        in_use=state.in_use, refused=state.refused,
    )  # fmt: skip


def _content(name: str, text: str) -> bytes:
    return base64.b64decode(text, validate=True) if name.endswith(_COMPRESSED) else text.encode()


def _text(name: str, content: bytes) -> str:
    if name.endswith(_COMPRESSED):
        return base64.b64encode(content).decode()
    return content.decode()
