"""The gateway's public REST interface."""

from fastapi import APIRouter, Depends

from gateway.routes import (
    bronze,
    campaigns,
    forwarded,
    jobs,
    quality,
    quarantine,
    recognising,
    replays,
    runs,
    schedules,
    sources,
)
from gateway.routes.access import require_key

router = APIRouter(dependencies=[Depends(require_key)])
for part in (campaigns, schedules, replays, runs, quality, jobs, quarantine, recognising, sources, bronze, forwarded):
    router.include_router(part.router)
