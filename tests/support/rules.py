"""Rules that stay as they are, where a test needs no rule sets."""

from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers
from common.settings.rule_files import RuleFiles

R = TypeVar("R")


class FixedRules(Generic[R]):
    """A source of the same rules for everybody."""

    def __init__(self, rules: R) -> None:
        self.rules = rules
        self.files = RuleFiles()

    async def current(self) -> R:
        return self.rules

    async def of(self, headers: Headers) -> R:
        return self.rules

    async def within(self, conn: AsyncConnection) -> R:
        return self.rules
