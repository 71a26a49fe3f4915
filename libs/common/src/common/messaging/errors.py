"""How a handler says what kind of failure it met."""


class RetryLaterError(Exception):
    """Transient: try the unit again after `delay` seconds; after too many attempts it becomes permanent."""

    def __init__(self, reason: str, delay: float = 5.0) -> None:
        super().__init__(reason)
        self.delay = delay


class PermanentError(Exception):
    """The unit can never succeed as it is: quarantine it under `reason` (a short snake_case code).

    `ours` False where a source is to blame: however many such units there are, the breaker leaves the stage running.
    """

    def __init__(self, reason: str, detail: str = "", *, ours: bool = True) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.ours = ours
