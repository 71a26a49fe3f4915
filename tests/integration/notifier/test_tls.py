"""Over TLS the certificate must be that of the endpoint's name, though the connection goes to an address."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from notifier.clients.webhooks import Address, WebhookClient
from tests.support.webhook_receiver import Receiver


def _certificate(name: str, folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


@pytest.fixture
async def port_and_trust(tmp_path: Path) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    pem, private = _certificate("hooks.example.com", tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pem, private)
    server = await asyncio.start_server(Receiver().handle, "127.0.0.1", 0, ssl=serving)
    async with server:
        yield server.sockets[0].getsockname()[1], ssl.create_default_context(cafile=str(pem))


async def _here(host: str, port: int) -> list[Address]:
    return [ip_address("127.0.0.1")]


@pytest.mark.parametrize(("name", "status"), [("hooks.example.com", 200), ("other.example.com", None)])
async def test_the_certificate_must_name_the_host(
    port_and_trust: tuple[int, ssl.SSLContext], name: str, status: int | None
) -> None:
    port, trust = port_and_trust
    transport = httpx.AsyncHTTPTransport(verify=trust)
    client = WebhookClient(allow_private=True, timeout=5, resolve=_here, transport=transport)
    result = await client.post(f"https://{name}:{port}/in", {}, b"{}")
    await client.close()
    assert result.status == status, result.error
    assert (status is not None) or "CERTIFICATE_VERIFY_FAILED" in str(result.error)
