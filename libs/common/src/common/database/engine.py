"""The SQLAlchemy engine of a service, with a bound on every wait."""

import asyncio

import sqlalchemy as sa
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

#: Seconds to open a connection, and to open the one that carries a cancellation.
CONNECT_SECONDS = 3
#: Seconds the server works on one statement.
STATEMENT_SECONDS = 5
#: Seconds a statement waits for a lock.
LOCK_SECONDS = 4
#: Seconds until the client gives up on the server: after its own limit, so that this means a silent server.
COMMAND_SECONDS = 6
#: Seconds to wait for a free connection of the pool.
POOL_SECONDS = 5
#: Seconds an open transaction may do nothing before the server ends it.
IDLE_IN_TRANSACTION_SECONDS = 30
#: The server finds within 25 s that a client has vanished. Between the messages of one statement it minds neither the
#: time-out of the statement nor that of an idle transaction, and would hold the locks for hours.
_KEEPALIVES = {
    "tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3", "tcp_user_timeout": "25s",
}  # fmt: skip
#: Seconds `check` waits for its answer; giving up may take the driver 2 more to close the connection.
CHECK_SECONDS = 2.5


def create_engine(url: str, *, role_application: str, pool_size: int = 4) -> AsyncEngine:
    """An engine on asyncpg for `postgresql://` or `postgresql+asyncpg://` URLs; it connects at first use.

    No await on it takes longer than 10 s, a frozen server included. A statement that needs more than
    `STATEMENT_SECONDS` has to be split. `role_application` is shown as application_name in pg_stat_activity.
    """
    engine = create_async_engine(
        asyncpg_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": COMMAND_SECONDS,
            "server_settings": {
                "application_name": role_application,
                "statement_timeout": f"{STATEMENT_SECONDS}s",
                "lock_timeout": f"{LOCK_SECONDS}s",
                "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
                **_KEEPALIVES,
                "timezone": "UTC",
                "jit": "off",  # compiling costs more than our short statements
            },
        },
    )
    sa.event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def asyncpg_url(url: str) -> sa.URL:
    """The URL with the driver that SQLAlchemy needs; ValueError for anything that is not PostgreSQL."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ValueError(f"not a PostgreSQL URL: {parsed.render_as_string(hide_password=True)}")
    return parsed.set(drivername="postgresql+asyncpg")


async def check(engine: AsyncEngine) -> None:
    """Raise (SQLAlchemyError, OSError or TimeoutError) unless the database answers a query within 5 s."""
    async with asyncio.timeout(CHECK_SECONDS):
        async with engine.connect() as connection:
            await connection.execute(sa.text("select 1"))


def _refuse_closed(driver: object, entry: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
    """After a restart of the server the pool holds dead sockets: asyncpg knows without a round trip."""
    connection = entry.driver_connection
    if connection is not None and connection.is_closed():
        raise DisconnectionError("closed by the server")
