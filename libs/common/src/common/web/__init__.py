"""The HTTP skeleton of a service: health, readiness, metrics and problem details."""

from common.web.app import create_service_app
from common.web.problems import Problem, ProblemError
from common.web.serving import run_service

__all__ = ["Problem", "ProblemError", "create_service_app", "run_service"]
