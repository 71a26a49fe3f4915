"""Where a remote job may be done from: countries and areas, from the places, the title or the words behind "remote"."""

import re
from collections.abc import Iterable, Sequence

from common.contracts import Place
from enricher.domain.evidence import Evidence
from enricher.domain.location import LocationReader
from enricher.domain.text import Text

#: Bytes read behind a cue in the body.
_REACH = 70
#: Behind "remote", in a body: "within the US", "(EU only)", "- Canada". A name must begin with a capital.
_WITHIN = re.compile(
    r"^\W{0,4}(?:(?:work|working|role|position|job|only)\W+)?(?:(?:from|in|within|across|throughout|based)\s+){0,2}"
    r"(?:anywhere\s+(?:in|within)\s+)?(?:the\s+)?"
    r"(?P<names>[A-Z][\w.]*(?:(?:,? (?:or|and) |, ?| |/)(?:the )?[A-Z][\w.]*){0,4})"
)


class RemoteRegions:
    """Reads the limits of remote work with the gazetteer."""

    def __init__(self, location: LocationReader) -> None:
        self._location = location

    def read(
        self, title: str, places: Sequence[Place], resolved: Iterable[Place], text: Text, remote: Evidence | None
    ) -> list[str]:
        """Countries (ISO 3166-1 alpha-2) and areas (`EMEA`); () where the job is not remote or nothing limits it."""
        if remote is None or remote.value != "remote":
            return []
        countries = [place.country for place in resolved if place.country]
        areas = [area for place in places if place.text for area in self._location.areas(place.text)]
        found = list(dict.fromkeys([*countries, *areas])) or self._location.areas(title)
        if not found and remote.where == "description":
            found = self._behind(text, remote)
        return found

    def _behind(self, text: Text, remote: Evidence) -> list[str]:
        body = text.raw[text.body_start :].decode(errors="replace")
        match = _WITHIN.match(body[remote.end : remote.end + _REACH])
        return self._location.regions(match["names"]) if match else []
