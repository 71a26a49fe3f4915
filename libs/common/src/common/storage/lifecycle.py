"""The lifecycle of a bucket: when its objects move to cheaper storage and when they are removed."""

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

import httpx

from common.storage.object_store import StorageUnavailableError

#: What the ids of our own rules begin with.
_OURS = "posthorn-"
_NOTHING_YET = "NoSuchLifecycleConfiguration"
_RULES = re.compile(r"<Rule>.*?</Rule>", re.DOTALL)
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """For objects under a prefix, in days after they were stored; `tier_days` None: they stay where they are."""

    prefix: str
    expire_days: int
    tier_days: int | None = None


def is_bucket(url: str) -> bool:
    """Whether objects of this storage URL lie in a bucket, which keeps such rules itself."""
    return urlsplit(url).scheme == "s3"


async def put_lifecycle(url: str, rules: Sequence[LifecycleRule]) -> None:
    """Give the bucket these rules in place of those given before; StorageUnavailableError says why it could not be.

    Rules of other people stay. The object store has no call for it, so requests are signed here, with
    AWS_ACCESS_KEY_ID and its companions.
    """
    parts = urlsplit(url)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    endpoint = (os.environ.get("AWS_ENDPOINT_URL") or f"https://s3.{region}.amazonaws.com").rstrip("/")
    address = f"{endpoint}/{quote(parts.netloc)}?lifecycle="
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as http:
            found = await http.get(address, headers=_signed("GET", address, region, {}, b"", datetime.now(UTC)))
            if _NOTHING_YET not in found.text:
                _unless_refused(parts.netloc, found)
            body = _document(_of_others(found.text), parts.path.strip("/"), rules)
            digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
            headers = _signed("PUT", address, region, {"content-md5": digest}, body, datetime.now(UTC))
            _unless_refused(parts.netloc, await http.put(address, content=body, headers=headers))
    except httpx.HTTPError as error:
        raise StorageUnavailableError(f"the lifecycle of {parts.netloc}: {error!r}") from error


def _unless_refused(bucket: str, answer: httpx.Response) -> None:
    if answer.is_error:
        said = f"({answer.status_code}): {answer.text[:300]}"
        raise StorageUnavailableError(f"the bucket {bucket} refused what was asked of its lifecycle {said}")


def _of_others(document: str) -> list[str]:
    return [rule for rule in _RULES.findall(document) if f"<ID>{_OURS}" not in rule]


def _document(others: list[str], root: str, rules: Sequence[LifecycleRule]) -> bytes:
    below = [LifecycleRule(f"{root}/{r.prefix}".lstrip("/"), r.expire_days, r.tier_days) for r in rules]
    return f"<LifecycleConfiguration>{''.join([*others, *map(_rule, below)])}</LifecycleConfiguration>".encode()


def _rule(rule: LifecycleRule) -> str:
    """Without a transition where the objects would be gone before it."""
    name = hashlib.sha256(rule.prefix.encode()).hexdigest()[:12]
    move = ""
    if rule.tier_days is not None and rule.tier_days < rule.expire_days:
        move = f"<Transition><Days>{rule.tier_days}</Days><StorageClass>GLACIER_IR</StorageClass></Transition>"
    return (
        f"<Rule><ID>{_OURS}{name}</ID><Filter><Prefix>{escape(rule.prefix)}</Prefix></Filter><Status>Enabled</Status>"
        f"{move}<Expiration><Days>{rule.expire_days}</Days></Expiration></Rule>"
    )


def _signed(
    method: str, address: str, region: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> dict[str, str]:
    """The headers with a signature of AWS, version 4; StorageUnavailableError where the environment has no keys."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not (key and secret):
        raise StorageUnavailableError("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to change a bucket's lifecycle")
    parts, stamp = urlsplit(address), f"{now:%Y%m%dT%H%M%SZ}"
    digest = hashlib.sha256(body).hexdigest()
    signed = {**headers, "host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    if token := os.environ.get("AWS_SESSION_TOKEN"):
        signed["x-amz-security-token"] = token
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = f"{method}\n{parts.path}\n{parts.query}\n{lines}\n{names}\n{digest}"
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signing = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), text):
        signing = hmac.digest(signing, part.encode(), "sha256")
    signed["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signing.hex()}"
    )
    return signed
