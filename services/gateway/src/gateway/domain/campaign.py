"""What a campaign may say, and how people write it."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, EmailStr, Field, model_validator

from common.contracts import DateWindow, EmploymentType, RemoteType, Seniority, SourceQuery
from gateway.domain.schedule import CRON, TIME_ZONE, CatchUp, check_cron, check_time_zone

CompanySize = Literal["1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001-10000", "10001+"]
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _listed(value: Any) -> Any:
    """Accept comma-separated text where a list is meant."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _cased(change: Callable[[str], str]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        value = _listed(value)
        return [change(v) if isinstance(v, str) else v for v in value] if isinstance(value, list) else value

    return apply


def country_code(value: str) -> str:
    """ISO 3166-1 alpha-2 in lower case; `uk` is taken as `gb`."""
    code = value.lower()
    return "gb" if code == "uk" else code


def _currency(value: str) -> str:
    return value.upper()


def _printable(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value.strip()


#: Fields that stay at the gateway.
OF_THE_GATEWAY = ("email", "schedule_cron", "schedule_time_zone", "schedule_catch_up", "sla_minutes")
Text = Annotated[str, AfterValidator(_printable)]
Lower = BeforeValidator(_cased(str.lower))
Upper = BeforeValidator(_cased(str.upper))
Amount = Annotated[int, Field(ge=0, le=2_000_000_000)]
Cron = Annotated[str, AfterValidator(check_cron), Field(max_length=100)]
TimeZone = Annotated[str, AfterValidator(check_time_zone), Field(max_length=60)]


#: PostgreSQL keeps no NUL.
_Storable = Annotated[str, Field(pattern=r"^[^\x00]*$")]
_Value = _Storable | int | float | bool


class SourceChoice(BaseModel):
    """A source to read, with its parameters: `{"source": "greenhouse", "params": {"board": "acme"}}`."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9_]+$")]
    params: dict[
        Annotated[_Storable, Field(max_length=60)], _Value | Annotated[list[_Value], Field(max_length=200)]
    ] = Field(default_factory=dict, max_length=20)
    max_pages: int = Field(50, ge=1, le=10_000)

    def contract(self) -> SourceQuery:
        """The same as the events carry it."""
        return SourceQuery(source=self.source, params=self.params, max_pages=self.max_pages)


class CampaignSource(SourceChoice):
    """A source of a campaign; with a `schedule_cron` it is read by runs of its own, and left out of the campaign's."""

    schedule_cron: Cron | None = Field(None, description="Times of its own; null: those of the campaign.")
    schedule_time_zone: TimeZone | None = Field(None, description="Of `schedule_cron`; null: the campaign's.")

    @property
    def key(self) -> str:
        """Which source of the campaign it is, as commands write it: `greenhouse:board=acme`."""
        feed = self.contract().feed
        return f"{self.source}:{feed}" if feed else self.source


class CampaignCriteria(BaseModel):
    """Everything about a campaign that its owner sets; lists are alternatives, empty means no preference."""

    model_config = ConfigDict(extra="forbid")

    campaign_name: Annotated[Text, Field(min_length=1, max_length=200)]
    query: Annotated[Text, Field(min_length=1, max_length=400, description="What to look for: `data engineer`.")]
    country: Annotated[
        str,
        AfterValidator(country_code),
        Field(pattern=r"^[A-Za-z]{2}$", description="ISO 3166-1 alpha-2; `uk` is taken as `gb`."),
    ]
    email: EmailStr
    date_window: DateWindow
    location: Annotated[Text, Field(max_length=200)] | None = None
    skills: Annotated[list[Annotated[Text, Field(min_length=1, max_length=80)]], BeforeValidator(_listed)] = Field(
        default_factory=list, max_length=100
    )
    min_salary: Amount | None = Field(None, description="Yearly, in whole units of `currency`.")
    max_salary: Amount | None = Field(None, description="Yearly, in whole units of `currency`.")
    currency: Annotated[str, AfterValidator(_currency), Field(pattern=r"^[A-Za-z]{3}$")] | None = None
    remote_preference: Annotated[list[RemoteType], Lower] = Field(default_factory=list, max_length=10)
    seniority: Annotated[list[Seniority], Lower] = Field(default_factory=list, max_length=20)
    company_size_preference: Annotated[list[CompanySize], BeforeValidator(_listed)] = Field(
        default_factory=list, max_length=20
    )
    employment_type_preference: Annotated[list[EmploymentType], Upper] = Field(default_factory=list, max_length=20)
    ranking_preset: Literal["default", "mvp"] = "default"
    weights: dict[Annotated[str, Field(max_length=40)], Annotated[float, Field(ge=0, le=1000)]] = Field(
        default_factory=dict, max_length=20, description="Points of factors that differ from the preset's."
    )
    sources: list[CampaignSource] = Field(default_factory=list, max_length=100)
    schedule_cron: Cron | None = Field(CRON, description="When runs start by themselves; null: never.")
    schedule_time_zone: TimeZone = TIME_ZONE
    schedule_catch_up: CatchUp = Field(
        "latest",
        description="Starts missed while nobody could start them: one for all, `none`, or `all` (the last 24).",
    )
    sla_minutes: Annotated[int, Field(ge=1, le=43_200)] | None = Field(
        None, description="A scheduled run that has not ended this long after its time is reported; null: never."
    )
    is_active: bool = True

    def concerning_others(self) -> dict[str, Any]:
        """What other services are told of the campaign: a change of the rest ranks nothing again."""
        times: set[str] = set(CampaignSource.model_fields) - set(SourceChoice.model_fields)
        return self.model_dump(
            mode="json", exclude={**dict.fromkeys(OF_THE_GATEWAY, True), "sources": {"__all__": times}}
        )

    @model_validator(mode="after")
    def _pay(self) -> "CampaignCriteria":
        if self.min_salary is not None and self.max_salary is not None and self.min_salary > self.max_salary:
            raise ValueError("min_salary must not be above max_salary")
        if (self.min_salary or self.max_salary) and self.currency is None:
            raise ValueError("a salary needs its currency, such as CAD")
        return self
