"""The rules that a service goes by: those activated last, those of a replay, switched without a restart."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Generic, Protocol, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts import Headers
from common.messaging.errors import PermanentError
from common.messaging.health import is_infrastructure
from common.messaging.rule_set_store import RuleSetStore, RuleState
from common.settings.rule_files import RuleFiles, RulesRefusedError, fault_of
from common.telemetry.metrics import RULES_ACTIVATION, RULES_REFUSED

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
#: Every process of a service asks its database this often, at most, which rules are activated.
LOOK_SECONDS = 1.0
#: Rules kept ready beside those in use: a candidate that a replay reads by.
_MOST_BUILT = 2
_log = structlog.get_logger()


class RuleSource(Protocol[R_co]):
    """Where handlers get their rules from."""

    @property
    def files(self) -> RuleFiles: ...

    async def current(self) -> R_co: ...

    async def of(self, headers: Headers) -> R_co: ...

    async def within(self, conn: AsyncConnection) -> R_co: ...


class RuleSets(Generic[R]):
    """Rule sets of one service, that reads the files in `names` and makes rules of them by `build`.

    What cannot be used is refused, and the set that was activated before it stays in use. All processes of the service
    see the same, since it is kept in their database.
    """

    def __init__(self, service: str, names: Collection[str], build: Callable[[RuleFiles], R]) -> None:
        self.service = service
        self.names = tuple(names)
        self.state = RuleState()
        self._store = RuleSetStore(service)
        self._build = build
        self._built: OrderedDict[str, asyncio.Task[R]] = OrderedDict()
        self._in_use: tuple[RuleFiles, R] | None = None
        self._known: dict[str, RuleFiles] = {}
        self._looked = -LOOK_SECONDS
        self._engine: AsyncEngine | None = None

    async def open(self, engine: AsyncEngine) -> None:
        """Use this database; what was refused is tried again, as this may be another build of the service."""
        self._engine = engine
        async with engine.begin() as conn:
            state = await self._store.state(conn)
            if state.refused is not None:
                await self._store.refuse(conn, state.version, None)

    @property
    def files(self) -> RuleFiles:
        """The files in use, as far as this service reads them."""
        return self._in_use[0] if self._in_use else RuleFiles()

    @property
    def trouble(self) -> str | None:
        """Why other rules are in use than those activated, in words."""
        if self.state.refused is None:
            return None
        return f"rule set {self.state.version} is refused, {self.state.in_use} stays in use: {self.state.refused}"

    async def current(self) -> R:
        """The rules in use; what was activated is seen within a second."""
        if self._in_use is None or time.monotonic() - self._looked >= LOOK_SECONDS:
            return await self._look()
        return self._in_use[1]

    async def within(self, conn: AsyncConnection) -> R:
        """The rules in use as of this transaction."""
        state, files = await self._activated(conn)
        rules = await self._switch(state, files)
        # Refused a moment ago: that is written down in a transaction of its own, and read by the next statement.
        return await self.within(conn) if rules is None else rules

    async def of(self, headers: Headers) -> R:
        """The rules for a message: in a replay that tries a set these, else those in use."""
        if not headers.rule_set:
            return await self.current()
        async with self._database.connect() as conn:
            files = await self._files(conn, headers.rule_set)
        if files is None:
            raise PermanentError("rule_set_unknown", f"{self.service} has no rule set {headers.rule_set}", ours=False)
        try:
            return await self._ready(files.only(self.names))
        except RulesRefusedError as error:
            raise PermanentError("rule_set_refused", str(error), ours=False) from error

    async def add(self, files: RuleFiles) -> None:
        """Store a set that replays may try; RulesRefusedError where it cannot be used here."""
        await self._tried(files)
        async with self._database.begin() as conn:
            await self._store.keep(conn, files)

    async def activate(self, files: RuleFiles, activation: int) -> None:
        """Use the set from now on, unless one was activated later; where it cannot be used, say so and go on."""
        try:
            await self._tried(files)
            refused = None
        except RulesRefusedError as error:
            refused = str(error)
        async with self._database.begin() as conn:
            await self._store.keep(conn, files, activation, refused)
        await self._look()

    async def _look(self) -> R:
        """See what is activated; no connection is kept while rules are made, which may take seconds."""
        while True:
            looked = time.monotonic()
            async with self._database.connect() as conn:
                state, files = await self._activated(conn)
            if (rules := await self._switch(state, files)) is not None:
                self._looked = looked
                return rules

    async def _activated(self, conn: AsyncConnection) -> tuple[RuleState, RuleFiles]:
        state = await self._store.state(conn)
        return state, (await self._files(conn, state.in_use) or RuleFiles()).only(self.names)

    async def _switch(self, state: RuleState, files: RuleFiles) -> R | None:
        """Go by these rules from now on; None where they cannot be used, so that others are."""
        try:
            rules = await self._ready(files)
        except Exception as error:
            if is_infrastructure(error) or not files.changed:
                raise
            await self._refuse(state.in_use, error)
            return None
        if state != self.state:
            _log.info("rules_in_use", rule_set=state.in_use, activation=state.activation, refused=state.refused)
        self.state, self._in_use = state, (files, rules)
        RULES_ACTIVATION.labels(self.service).set(state.activation)
        RULES_REFUSED.labels(self.service).set(state.refused is not None)
        return rules

    @property
    def _database(self) -> AsyncEngine:
        if self._engine is None:
            raise RuntimeError("rule sets are used before they were opened")
        return self._engine

    async def _tried(self, files: RuleFiles) -> None:
        """RulesRefusedError where rules cannot be made of the set, for whatever reason."""
        read = files.only(self.names)
        try:
            await self._ready(read)
        except RulesRefusedError:
            raise
        except Exception as error:
            if is_infrastructure(error):
                raise
            raise _refused(read, error) from error

    async def _files(self, conn: AsyncConnection, version: str) -> RuleFiles | None:
        if version not in self._known:
            found = await self._store.files(conn, version)
            if found is None:
                return None
            self._known = {**dict(list(self._known.items())[-_MOST_BUILT:]), version: found}
        return self._known[version]

    async def _ready(self, files: RuleFiles) -> R:
        """Rules made of these files, once however many ask; made in a thread, as it may take seconds."""
        if self._in_use and self._in_use[0] == files:
            return self._in_use[1]
        if files.version not in self._built:
            self._built[files.version] = asyncio.create_task(asyncio.to_thread(self._build, files))
            while len(self._built) > _MOST_BUILT:
                self._built.popitem(last=False)
        self._built.move_to_end(files.version)
        return await asyncio.shield(self._built[files.version])

    async def _refuse(self, version: str, error: Exception) -> None:
        _log.error("rules_refused", rule_set=version, error=str(error))
        async with self._database.begin() as conn:
            await self._store.refuse(conn, version, str(error) or repr(error))


def _refused(files: RuleFiles, error: Exception) -> RulesRefusedError:
    """Faults that show only when all files are put together."""
    return RulesRefusedError([fault_of(", ".join(files.changed), error)])
