"""Rules on who may import whom."""

from collections.abc import Iterator

from tests.architecture.tree import SERVICES, SourceFile

_IMPURE = {
    "sqlalchemy",
    "asyncpg",
    "alembic",
    "aio_pika",
    "fastapi",
    "starlette",
    "httpx",
    "asyncio",
    "obstore",
    "uvicorn",
}
_IMPURE_COMMON = {"messaging", "database", "web", "storage", "testing"}
#: What each layer may import of ours; services may not import each other.
_ALLOWED = {
    "common": {"common"},
    "sources": {"common", "sources"},
    **{service: {"common", "sources", service} for service in SERVICES},
    "posthorn": {"common", "sources", "posthorn", *SERVICES},
}


def aio_pika_in_messaging_only(file: SourceFile) -> Iterator[str]:
    """The broker library stays behind the broker protocol."""
    if file.top_package is None or "/common/messaging/" in file.path:
        return
    for line, name in file.imports():
        if name.split(".")[0] in {"aio_pika", "aiormq", "pamqp"}:
            yield f"{file.path}:{line} imports {name}: only common.messaging may"


def layers(file: SourceFile) -> Iterator[str]:
    """`common` knows nobody, `sources` knows common, a service knows both, only the command knows services."""
    if file.top_package is None:
        return
    allowed = _ALLOWED.get(file.top_package, set())
    for line, name in file.imports():
        top = name.split(".")[0]
        if top in _ALLOWED and top not in allowed:
            yield f"{file.path}:{line} {file.top_package} imports {name}"


def pure_domain(file: SourceFile) -> Iterator[str]:
    """Domain code neither waits nor speaks to anything."""
    if not file.in_domain:
        return
    for line, name in file.imports():
        top, _, rest = name.partition(".")
        if top in _IMPURE or (top == "common" and rest.split(".")[0] in _IMPURE_COMMON):
            yield f"{file.path}:{line} domain imports {name}"
        if top == file.top_package and rest and not rest.startswith(("domain", "errors")):
            yield f"{file.path}:{line} domain imports {name}, which is around it"
    for number, text in enumerate(file.text.splitlines(), 1):
        if text.lstrip().startswith("async def"):
            yield f"{file.path}:{number} domain has an async def"


IMPORT_RULES = (aio_pika_in_messaging_only, layers, pure_domain)
