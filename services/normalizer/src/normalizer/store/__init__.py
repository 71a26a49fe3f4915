"""The normalizer's data in PostgreSQL."""

from normalizer.store.postings import MergeResult, PostingStore
from normalizer.store.rows import Page

__all__ = ["MergeResult", "Page", "PostingStore"]
