"""Tables for people: rule sets, which one every service goes by, and what was done with them."""

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Column, Table

from posthorn.screens import moment


def rules(found: dict[str, Any]) -> RenderableType:
    """What is in use where, all sets, and the book of changes."""
    sets = Table(_fixed("rule set"), "files", "added", "in use", box=None)
    for each in found["sets"]:
        names, active = ", ".join(each["files"]) or "as shipped", "yes" if each["active"] else ""
        sets.add_row(each["version"], names, moment(each["added_at"]), active)
    changes = Table("when", "what", _fixed("rule set"), "by", "reason", box=None)
    for change in found["changes"]:
        what = change["action"] + (f" #{change['activation']}" if change["activation"] else "")
        changes.add_row(
            moment(change["at"]), what, change["version"], escape(change["by"]), escape(change["reason"])
        )  # fmt: skip
    return Group(_in_use(found), _services(found), *([sets, changes] if found["changes"] else []))


def activated(found: dict[str, Any]) -> RenderableType:
    """What is in use now, and to what it applies."""
    return Group(_in_use(found), _services(found), f"[dim]{escape(found['applies'])}[/]")


def files(found: dict[str, Any]) -> RenderableType:
    """The files of one set."""
    table = Table("file", Column("characters", justify="right"), box=None)
    for name, text in found["files"].items():
        table.add_row(name, str(len(text)))
    return Group(f"rule set [bold]{found['version']}[/]", table)


def _in_use(found: dict[str, Any]) -> str:
    number = f" (activation {found['activation']})" if found["activation"] else ""
    return f"rules in use: [bold]{found['version']}[/]{number}"


def _services(found: dict[str, Any]) -> Table:
    table = Table("service", "state", _fixed("goes by"), "why not", box=None)
    for each in found["services"]:
        here = each["rules"] or {}
        why = escape(here.get("refused") or "")
        table.add_row(each["service"], each["state"].replace("_", " "), here.get("in_use") or "?", why)
    return table


def _fixed(header: str) -> Column:
    return Column(header, no_wrap=True)
