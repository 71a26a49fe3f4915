"""The command `posthorn`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from posthorn import bronze, campaign, companies, duplicates, quality, quarantine, rules, run, schedule, source
from posthorn.jobs import explain, jobs
from posthorn.replay import backfill, replay

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Collects job postings, makes one clean record of each, and ranks them for your campaigns.",
)
Port = Annotated[int, typer.Option(help="Port of the gateway; another free one is taken where it is in use.")]
Host = Annotated[str, typer.Option(help="Address of the gateway; any but loopback needs POSTHORN_API_KEY.")]


# The services are imported where they are started, so that commands that only ask the gateway answer at once.
@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    processes: Annotated[bool, typer.Option("--processes", help="Six processes over RabbitMQ.")] = False,
) -> None:
    """Run Posthorn until Ctrl-C: all services in one process, or one each with --processes."""
    from posthorn.up import run_embedded, run_processes

    run_processes() if processes else run_embedded(host, port)


@app.command()
def demo(
    port: Port = 8080,
    leave: Annotated[bool, typer.Option("--exit", help="End when the jobs are shown.")] = False,
) -> None:
    """Start Posthorn here, collect the bundled sample and show the ranked jobs."""
    from posthorn.demo import run_demo

    run_demo(port, leave)


@app.command()
def migrate(
    recreate: Annotated[
        bool,
        typer.Option(
            "--recreate-silent-queues",
            help="Delete and declare queues that store nothing; what they held is sent again from the outboxes.",
        ),
    ] = False,
) -> None:
    """Create or update roles, schemas, tables and queues, using DATABASE_URL (an administrator's) and AMQP_URL."""
    from posthorn.up import run_migrations

    run_migrations(recreate)


@app.command()
def fetch(
    source: Annotated[
        str, typer.Argument(help="greenhouse:board=acme, jsearch, or https://boards.greenhouse.io/acme.")
    ],
    query: Annotated[str, typer.Option(help="What to look for, for sources that are searched.")] = "",
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2, for sources that are searched.")] = "us",
    location: Annotated[str | None, typer.Option(help="Such as 'Chicago', for sources that are searched.")] = None,
    page: Annotated[int, typer.Option(min=1, help="The first page to print.")] = 1,
    pages: Annotated[int, typer.Option(min=1, help="How many at most.")] = 1,
    run_id: Annotated[str, typer.Option("--run", help="Any text; the pages bear it.")] = "local",
) -> None:
    """Print pages of a source as the archive keeps them, a JSON object a line: for `posthorn map SOURCE -`.

    Pace, retries and robots.txt are kept to; quotas are not, since their books are in the database. Exit code 1: a
    page could not be read.
    """
    from common.contracts import Campaign
    from posthorn.fetch import Wanted, fetch_pages, query_of

    asked = Campaign(
        campaign_id="local", version=1, campaign_name="local", query=query, country=country, location=location
    )
    fetch_pages(Wanted(query_of(source), asked, page, pages, run_id))


@app.command(name="map")
def map_saved(
    source: Annotated[str, typer.Argument(help="Name of the source, such as greenhouse.")],
    files: Annotated[list[Path], typer.Argument(help="Saved payloads, gzipped or not; - reads standard input.")],
    feed: Annotated[str, typer.Option(help="The board, for sources whose items do not name their employer.")] = "",
    mapping: Annotated[str, typer.Option(help="Of config/files.yml, for the source `files`.")] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines; what a pipe or a file gets anyway.")] = False,
) -> None:
    """Map saved payloads to postings, one JSON object a line; what cannot be mapped goes to standard error.

    A payload is a page, a list of items, an item, an archived page, or JSON Lines of any of these. Exit code 1: some
    could not be mapped.
    """
    from posthorn.map import map_files

    map_files(source, files, feed, mapping, as_json)


@app.command(name="read")
def read_postings(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Postings, a JSON object a line; - or none reads standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines; what a pipe or a file gets anyway.")] = False,
) -> None:
    """Read everything that postings say: pay, places, skills, level, years and more, each with its evidence.

    A line holds {title, company, location, description, …} or a posting as `posthorn map` prints it. Lines that cannot
    be read go to standard error with their number; exit code 1: there were some.
    """
    from posthorn.read import read_files

    read_files(files or [Path("-")], as_json)


Postings = Annotated[
    list[Path] | None, typer.Argument(help="Postings, a JSON object a line, gzipped or not; - or none: standard input.")
]


@app.command()
def dedupe(
    files: Postings = None,
    retained: Annotated[bool, typer.Option("--retained", help="Show also what was alike and kept apart.")] = False,
) -> None:
    """Find postings that are the same job: the cluster of each, with reason and similarity, a JSON object a line."""
    from posthorn.dedupe import dedupe_files

    dedupe_files(files or [Path("-")], retained=retained)


@app.command()
def score(
    campaign: Annotated[Path, typer.Option(help='Criteria as JSON, such as {"query": "nurse", "country": "ca"}.')],
    files: Postings = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From which age is counted; default: today, UTC.")
    ] = None,
) -> None:
    """Score postings, or what `posthorn read` printed, for a campaign, 0 to 100, with the reason of each factor."""
    from posthorn.score import score_files

    score_files(files or [Path("-")], campaign, (as_of or datetime.now(UTC)).date())


@app.command()
def fake_provider(
    port: Annotated[int, typer.Option(help="Port of 127.0.0.1.")] = 9090,
    source: Annotated[list[str] | None, typer.Option(help="Only this source. Repeatable.")] = None,
    payloads: Annotated[Path | None, typer.Option(help="Saved payloads: a folder for each source.")] = None,
    postings: Annotated[int, typer.Option(min=0, max=1_000_000, help="Generated postings of each board.")] = 100,
    fault: Annotated[list[str] | None, typer.Option(help="[SOURCE:]KIND=SHARE, such as html=0.1. Repeatable.")] = None,
) -> None:
    """Stand in for the sources: their postings in their own wire formats, and faults on demand."""
    from posthorn.fake_provider.command import run_fake_provider

    run_fake_provider(port, source or [], payloads, postings, fault or [])


app.add_typer(campaign.app, name="campaign")
app.add_typer(run.app, name="run")
app.add_typer(schedule.app, name="schedule")
app.add_typer(source.app, name="source")
app.add_typer(quality.app, name="quality")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(companies.app, name="companies")
app.add_typer(duplicates.app, name="duplicates")
app.add_typer(bronze.app, name="bronze")
app.add_typer(rules.app, name="rules")
app.command()(replay)
app.command()(backfill)
app.command()(jobs)
app.command()(explain)
