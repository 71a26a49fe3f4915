"""Errors of the ranker, as its routes answer them."""

from common.web import ProblemError


def job_unknown(hash_key: str) -> ProblemError:
    """404: no such job was ever ranked."""
    return ProblemError(404, "No such job", f"The ranker knows no job {hash_key}.")


def campaign_unknown(campaign_id: str) -> ProblemError:
    """404: no such campaign was ever announced."""
    return ProblemError(404, "No such campaign", f"The ranker knows no campaign {campaign_id}.")


def not_valid(detail: str) -> ProblemError:
    """422: the body cannot be read as what it should be."""
    return ProblemError(422, "The request is not valid", detail)
