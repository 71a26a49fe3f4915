"""The one way a contract class is declared: frozen, keyword-only, defaults left off the wire."""

import msgspec


class Contract(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that crosses a service border. Unknown fields are ignored, so that fields can be added."""
