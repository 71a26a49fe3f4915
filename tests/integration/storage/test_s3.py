"""The object store on S3 (moto): conditional put, digest in the metadata, listing, and a server that fails."""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import ThreadedMotoServer

from common.storage import (
    DamagedObjectError,
    LifecycleRule,
    ObjectStore,
    StorageUnavailableError,
    lifecycle,
    put_lifecycle,
)

KEY = "bronze/jsearch/date=2025/08/19/run=a%20b/page=0001.json.gz"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """One server for all: its first answer, which loads it, takes seconds on a busy machine."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.put(f"{url}/archive", timeout=60).raise_for_status()
    yield url
    moto.stop()


@pytest.fixture
def endpoint(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    httpx.post(f"{server}/moto-api/reset", timeout=60).raise_for_status()
    httpx.put(f"{server}/archive", timeout=60).raise_for_status()
    return server


async def test_put_if_absent_keeps_the_first_object_and_its_digest(endpoint: str) -> None:
    store = ObjectStore.from_url("s3://archive/pre/fix")
    assert await store.put_if_absent(KEY, b"first", {"run": "a b"})
    assert not await store.put_if_absent(KEY, b"second")
    assert await store.get(KEY) == b"first"
    assert [o.key async for o in store.list("bronze/jsearch")] == [KEY]
    assert not await store.exists("bronze/other")


async def test_damage_in_the_bucket_is_seen_on_reading(endpoint: str) -> None:
    store = ObjectStore.from_url("s3://archive")
    await store.put_if_absent("page", b"whole")
    await store._store.put_async("page", b"h4cked", attributes={"sha256": hashlib.sha256(b"whole").hexdigest()})
    with pytest.raises(DamagedObjectError):
        await store.get("page")


async def test_a_missing_bucket_is_an_outage_not_an_absent_page(endpoint: str) -> None:
    with pytest.raises(StorageUnavailableError):
        await ObjectStore.from_url("s3://nobody-made-this").put_if_absent("page", b"1")


async def test_a_server_that_stumbles_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ["500 Internal Server Error", "503 Slow Down", "200 OK"]
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
        asked.append(head)
        writer.write(
            f'HTTP/1.1 {answers[len(asked) - 1]}\r\nETag: "1"\r\n'.encode()
            + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        )
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y", "REGION": "us-east-1"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        assert await ObjectStore.from_url("s3://archive").put_if_absent("page", b"1")
    assert len(asked) == 3
    assert all("if-none-match: *" in head and "x-amz-checksum-sha256" in head for head in asked)


async def test_a_bucket_takes_our_lifecycle_beside_the_rules_of_others(endpoint: str) -> None:
    s3 = boto3.client("s3", endpoint_url=endpoint)
    theirs = {"ID": "gold", "Filter": {"Prefix": "gold/"}, "Status": "Enabled", "Expiration": {"Days": 400}}
    s3.put_bucket_lifecycle_configuration(Bucket="archive", LifecycleConfiguration={"Rules": [theirs]})
    await put_lifecycle("s3://archive/pre", [LifecycleRule("bronze/", 90, 30)])
    await put_lifecycle(
        "s3://archive/pre", [LifecycleRule("bronze/", 180, 30), LifecycleRule("bronze/jsearch/", 20, 30)]
    )
    found = s3.get_bucket_lifecycle_configuration(Bucket="archive")["Rules"]
    said = {rule["Filter"]["Prefix"]: (rule["Expiration"]["Days"], rule.get("Transitions")) for rule in found}
    tier = [{"Days": 30, "StorageClass": "GLACIER_IR"}]
    assert said == {"gold/": (400, None), "pre/bronze/": (180, tier), "pre/bronze/jsearch/": (20, None)}


async def test_a_refused_lifecycle_says_why(endpoint: str) -> None:
    with pytest.raises(StorageUnavailableError, match="NoSuchBucket"):
        await put_lifecycle("s3://nobody-made-this", [LifecycleRule("bronze/", 180)])


async def test_the_signature_is_the_one_that_aws_libraries_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    url = "https://s3.eu-central-1.amazonaws.com/archive?lifecycle="
    request = AWSRequest("PUT", url, {"content-md5": "x"}, b"body")
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: now.replace(tzinfo=None))
    S3SigV4Auth(Credentials("key", "secret"), "s3", "eu-central-1").add_auth(request)
    ours = lifecycle._signed("PUT", url, "eu-central-1", {"content-md5": "x"}, b"body", now)
    theirs = request.headers["Authorization"]
    assert ours["x-amz-date"] == request.headers["X-Amz-Date"]
    assert ours["authorization"].split("Signature=")[1] == theirs.split("Signature=")[1]
