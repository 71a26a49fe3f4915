"""The enricher's data: enrichments in PostgreSQL, and rules in `config/`, which pipes load without a database."""
