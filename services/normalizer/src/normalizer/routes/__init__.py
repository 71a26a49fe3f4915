"""Data enters the normalizer: HTTP, a file for each kind of resource."""

from fastapi import APIRouter

from common.web import rules
from common.web.differences import difference_router
from normalizer.routes import duplicates, postings, sightings, sweeps

router = APIRouter()
router.include_router(postings.router)
router.include_router(difference_router("normalizer"))
router.include_router(duplicates.router)
router.include_router(sightings.router)
router.include_router(rules.router)
router.include_router(sweeps.router)
