"""Objects by key on a file system or an S3 bucket, written once and checked on reading."""

from common.storage.lifecycle import LifecycleRule, is_bucket, put_lifecycle
from common.storage.object_store import (
    DamagedObjectError,
    ObjectMissingError,
    ObjectStore,
    StorageUnavailableError,
    StoredObject,
)

__all__ = [
    "DamagedObjectError",
    "LifecycleRule",
    "ObjectMissingError",
    "ObjectStore",
    "StorageUnavailableError",
    "StoredObject",
    "is_bucket",
    "put_lifecycle",
]
