"""A stored campaign as the events carry it."""

from typing import Any, Protocol
from uuid import UUID

import msgspec

from common.contracts import Campaign


class StoredCampaign(Protocol):
    """The columns of a campaign that other services need."""

    campaign_id: UUID
    version: int
    campaign_name: str
    criteria: dict[str, Any]
    is_active: bool
    deleted_at: Any


def campaign_contract(stored: StoredCampaign) -> Campaign:
    """The campaign in full; fields that only the gateway uses (e-mail, schedule) stay here."""
    return msgspec.convert(
        {
            **stored.criteria,
            "campaign_id": str(stored.campaign_id),
            "version": stored.version,
            "campaign_name": stored.campaign_name,
            "is_active": stored.is_active,
            "deleted": stored.deleted_at is not None,
        },
        Campaign,
    )
