"""Logs, metrics and traces, the same in every service."""

from common.telemetry.logs import configure_logging
from common.telemetry.tracing import configure_tracing

__all__ = ["configure_logging", "configure_tracing"]
