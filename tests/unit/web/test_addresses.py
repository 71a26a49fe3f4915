"""Addresses that webhooks never go to, among them those that the standard library calls global (E18)."""

from ipaddress import ip_address

import pytest

from common.web.addresses import is_public

DENIED = (
    "0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.1.2.3 169.254.169.254 172.16.0.1 "
    "172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 "
    "224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 0.0.0.0 "
    ":: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:100.64.0.1 ::ffff:169.254.169.254 "
    "64:ff9b::a9fe:a9fe 64:ff9b::7f00:1 64:ff9b:1::8.8.8.8 2002:7f00:1:: 2002:a9fe:a9fe::1 2002:c0a8:101:: "
    "2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2001:10::1 2001:20::1 3fff::1 3ffe::1 "
    "fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1 100::1 5f00::1 4000::1"
)
ALLOWED = (
    "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.255.255 "
    "172.15.255.255 172.32.0.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255 "
    "2606:4700:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 2400:cb00::1 ::ffff:8.8.8.8 64:ff9b::808:808 "
    "2002:808:808::1"
)


@pytest.mark.parametrize("address", DENIED.split())
def test_special_addresses_are_denied(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ALLOWED.split())
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(ip_address(address))
