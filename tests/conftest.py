"""Fixtures for all tests; what they do is in tests/support."""

from tests.support.data import shared_data
from tests.support.servers import database, namespace, postgres_process, postgres_server, rabbitmq

__all__ = ["database", "namespace", "postgres_process", "postgres_server", "rabbitmq", "shared_data"]
