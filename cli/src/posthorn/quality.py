"""`posthorn quality`: what the quality gate says of a run, and decisions on runs that it has blocked."""

import getpass
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from posthorn.client import Client
from posthorn.output import RUN_FAILED, AsJson, print_json, screen, told


class _ShowUnlessNamed(TyperGroup):
    """`posthorn quality RUN` is `posthorn quality show RUN`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        named = args[0] in self.commands or args[0].startswith("-")
        return super().resolve_command(ctx, args if named else ["show", *args])


app = typer.Typer(
    cls=_ShowUnlessNamed, no_args_is_help=True,
    help="Quality: the gate's verdict on a run, and decisions on blocked runs.",
)  # fmt: skip
Run = Annotated[str, typer.Argument(help="Id of a run.")]
Why = Annotated[str, typer.Option("--reason", help="Why you decide so; it is kept.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; default: your user name.")]
_MARK = {"passed": "green", "failed": "red", "skipped": "dim"}


@app.command()
def show(
    run: Run,
    all_rules: Annotated[bool, typer.Option("--all", help="Also what has passed or was not judged.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the verdict on a run, rule by rule; exit code 4 if the run is blocked."""
    with told():
        found = Client().call("GET", f"/runs/{run}/quality")
    print_json(found) if as_json else screen.print(_verdict(found, all_rules=all_rules))
    if found["gate"] in ("blocked", "discarded"):
        raise typer.Exit(RUN_FAILED)


@app.command()
def release(run: Run, reason: Why, by: By = None, as_json: AsJson = False) -> None:
    """Publish what a blocked run has brought."""
    _decide(run, "release", reason, by, as_json=as_json)


@app.command()
def discard(run: Run, reason: Why, by: By = None, as_json: AsJson = False) -> None:
    """Leave what a blocked run has brought unpublished; for 30 days it can still be released."""
    _decide(run, "discard", reason, by, as_json=as_json)


@app.command()
def rules(as_json: AsJson = False) -> None:
    """Show the rules on runs in config/dq.yml, checked as the gateway does; needs no gateway."""
    from common.settings.rule_files import RulesRefusedError
    from posthorn.quality_rules import rows

    try:
        found = rows()
    except RulesRefusedError as error:
        raise typer.BadParameter(str(error)) from error
    if as_json:
        print_json(found)
        return
    table = Table("rule", "severity", "of each", "holds if", box=None)
    for rule in found:
        table.add_row(rule["reason"], rule["severity"], rule["each"], escape(rule["holds_if"]))
    screen.print(table)


def in_short(quality: dict[str, Any] | None, run_id: str) -> Text | None:
    """The verdict in a line, for the screen of a run; None where nobody has judged it."""
    if quality is None:
        return None
    gate, broken = quality["gate"], quality["critical"]
    mark = "red" if broken else "yellow" if quality["warnings"] else "green"
    line = Text.assemble(("quality  ", "bold"), (gate, mark))
    if broken:
        word = " by" if gate in ("blocked", "discarded") else "  critical:"
        line.append(f"{word} {', '.join(broken)}")
    if quality["warnings"]:
        line.append(f"  warnings: {', '.join(quality['warnings'])}", "dim")
    if broken or quality["warnings"]:
        line.append(f"  (posthorn quality {run_id})", "dim")
    return line


def _decide(run: str, what: str, reason: str, by: str | None, *, as_json: bool) -> None:
    with told():
        decision = {"by": by or getpass.getuser(), "reason": reason}
        found = Client().call("POST", f"/runs/{run}/quality/{what}", json=decision)
    print_json(found) if as_json else screen.print(_verdict(found, all_rules=False))


def _verdict(found: dict[str, Any], *, all_rules: bool) -> Group:
    head = [Text.assemble("run ", (found["run_id"], "bold"), f"  {found['gate'] or 'not judged'}")]
    if found["gate"]:
        head[0].append(f"  rules {found['rules_version']}", "dim")
    if found["held_batches"]:
        doing = "being published" if found["releasing"] else "held"
        head.append(Text(f"{found['held_jobs']} jobs in {found['held_batches']} batches are {doing}", "yellow"))
    table = Table("verdict", "severity", "rule", "source", "why", box=None)
    for r in found["results"]:
        if all_rules or r["verdict"] == "failed":
            mark = _MARK[r["verdict"]]
            table.add_row(Text(r["verdict"], mark), r["severity"], r["reason"], escape(r["source"]), _why(r))
    failed = sum(r["verdict"] == "failed" for r in found["results"])
    counted = Text(f"{failed} of {len(found['results'])} comparisons failed", "dim")
    made = [
        Text(f"{d['at'][:16].replace('T', ' ')} {d['action']} by {d['by']}: {d['reason']}") for d in found["decisions"]
    ]
    return Group(*head, *([table] if table.row_count else []), counted, *made)


def _why(result: dict[str, Any]) -> Text:
    text = Text(result["detail"])
    for job in result["evidence"].get("jobs", []):
        text.append(f"\n{job['hash_key'][:8]}  {job['title'] or '(no title)'}, {job['company'] or '?'}", "dim")
    return text
