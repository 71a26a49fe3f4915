"""HTTP of the extractor: sources and their health, the page index, archived pages, company look-ups, rules."""

from fastapi import APIRouter

from common.web import rules
from extractor.routes import bronze, companies, pages, recognising, sources

router = APIRouter()
router.include_router(sources.router)
router.include_router(recognising.router)
router.include_router(pages.router)
router.include_router(bronze.router)
router.include_router(companies.router)
router.include_router(rules.router)
