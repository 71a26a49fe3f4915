"""Places of a posting: city, region and country, from the source's own fields or its location text."""

from collections.abc import Iterator, Sequence

import msgspec

from common.contracts import Place
from enricher.domain.evidence import Evidence
from enricher.domain.gazetteer import Gazetteer
from enricher.domain.place_agreement import Found
from enricher.domain.place_text import PlaceTexts
from enricher.domain.rules import City, PlaceRules

_MOST_PLACES = 20
#: Thousands of people from which a city may be named in a sentence.
_LARGE = 100


class LocationReader:
    """The gazetteer of `config/taxonomy/places.*`, ready to be asked."""

    def __init__(self, rules: PlaceRules, cities: list[City]) -> None:
        self.gazetteer = Gazetteer(rules, cities)
        self._texts = PlaceTexts(rules, self.gazetteer)

    def read(self, places: Sequence[Place]) -> tuple[list[Place], list[Evidence]]:
        """The places completed, without repeats, each with its reason; a text that names none is kept as it is."""
        done: list[Place] = []
        evidence: list[Evidence] = []
        seen: set[tuple[str | None, ...]] = set()
        for place in places[:_MOST_PLACES]:
            for resolved, rule in self._resolve(place):
                key = (
                    resolved.city,
                    resolved.region,
                    resolved.country,
                    resolved.text if not resolved.country else None,
                )
                if key not in seen:
                    seen.add(key)
                    done.append(resolved)
                    shown = ", ".join(v for v in (resolved.city, resolved.region, resolved.country) if v)
                    evidence.append(Evidence("places", shown, rule, "places", text=place.text or ""))
        return done, evidence

    def areas(self, text: str) -> list[str]:
        """Areas of several countries that a text names."""
        return self._texts.areas(text)

    def regions(self, text: str) -> list[str]:
        """Countries (ISO 3166-1 alpha-2) and areas that a short text names, such as "the US or Canada"."""
        countries = [found.country for found in self._texts.parse(text) if found.country and self._is_area(found)]
        return list(dict.fromkeys(countries)) + self._texts.areas(text)

    def _is_area(self, found: Found) -> bool:
        """Whether a country or a large city is named: small towns are called like words of any sentence."""
        cities = self.gazetteer.cities(found.city) if found.city else []
        return not found.city or any(c.country == found.country and c.population >= _LARGE for c in cities)

    def _resolve(self, place: Place) -> Iterator[tuple[Place, str]]:
        """The source's own fields first, then what the text says; coordinates stay with a single place."""
        country = self.gazetteer.country_of_field(place.country) if place.country else None
        stated = ", ".join(v for v in (place.city, place.region, place.country) if v)
        text = place.text or stated or None
        if place.city and country:
            region = self._region_name(place.region, country)
            placed = place if place.latitude is not None else self._located(place, region, country)
            yield msgspec.structs.replace(placed, text=text, region=region, country=country), "place.provider"
            return
        found = self._in(country, place) if country else self._anywhere(stated, place.text)
        single = place if len(found) == 1 else Place()
        for one in found:
            yield (
                Place(
                    text=text, city=one.city or single.city, region=one.region or single.region,
                    country=one.country or country,
                    latitude=one.latitude if single.latitude is None else single.latitude,
                    longitude=one.longitude if single.longitude is None else single.longitude,
                ),
                one.rule,
            )  # fmt: skip
        if not found:
            known = msgspec.structs.replace(place, text=text, country=country)
            yield known, "place.provider" if country else "place.unread"

    def _located(self, place: Place, region: str | None, country: str) -> Place:
        """The place with the coordinates of its city, where the gazetteer knows it in the country and region."""
        known = (
            c for c in self.gazetteer.cities(place.city or "")
            if c.country == country and region in {None, "", c.region}
        )  # fmt: skip
        city = next(known, None)
        return msgspec.structs.replace(place, latitude=city.latitude, longitude=city.longitude) if city else place

    def _in(self, country: str, place: Place) -> tuple[Found, ...]:
        """What region field and text name in the country that the source gives."""
        for words in (place.text, place.region):
            if words and (found := self._texts.parse(words, country)):
                return found
        return ()

    def _anywhere(self, stated: str, text: str | None) -> tuple[Found, ...]:
        """What the fields say together, or the text where that names a city and they do not."""
        found = self._texts.parse(stated) if stated else ()
        if text and not any(f.city for f in found):
            return self._texts.parse(text) or found
        return found

    def _region_name(self, stated: str | None, country: str) -> str | None:
        """The region's usual name where it is known in the country, else as stated."""
        if not stated:
            return None
        return next((r.name for r in self.gazetteer.regions(stated) if r.country == country), stated)
