"""The HTTP skeleton of a service: health, readiness, metrics and problem details."""

from common.web.app import create_service_app, run_service
from common.web.problems import Problem, ProblemError

__all__ = ["Problem", "ProblemError", "create_service_app", "run_service"]
