"""Past announcements of USAJOBS: records of its historic API, and of tables made of them."""

from common.contracts import OfferedPay, PayPeriod, Place, SourcePosting
from sources import values
from sources.countries import country
from sources.errors import MappingError
from sources.item import Item
from sources.usajobs_codelists import code_lists

_HISTORIC, _TABLED = "usajobsControlNumber", "control_number"
#: The API writes the names of its lists in small letters, its documentation with capitals inside.
_PLACES = ("PositionLocations", "positionLocations", "positionlocations")
_SERIES = ("JobCategories", "jobCategories", "jobcategories")
_OF_A_PLACE = {"positionLocationCity", "positionLocationState", "positionLocationCountry"}


def is_record(fields: Item) -> bool:
    """Whether the item is a past announcement, of either form."""
    return _HISTORIC in fields.raw or _TABLED in fields.raw


def record(fields: Item) -> SourcePosting:
    """A past announcement, which has no text; MappingError without its number."""
    identity = fields.text(_HISTORIC, _TABLED)
    if identity is None:
        raise MappingError("id_missing", f"a record of USAJOBS without {_HISTORIC} or {_TABLED}")
    return _historic(fields, identity) if _HISTORIC in fields.raw else _tabled(fields, identity)


def _historic(fields: Item, identity: str) -> SourcePosting:
    """The page of an announcement is found by its number."""
    return SourcePosting(
        source_job_id=identity,
        title=fields.line("positionTitle"),
        company=fields.line("hiringAgencyName", "hiringDepartmentName"),
        url=f"https://www.usajobs.gov/job/{identity}",
        places=_places(fields),
        employment_types=[*fields.strings("workSchedule"), *fields.strings("appointmentType")],
        remote="telework eligible" if fields.take(values.remote, "teleworkEligible") else None,
        department=fields.line("hiringDepartmentName"),
        tags=_series(fields),
        pay=_pay(fields),
        posted_at=fields.moment("positionOpenDate"),
        valid_through=fields.moment("positionCloseDate", "positionExpireDate"),
        extra=fields.rest(),
    )


def _tabled(fields: Item, identity: str) -> SourcePosting:
    return SourcePosting(
        source_job_id=identity,
        title=fields.line("position_title"),
        company=fields.line("department", "agency"),
        url=fields.link("usajobs_url"),
        employment_types=fields.strings("appointment_type"),
        department=fields.line("subagency"),
        tags=fields.strings("occupation_series"),
        posted_at=fields.moment("open_date"),
        valid_through=fields.moment("close_date"),
        extra=fields.rest(),
    )


def _places(fields: Item) -> list[Place]:
    name = next((name for name in _PLACES if name in fields.raw), _PLACES[0])
    entries = values.objects(fields.look(name))
    if all(entry.keys() <= _OF_A_PLACE for entry in entries):
        fields.known(name)
    places = [
        _place(*(values.one_line(entry.get(f"positionLocation{part}")) for part in ("City", "State", "Country")))
        for entry in entries
    ]
    return list(dict.fromkeys(place for place in places if place != Place()))


def _place(city: str | None, state: str | None, land: str | None) -> Place:
    # The city may come with its state behind a comma.
    city = city.partition(",")[0] if city else None
    text = ", ".join(part for part in (city, state, land) if part) or None
    return Place(text=text, city=city, region=state, country=country(land))


def _series(fields: Item) -> list[str]:
    """What the codes of the occupational series mean; the codes stay in extra."""
    found = (values.text(entry.get("series")) for name in _SERIES for entry in values.objects(fields.look(name)))
    return [meaning for code in found if code and (meaning := code_lists().occupational_series.get(code))]


def _pay(fields: Item) -> OfferedPay | None:
    low, high = fields.amount("minimumSalary"), fields.amount("maximumSalary")
    if not low and not high:
        return None
    return OfferedPay(minimum=low, maximum=high, currency="USD", period=fields.take(_period, "salaryType"))


def _period(value: object) -> PayPeriod | None:
    """By code or meaning; two weeks or a school year are no period of ours."""
    said = values.one_line(value)
    return values.period(code_lists().rate_intervals.get(said, said)) if said else None
