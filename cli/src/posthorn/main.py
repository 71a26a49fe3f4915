"""The command `posthorn`."""

from typing import Annotated

import typer

from posthorn import campaign, quarantine, run
from posthorn.jobs import explain, jobs

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


app.add_typer(campaign.app, name="campaign")
app.add_typer(run.app, name="run")
app.add_typer(quarantine.app, name="quarantine")
app.command()(jobs)
app.command()(explain)
