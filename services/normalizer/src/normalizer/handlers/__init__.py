"""Data enters the normalizer: messages it executes, a file for each kind of work."""

from normalizer.handlers.companies import NormalizeCompanies
from normalizer.handlers.postings import NormalizePostings, try_page

__all__ = ["NormalizeCompanies", "NormalizePostings", "try_page"]
