"""Job-board sources: how to fetch their pages and how to map their items."""
