"""PostgreSQL: engine, bulk writes, roles, migrations and the embedded server."""

from common.database.bulk import bulk_upsert
from common.database.engine import check, create_engine
from common.database.schema_version import assert_current

__all__ = ["assert_current", "bulk_upsert", "check", "create_engine"]
