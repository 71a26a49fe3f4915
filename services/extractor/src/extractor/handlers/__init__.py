"""Data enters the extractor: messages it executes, a file for each kind of work."""

from extractor.handlers.companies import QueueCompanies
from extractor.handlers.look_ups import CompanyLookUps
from extractor.handlers.pages import FetchPages
from extractor.handlers.runs import StartRun

__all__ = ["CompanyLookUps", "FetchPages", "QueueCompanies", "StartRun"]
