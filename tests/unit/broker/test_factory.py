"""Which broker a service gets."""

import sys

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from common.messaging.factory import open_broker
from common.messaging.postgres import PostgresBroker

_ENGINE = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")


@pytest.mark.parametrize("url", [None, "postgres"])
def test_without_a_url_messages_are_kept_in_postgresql(url: str | None) -> None:
    assert isinstance(open_broker(url, _ENGINE, namespace="n", service="s"), PostgresBroker)


@pytest.mark.parametrize("url", ["amqp://localhost", "amqps://localhost"])
async def test_an_amqp_url_means_rabbitmq(url: str) -> None:
    assert type(open_broker(url, _ENGINE, namespace="n", service="s")).__name__ == "RabbitBroker"


@pytest.mark.parametrize("url", ["", "http://localhost", "redis://localhost"])
def test_any_other_url_is_an_error_that_does_not_show_it(url: str) -> None:
    with pytest.raises(ValueError, match="amqp://"):
        open_broker(url + "?password=secret" if url else url, _ENGINE, namespace="n", service="s")
    assert "secret" not in str(sys.exc_info())
