"""What the extractor keeps in PostgreSQL: pages, feeds, and how each source is."""

from extractor.store.bronze import BronzeStore
from extractor.store.pages import FeedKey, PageRow, SourceStore, Window

__all__ = ["BronzeStore", "FeedKey", "PageRow", "SourceStore", "Window"]
