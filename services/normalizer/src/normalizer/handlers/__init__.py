"""Data enters the normalizer: messages it executes, a file for each kind of work."""

from normalizer.handlers.companies import NormalizeCompanies
from normalizer.handlers.looks import LookAgain
from normalizer.handlers.postings import NormalizePostings, try_page
from normalizer.handlers.sweeps import NoteSweep
from normalizer.handlers.withheld import MarkWithheld

__all__ = ["LookAgain", "MarkWithheld", "NormalizeCompanies", "NormalizePostings", "NoteSweep", "try_page"]
