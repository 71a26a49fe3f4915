"""Takes credentials out of whatever is kept or shown."""

import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

_MASK = "***"
#: Shorter values would take ordinary words apart.
_SHORTEST = 4


class Redaction:
    """Knows a source's credentials in the spellings in which a server may echo them."""

    def __init__(self, credentials: Iterable[SecretStr]) -> None:
        values = {c.get_secret_value() for c in credentials}
        spelled = {
            spelling
            for value in values
            if len(value) >= _SHORTEST
            for spelling in (value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1])
        }
        # A longer one may hold a shorter one.
        self._texts = sorted(spelled, key=len, reverse=True)
        self._bytes = [text.encode() for text in self._texts]

    def holds(self, text: str) -> bool:
        """Whether a credential stands in the text."""
        return any(secret in text for secret in self._texts)

    def text(self, text: str) -> str:
        """The text without credentials."""
        for secret in self._texts:
            text = text.replace(secret, _MASK)
        return text

    def body(self, body: bytes) -> bytes:
        """An answer without credentials."""
        for secret in self._bytes:
            if secret in body:
                body = body.replace(secret, _MASK.encode())
        return body
