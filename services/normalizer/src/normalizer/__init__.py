"""Turns raw postings of any source into canonical, deduplicated ones."""
