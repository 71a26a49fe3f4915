"""The gateway's public REST interface."""

from fastapi import APIRouter, Depends

from gateway.routes import campaigns, forwarded, jobs, quarantine, runs
from gateway.routes.access import require_key

router = APIRouter(dependencies=[Depends(require_key)])
for part in (campaigns, runs, jobs, quarantine, forwarded):
    router.include_router(part.router)
