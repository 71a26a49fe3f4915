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
    rules,
    runs,
    schedules,
    sources,
)
from gateway.routes.access import require_key

router = APIRouter(dependencies=[Depends(require_key)])
_PARTS = (
    campaigns, schedules, replays, rules, runs, quality, jobs, quarantine, recognising, sources, bronze, forwarded,
)  # fmt: skip
for part in _PARTS:
    router.include_router(part.router)
