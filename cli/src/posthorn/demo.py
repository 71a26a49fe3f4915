"""From nothing to ranked, explained jobs in one command."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import typer

from posthorn import screens
from posthorn.client import Client
from posthorn.embedded import Embedded, embedded
from posthorn.home import home
from posthorn.output import RUN_FAILED, screen
from posthorn.run import watch_live
from posthorn.up import launched

CAMPAIGN = {
    "campaign_name": "Demo: data engineer in Toronto", "query": "data engineer", "country": "ca",
    "location": "Toronto", "email": "demo@example.com", "date_window": "all",
    "skills": ["python", "sql", "airflow", "aws", "spark"], "min_salary": 100_000, "max_salary": 160_000,
    "currency": "CAD", "remote_preference": ["remote", "hybrid"], "seniority": ["mid", "senior"],
    "employment_type_preference": ["FULL_TIME"], "sources": [{"source": "sample"}], "schedule_cron": None,
}  # fmt: skip


def run_demo(port: int, leave: bool) -> None:
    """Start, show, and end at once if asked to or where there is no terminal to press Ctrl-C in."""
    folder = home()
    leave = leave or not (sys.stdin.isatty() and sys.stdout.isatty())
    screen.print("Starting Posthorn: six services and an embedded PostgreSQL, all on this machine …")
    with launched(folder) as admin_url:
        status = asyncio.run(_demo(admin_url, folder, port, leave))
    if status != "succeeded":
        raise typer.Exit(RUN_FAILED)


async def _demo(admin_url: str, folder: Path, port: int, leave: bool) -> str:
    async with embedded(admin_url, folder, "127.0.0.1", port) as running:
        status = await asyncio.to_thread(_tour, running.url)
        _farewell(running, folder, leave)
        if not leave:
            await running.until_stopped()
        return status


def _tour(url: str) -> str:
    """What a user does, through the front door."""
    client = Client(url)
    campaign = _campaign(client)
    screen.print(f"\nCampaign [bold]{campaign['campaign_name']}[/]: {campaign['query']}, {campaign['location']}")
    run = watch_live(client, client.call("POST", f"/campaigns/{campaign['campaign_id']}/runs")["run_id"])
    best = list(client.pages(f"/campaigns/{campaign['campaign_id']}/jobs", 10))
    screen.print("\n[bold]The ten best jobs[/]")
    screen.print(screens.jobs(best))
    if best:
        screen.print("\n[bold]Why the first is first[/]")
        screen.print(screens.explanation(client.job(best[0]["hash_key"], campaign["campaign_id"])))
    return str(run["status"])


def _campaign(client: Client) -> dict[str, Any]:
    for campaign in client.call("GET", "/campaigns"):
        if campaign["campaign_name"] == CAMPAIGN["campaign_name"]:
            return dict(campaign)
    return dict(client.call("POST", "/campaigns", json=CAMPAIGN))


def _farewell(running: Embedded, folder: Path, leave: bool) -> None:
    screen.print(f"\nThe data is in {folder}.", soft_wrap=True)
    if leave:
        screen.print("Run `posthorn up` to keep the gateway running, or `make demo` in a terminal.")
    else:
        screen.print(f"The gateway is at [bold]{running.url}[/] (API: {running.url}/docs). In another terminal:")
        screen.print(f'  posthorn jobs "{CAMPAIGN["campaign_name"]}"\n  posthorn campaign list')
        screen.print("Stop with Ctrl-C.")
