"""Keeps campaigns compiled, so that a batch only pays for those that changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from common.contracts import Campaign, CampaignRanking
from ranker.domain.batch import Batch
from ranker.domain.judges import Judges
from ranker.domain.vectors import CampaignVectors
from ranker.domain.wish import Wish

#: Campaigns whose arrays are computed together: more would fall out of the processor's cache.
_TOGETHER = 512


@dataclass(frozen=True)
class CampaignState:
    """Which state of a campaign is meant."""

    campaign_id: str
    version: int
    as_of: date
    is_active: bool = True


class CompiledCampaigns:
    """The vectors of the active campaigns as of the last batch."""

    def __init__(self, judges: Judges) -> None:
        self.judges = judges
        self._wishes: dict[CampaignState, Wish] = {}
        self._vectors: list[CampaignVectors] = []

    def missing(self, states: Sequence[CampaignState]) -> list[CampaignState]:
        """Those that have to be compiled."""
        return [state for state in states if state not in self._wishes]

    def use(self, states: Sequence[CampaignState], changed: Mapping[CampaignState, Campaign]) -> None:
        """Make `states` the campaigns to rank for; `changed` has those that were missing."""
        if not changed and list(self._wishes) == list(states):
            return
        fresh = {state: self.judges.wish(campaign, state.as_of) for state, campaign in changed.items()}
        self._wishes = {state: fresh[state] if state in fresh else self._wishes[state] for state in states}
        wishes = list(self._wishes.values())
        self._vectors = [
            CampaignVectors(wishes[i : i + _TOGETHER], self.judges) for i in range(0, len(wishes), _TOGETHER)
        ]

    def rankings(self, batch: Batch) -> list[CampaignRanking]:
        """The batch ranked for each campaign, in the order of the keys."""
        return [ranking for vectors in self._vectors for ranking in vectors.rankings(batch)]
