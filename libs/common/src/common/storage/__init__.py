"""Objects by key on a file system or an S3 bucket, written once and checked on reading."""

from common.storage.object_store import (
    DamagedObjectError,
    ObjectMissingError,
    ObjectStore,
    StorageUnavailableError,
    StoredObject,
)

__all__ = ["DamagedObjectError", "ObjectMissingError", "ObjectStore", "StorageUnavailableError", "StoredObject"]
