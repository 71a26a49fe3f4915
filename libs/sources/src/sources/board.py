"""Boards of employers: what systems share that give each employer a board, and how web addresses are read."""

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from common.contracts import SourceQuery
from sources.adapter import SourceAdapter
from sources.page import path_safe


@dataclass(frozen=True, slots=True)
class Address:
    """A web address taken apart: the host in lower case, the decoded non-empty parts of the path, the parameters."""

    host: str
    parts: tuple[str, ...]
    query: Mapping[str, str]

    def part(self, index: int) -> str | None:
        """One part of the path, counted from 0; None behind the last."""
        return self.parts[index] if index < len(self.parts) else None

    def below(self, domain: str) -> str | None:
        """The one label before the domain: `acme` for acme.recruitee.com below `recruitee.com`."""
        label = self.host.removesuffix(f".{domain}")
        return label if label and label != self.host and "." not in label else None


def address_of(written: str) -> Address | None:
    """The address as a person or a page writes it, with or without `https://`; None if it is no web address."""
    given = written.strip().removeprefix("//")
    try:
        split = urlsplit(given if "://" in given else f"https://{given}")
        host = (split.hostname or "").rstrip(".")
        query = dict(parse_qsl(split.query, max_num_fields=100))
    except ValueError:  # such as an unclosed [ in the host
        return None
    if split.scheme.lower() not in {"http", "https"} or not host:
        return None
    return Address(host, tuple(unquote(part) for part in split.path.split("/") if part), query)


class BoardAdapter(SourceAdapter):
    """A source that gives each employer a board, `params: {board: acme}`; a read shows all open postings of it.

    `reserved` are names that stand in addresses where a board could, and are none.
    """

    lists_all = True
    reserved: frozenset[str] = frozenset()
    #: What boards may be called; never a thing that could leave its place in a path or a host name.
    board_pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

    @abstractmethod
    def board_at(self, address: Address) -> str | None:
        """The employer's name in an address of this system; None for other addresses. Hosts are compared whole."""

    def board(self, query: SourceQuery) -> str:
        """The board's name, quoted for a path."""
        return quote(str(query.params.get("board", "")), safe="")

    def check(self, query: SourceQuery) -> list[str]:
        """A board is needed."""
        board = query.params.get("board")
        if not isinstance(board, str) or not board.strip():
            return [f"{self.name} needs params.board: the employer's name in its board's address"]
        if not self.board_pattern.fullmatch(board) or board.lower() in self.reserved:
            return [f"params.board {board!r} is no name of a board of {self.name}"]
        return []

    def feed(self, query: SourceQuery) -> str:
        """The board."""
        return path_safe(str(query.params.get("board", "")))

    def query_for(self, address: str) -> SourceQuery | None:
        """The board that an address, also of a single job, belongs to."""
        found = address_of(address)
        params = self.params_at(found) if found else None
        query = SourceQuery(source=self.name, params=params) if params else None
        return query if query and not self.check(query) else None

    def params_at(self, address: Address) -> dict[str, Any] | None:
        """The parameters of the query that reads the board of this address."""
        board = self.board_at(address)
        return {"board": board} if board else None

    def employer_at(self, address: str | None) -> str | None:
        """The employer's name in the address of a posting, for payloads that do not name it."""
        found = address_of(address) if address else None
        return self.board_at(found) if found else None
