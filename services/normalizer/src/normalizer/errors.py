"""Errors of the normalizer."""


class InvalidRulesError(ValueError):
    """A rules file that cannot be used as it is; the message names the rule and says what it may be."""


class RejectedError(Exception):
    """One item that the quality gate or its source's mapping turns away, with a short reason code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
