"""Where a remote job may be done from: countries and areas, from the places, the title or the words behind "remote"."""

import re
from collections.abc import Iterable, Sequence

import msgspec
from ahocorasick_rs import AhoCorasick

from common.contracts import Place
from enricher.domain.evidence import Evidence
from enricher.domain.location import LocationReader
from enricher.domain.text import Text

#: Bytes read behind a cue in the body.
_REACH = 90
#: Behind "remote", in a body: "within the US", "(EU only)", "- Canada". A name must begin with a capital.
#: Hours of a time zone ("Remote (EST)") are no place, and a name ends with its sentence.
_NAME = r"(?!(?:E[SD]T|P[SD]T|C[SD]T|M[SD]T|CES?T|EES?T|GMT|UTC|BST|IST)\b)[A-Z](?:\w|\.(?=\w|[,/]| or | and ))*"
_NAMES = rf"(?:(?:the|der|la|toute la|toda) )?(?P<names>{_NAME}(?:(?:,? (?:or|and) |, ?| |/)(?:the )?{_NAME}){{0,4}})"
#: "in one of these states: TX, FL".
_AMONG = r"(?:(?:one of )?(?:these|the following)(?: \w+){1,2}:? )?"
_WITHIN = re.compile(
    r"^\W{0,4}(?:(?:work|working|role|position|job|only)\W+)?"
    r"(?:(?:from|in|within|across|throughout|based|innerhalb|depuis|partout en|desde"
    r"|cualquier (?:lugar|parte) del?)\s+){0,2}"
    rf"(?:anywhere\s+(?:in|within)\s+)?{_NAMES}"
)
#: The same further on in the sentence: "open to candidates in Canada only", "must reside in the US".
_LIMITED = re.compile(
    r"^[^.!?\n]*?\b(?:candidates|applicants|residents|based|located|resid(?:e|ing)|liv(?:e|ing)|anywhere|woont|wohnhaft)"
    rf"\s(?:\w+\s)?(?:in|within|of)\s{_AMONG}{_NAMES}"
)

#: The same wherever it stands: "Candidates must be located in the US or Canada", "only open to residents of Ontario".
_MUST_BE = re.compile(
    r"\b(?i:(?:must|need to|should|have to)\s(?:be\s)?(?:currently\s)?(?:based|located|resid(?:e|ing)|liv(?:e|ing))"
    r"|work from anywhere"
    r"|(?:open|available|limited|restricted)\s(?:only\s)?to\s(?:\w+\s)?(?:candidates|applicants|residents|people|individuals"
    r"|those|anyone|contractors)(?:\s(?:who\sare|currently))*(?:\s(?:based|located|residing|living))?)"
    rf"\s(?:(?:with)?in|of)\s{_AMONG}{_NAMES}"
)
#: What it begins with, found in a hundredth of the time.
_DEMANDS = AhoCorasick(
    ["must", "need to", "should", "have to", "work from anywhere", "open ", "available ", "limited to", "restricted to"]
).find_matches_as_indexes
#: "| Europe | Remote only": right before a cue that stands between bars.
_BEFORE = re.compile(rf"\|\s*{_NAMES}\s*\|\s*$")
_MOST = 8_000
_FIELD = "remote_regions"
#: Regions with what says so.
_Limit = tuple[list[str], Evidence]
_NO: tuple[list[str], None] = ([], None)
_REMOTE = re.compile(r"\bremote\b", re.IGNORECASE)


class RemoteRegions:
    """Reads the limits of remote work with the gazetteer."""

    def __init__(self, location: LocationReader) -> None:
        self._location = location

    def read(
        self, title: str, places: Sequence[Place], resolved: Iterable[Place], text: Text, remote: Evidence | None
    ) -> tuple[list[str], Evidence | None]:
        """Countries (ISO 3166-1 alpha-2) and areas (`EMEA`), and what says so.

        None of them where the job is not remote or nothing limits it.
        """
        if remote is None or remote.value != "remote":
            return [], None
        said = self._behind(text, remote) if remote.where == "description" else self._named(title, places, remote)
        regions, limit = (
            said or self._of_places(places, resolved) or self._of_title(title) or self._anywhere(text) or _NO
        )
        if limit is None:
            return [], None
        return regions, msgspec.structs.replace(limit, value=", ".join(regions))

    def _of_places(self, places: Sequence[Place], resolved: Iterable[Place]) -> _Limit | None:
        countries = [place.country for place in resolved if place.country]
        areas = [area for place in places if place.text for area in self._location.areas(place.text)]
        regions = list(dict.fromkeys([*countries, *areas]))
        named = "; ".join(place.written for place in places)
        return (regions, Evidence(_FIELD, "", "remote_regions.places", "places", text=named)) if regions else None

    def _of_title(self, title: str) -> _Limit | None:
        areas = self._location.areas(title)
        whole = Evidence(_FIELD, "", "remote_regions.title", "title", 0, len(title), title)
        return (areas, whole) if areas else None

    def _named(self, title: str, places: Sequence[Place], remote: Evidence) -> _Limit | None:
        """The limit right behind "remote" in the title or among the places: "London / Remote (Europe)"."""
        where = "title" if remote.where == "title" else "places"
        texts = [title] if where == "title" else [place.text for place in places if place.text]
        for words in texts:
            if (cue := _REMOTE.search(words)) and (match := _WITHIN.match(words[cue.end() :])):
                return self._limit(match, where, cue.end() if where == "title" else None)
        return None

    def _anywhere(self, text: Text) -> _Limit | None:
        """The limit wherever the body names it: asked only where nothing else does."""
        body = text.raw[text.body_start : text.body_start + _MOST].decode(errors="replace")
        low = text.low[text.body_start : text.body_start + _MOST].decode(errors="replace")
        starts = (start for _, start, _ in _DEMANDS(low))
        match = next(filter(None, (_MUST_BE.match(body, start) for start in starts)), None)
        return self._limit(match, "description", 0)

    def _behind(self, text: Text, remote: Evidence) -> _Limit | None:
        body = text.raw[text.body_start :].decode(errors="replace")
        behind = body[remote.end : remote.end + _REACH].split("\n")[0]
        if match := _WITHIN.match(behind) or _LIMITED.match(behind):
            return self._limit(match, "description", remote.end)
        first = max(0, remote.start - _REACH)
        return self._limit(_BEFORE.search(body[first : remote.start]), "description", first)

    def _limit(self, match: re.Match[str] | None, where: str, offset: int | None) -> _Limit | None:
        """What the names of a match mean; `offset`: the characters before what was searched, None for no span."""
        regions = self._location.regions(match["names"]) if match else []
        if match is None or not regions:
            return None
        start, end = (0, 0) if offset is None else (offset + match.start("names"), offset + match.end("names"))
        return regions, Evidence(_FIELD, "", f"remote_regions.{where}.named", where, start, end, match["names"])
