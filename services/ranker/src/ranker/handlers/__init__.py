"""Data enters the ranker: enriched jobs, changed campaigns, and what becomes known of companies."""

from ranker.handlers.campaigns import RerankCampaign
from ranker.handlers.companies import RescoreCompanies
from ranker.handlers.postings import RankPostings

__all__ = ["RankPostings", "RerankCampaign", "RescoreCompanies"]
