"""Headers for messages that are not ours, so that even they are accounted for."""

import hashlib
from datetime import UTC, datetime

from common.contracts import Headers, event_id
from common.messaging.protocol import FOREIGN


def foreign_headers(name: str, body: bytes) -> Headers:
    """Made-up headers of a message that its broker knows by `name`; it belongs to no run."""
    unit = f"{FOREIGN}:{name}"
    return Headers(
        event_id=event_id("", unit, FOREIGN), event_type=FOREIGN, run_id="", unit_id=unit, stage="",
        first_at=datetime.now(UTC), sha256=hashlib.sha256(body).hexdigest(), encoding="",
    )  # fmt: skip
