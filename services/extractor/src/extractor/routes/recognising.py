"""HTTP: which source is behind a web address."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from extractor.clients.recognition import Recognised
from extractor.routes.access import Wired
from sources.recognise import web_address

router = APIRouter()

Address = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(web_address)]


class Asked(BaseModel):
    """A careers page, a board, or a single job: `https://boards.greenhouse.io/acme`."""

    model_config = ConfigDict(extra="forbid")

    address: Address


class SourceRead(BaseModel):
    """A source as campaigns take it."""

    model_config = ConfigDict(from_attributes=True)

    source: str
    params: dict[str, Any]


class FirstPageRead(BaseModel):
    """What the source's first page holds."""

    model_config = ConfigDict(from_attributes=True)

    postings: int
    more: bool = Field(description="Further pages follow.")
    titles: list[str] = Field(description="Up to three.")


class RecognisedRead(BaseModel):
    """What is behind the address."""

    address: str
    source: SourceRead | None = Field(description="null: no source was recognised; `tried` says what was looked for.")
    found_by: str | None = Field(description="address, redirect, page (its links) or schema.org (its data).")
    first_page: FirstPageRead | None = Field(description="null: it could not be read; `failure` says why.")
    failure: str | None
    tried: list[str]
    others: list[SourceRead] = Field(description="Other boards that the page names.")

    @classmethod
    def of(cls, found: Recognised) -> "RecognisedRead":
        """From what was found out."""
        return cls(
            address=found.address, found_by=found.found_by, failure=found.failure, tried=found.tried,
            source=SourceRead.model_validate(found.query) if found.query else None,
            first_page=FirstPageRead.model_validate(found.first_page) if found.first_page else None,
            others=[SourceRead.model_validate(query) for query in found.others],
        )  # fmt: skip


@router.post("/sources/recognise", summary="Which source is behind a web address, and what its first page holds")
async def recognise(wired: Wired, asked: Annotated[Asked, Body()]) -> RecognisedRead:
    return RecognisedRead.of(await wired.recogniser.recognise(asked.address))
