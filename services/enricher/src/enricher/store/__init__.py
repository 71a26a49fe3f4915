"""The enricher's data: enrichments in PostgreSQL, rules in `config/`."""

from enricher.store.enrichments import EnrichmentStore, StoredEnrichment
from enricher.store.rule_files import load_rules

__all__ = ["EnrichmentStore", "StoredEnrichment", "load_rules"]
