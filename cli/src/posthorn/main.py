"""The command `posthorn`."""

import typer

from posthorn import campaign, run
from posthorn.demo import demo
from posthorn.jobs import explain, jobs
from posthorn.up import migrate, up

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Collects job postings, makes one clean record of each, and ranks them for your campaigns.",
)
app.command()(up)
app.command()(demo)
app.command()(migrate)
app.add_typer(campaign.app, name="campaign")
app.add_typer(run.app, name="run")
app.command()(jobs)
app.command()(explain)
