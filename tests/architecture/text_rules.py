"""Rules on the text of a single file."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import SourceFile

_FILE_LINES, _FUNCTION_LINES = 400, 60
_EMPTY_NAMES = {"util", "utils", "helper", "helpers", "misc", "base", "manager", "common_utils"}
_SENTENCE_BREAK = re.compile(r"[.!?]\s+[A-Z]")
_NOQA = re.compile(r"#\s*noqa(?!: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*\s+(#|-) \S)", re.IGNORECASE)
_TYPE_IGNORE = re.compile(r"#\s*type:\s*ignore(?!\[[a-z-]+(, ?[a-z-]+)*\]\s+(#|-) \S)")
# Spelled in pieces, so that this file keeps its own rule.
_MACHINE_PATH = re.compile(
    r"(^|[\s\"'(=:])/(" + "|".join(["wo" + "rk", "fa" + "rm", "ro" + "ot", "ho" + r"me/\w+"]) + ")/"
)
_UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME"]) + r")\b")


def short_file(file: SourceFile) -> Iterator[str]:
    """A file has 400 lines at most."""
    if (lines := file.text.count("\n")) > _FILE_LINES:
        yield f"{file.path}: {lines} lines, {_FILE_LINES} at most"


def short_functions(file: SourceFile) -> Iterator[str]:
    """A function has 60 lines at most."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > _FUNCTION_LINES:
                yield f"{file.path}:{node.lineno} {node.name}: {lines} lines, {_FUNCTION_LINES} at most"


def telling_name(file: SourceFile) -> Iterator[str]:
    """No file or folder is named after nothing in particular."""
    for part in Path(file.path).with_suffix("").parts:
        if part in _EMPTY_NAMES:
            yield f"{file.path}: the name {part} says nothing"


def one_sentence_docstring(file: SourceFile) -> Iterator[str]:
    """A module says in one sentence what it is."""
    if not file.text.strip():
        return
    text = ast.get_docstring(file.tree)
    if not text:
        yield f"{file.path}: no module docstring"
    elif not text.endswith(".") or "\n\n" in text or _SENTENCE_BREAK.search(text):
        yield f"{file.path}: the module docstring is not one sentence"


def reasons_for_exceptions(file: SourceFile) -> Iterator[str]:
    """A rule that is switched off names itself and the reason: `# noqa: X1 - why`, `# type: ignore[x]  # why`."""
    for number, line in enumerate(file.text.splitlines(), 1):
        if _NOQA.search(line) or _TYPE_IGNORE.search(line):
            yield f"{file.path}:{number} switches a rule off without saying which and why"


def no_process_context(file: SourceFile) -> Iterator[str]:
    """aio-pika's `process()` loses the message when its task is cancelled."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "process":
            yield f"{file.path}:{node.lineno} calls .process(): acknowledge explicitly"


def no_print(file: SourceFile) -> Iterator[str]:
    """In the product only the command talks to a terminal; a tool that must says so on the line."""
    if file.top_package in {None, "posthorn"}:
        return
    lines = file.text.splitlines()
    for node in ast.walk(file.tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id == "print" and "T201" not in lines[called.lineno - 1]:
            yield f"{file.path}:{called.lineno} prints"


def settings_are_built_at_start(file: SourceFile) -> Iterator[str]:
    """Importing a module reads no environment."""
    if file.top_package is None:
        return
    for node in file.tree.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) else None
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id.endswith("Settings"):
            yield f"{file.path}:{node.lineno} builds settings at import"


def campaign_is_the_word(file: SourceFile) -> Iterator[str]:
    """A search is a campaign, never a profile."""
    if file.top_package is None:
        return
    for node in ast.walk(file.tree):
        names = (getattr(node, attribute, None) for attribute in ("id", "attr", "arg", "name"))
        if any(isinstance(name, str) and "profile" in name.lower() for name in names):
            yield f"{file.path}:{getattr(node, 'lineno', 0)} says profile: the word is campaign"


def no_machine_paths(file: SourceFile) -> Iterator[str]:
    """No file names a place of the machine it was written on."""
    for number, line in enumerate(file.text.splitlines(), 1):
        if _MACHINE_PATH.search(line):
            yield f"{file.path}:{number} names an absolute path of a machine"


def nothing_unfinished(file: SourceFile) -> Iterator[str]:
    """What is left to do stands in an issue."""
    for number, line in enumerate(file.text.splitlines(), 1):
        if _UNFINISHED.search(line):
            yield f"{file.path}:{number} leaves something to do"


PYTHON_RULES = (
    short_file, short_functions, telling_name, one_sentence_docstring, reasons_for_exceptions, no_process_context,
    no_print, settings_are_built_at_start, campaign_is_the_word, nothing_unfinished,
)  # fmt: skip
TEXT_RULES = (no_machine_paths,)
