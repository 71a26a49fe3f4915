"""The code lists of USAJOBS that decode its announcements; `python -m sources.usajobs_codelists` fetches them anew."""

import asyncio
import sys
from datetime import date
from functools import lru_cache
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from common.settings import config_path
from sources import values
from sources.client import SourceClient
from sources.errors import PagePayloadError, SourceError
from sources.page import list_in
from sources.registry import adapter_of
from sources.settings import source_settings

FILE = "usajobs_codelists.yml"
#: What the lists are called in the address `/api/codelist/{name}`.
ADDRESSES = {
    "countries": "countries",
    "hiring_paths": "hiringpaths",
    "occupational_series": "occupationalseries",
    "offering_types": "positionofferingtypes",
    "pay_plans": "payplans",
    "rate_intervals": "remunerationrateintervalcodes",
    "schedule_types": "positionscheduletypes",
    "security_clearances": "securityclearances",
    "service_types": "servicetypes",
    "travel": "travelpercentages",
}
_HEADER = """\
# Code lists of USAJOBS (https://developer.usajobs.gov/api-reference/): meaning by code, those out of use too, since
# archived announcements hold them. Written by `python -m sources.usajobs_codelists`; `as_of`: day of the snapshot.
"""


class CodeLists(BaseModel):
    """The file `config/usajobs_codelists.yml`: the meaning of each code, by list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    as_of: date
    countries: dict[str, str]
    hiring_paths: dict[str, str]
    occupational_series: dict[str, str]
    offering_types: dict[str, str]
    pay_plans: dict[str, str]
    rate_intervals: dict[str, str]
    schedule_types: dict[str, str]
    security_clearances: dict[str, str]
    service_types: dict[str, str]
    travel: dict[str, str]


@lru_cache
def code_lists() -> CodeLists:
    """The lists, read once and validated."""
    return CodeLists.model_validate(yaml.safe_load(config_path(FILE).read_text(encoding="utf-8")))


def meanings(payload: Any) -> dict[str, str]:
    """The codes of one answer of the API with their meanings; PagePayloadError if it holds none."""
    lists = list_in(payload, "CodeList")
    found = {
        code: meaning
        for entry in list_in(lists[0] if lists else None, "ValidValue")
        if isinstance(entry, dict)
        and (code := values.text(entry.get("Code")))
        and (meaning := values.one_line(entry.get("Value")))
    }
    if not found:
        raise PagePayloadError("page_has_no_items", "a code list without codes")
    return dict(sorted(found.items()))


def written(lists: dict[str, dict[str, str]], version: int, as_of: date) -> str:
    """The text of the file."""
    data = {"version": version, "as_of": as_of, **lists}
    return _HEADER + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=200)


async def refresh(client: SourceClient) -> list[str]:
    """Fetch all lists, then write the file if anything changed; which lists changed. SourceError leaves it as it is."""
    fetched = {
        name: meanings((await client.get(f"/api/codelist/{address}")).payload) for name, address in ADDRESSES.items()
    }
    known = code_lists()
    changed = [name for name, found in fetched.items() if found != getattr(known, name)]
    if changed:
        text = written(fetched, known.version + 1, client.now().date())
        await asyncio.to_thread(config_path(FILE).write_text, text, encoding="utf-8")
    return changed


async def _main() -> int:
    async with SourceClient("usajobs", source_settings("usajobs", adapter_of("usajobs").settings)) as client:
        try:
            changed = await refresh(client)
        except SourceError as error:
            sys.stderr.write(f"{error}; config/{FILE} stays as it was\n")
            return 1
    sys.stdout.write(f"config/{FILE}: changed {', '.join(changed)}\n" if changed else f"config/{FILE} is up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
