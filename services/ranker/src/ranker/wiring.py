"""Builds the ranker: one context that opens everything it uses and closes it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import yaml

from common.messaging.session import Session, open_session
from common.settings import config_path
from ranker.domain.currency import parse_rates
from ranker.domain.geography import parse_places
from ranker.domain.judges import Judges
from ranker.domain.rules import Rules, parse_rules
from ranker.handlers import RankPostings, RerankCampaign
from ranker.settings import Settings
from ranker.store import RankerStore

SERVICE = "ranker"


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    session: Session
    store: RankerStore
    judges: Judges

    async def check(self) -> None:
        """Raise unless everything the service depends on answers."""
        await self.session.check()


def load_rules() -> Rules:
    """The rules in `config/`; RulesError, RatesError or GeographyError where a file is not valid."""
    ranking, rates, places = (
        yaml.safe_load(config_path(name).read_text(encoding="utf-8"))
        for name in ("ranking.yml", "fx_rates.yml", "taxonomy/places.yml")
    )
    return parse_rules(ranking, parse_rates(rates), parse_places(places))


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Read the rules, open the session, then start consuming."""
    judges, store = Judges(load_rules()), RankerStore()
    async with open_session(SERVICE, settings) as session:
        await session.run(RankPostings(store, judges))
        await session.run(RerankCampaign(store, judges))
        yield Wiring(session, store, judges)
