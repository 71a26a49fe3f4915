"""Secrets and signatures of Standard Webhooks."""

import base64
from datetime import datetime

from standardwebhooks import Webhook

#: Bytes of a secret; the specification asks for 24 to 64.
SECRET_BYTES = 32


def secret(random: bytes) -> str:
    """The secret made of 24 to 64 random bytes, in the form `whsec_<base64>`."""
    if not 24 <= len(random) <= 64:
        raise ValueError(f"a secret has 24 to 64 bytes, not {len(random)}")
    return f"whsec_{base64.b64encode(random).decode()}"


def signed_headers(endpoint_secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers by which the receiver verifies the message; `at` is the time of this attempt."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(endpoint_secret).sign(message_id, at, body.decode()),
    }
