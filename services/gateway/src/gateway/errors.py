"""What can go wrong at the gateway, as problem details."""

from common.web import ProblemError


class InvalidRulesError(ValueError):
    """A rules file that cannot be used as it is; the message names the rule and says what it may be."""


def campaign_missing() -> ProblemError:
    """No campaign of that id."""
    return ProblemError(404, "No such campaign", "List campaigns with GET /campaigns.")


def run_missing() -> ProblemError:
    """No run of that id."""
    return ProblemError(404, "No such run", "List runs with GET /runs.")


def job_missing() -> ProblemError:
    """No job of that key."""
    return ProblemError(404, "No such job", "A job is named by its hash_key of 32 hex digits.")


def service_unavailable(service: str) -> ProblemError:
    """The service that owns the answer does not answer."""
    detail = f"The {service} owns this and does not answer now; try again."
    return ProblemError(503, f"{service} is not available", detail, {"Retry-After": "5"})
