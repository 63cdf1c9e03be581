"""A client's address is believed from trusted proxies alone, and only the part that they wrote."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings

from portal.addresses import client_address, is_trusted, networks, parse
from portal.middleware import ClientAddressMiddleware, RequestIdMiddleware

OURS = ("10.0.0.0/8", "2001:db8:1::/48")


@pytest.mark.parametrize(
    ("peer", "said", "trusted", "expected"),
    [
        ("203.0.113.9", "", (), "203.0.113.9"),
        # A stranger may say what it likes.
        ("203.0.113.9", "198.51.100.1", OURS, "203.0.113.9"),
        ("10.1.1.1", "198.51.100.1", OURS, "198.51.100.1"),
        # Left of the rightmost untrusted hop stands what the client made up.
        ("10.1.1.1", "1.2.3.4, 198.51.100.1", OURS, "198.51.100.1"),
        ("10.1.1.1", "1.2.3.4, 198.51.100.1, 10.9.9.9", OURS, "198.51.100.1"),
        # All hops are ours: the leftmost one started it.
        ("10.1.1.1", "10.2.2.2, 10.3.3.3", OURS, "10.2.2.2"),
        ("10.1.1.1", "", OURS, "10.1.1.1"),
        ("10.1.1.1", "unknown", OURS, "10.1.1.1"),
        ("10.1.1.1", "1.2.3.4, <script>", OURS, "10.1.1.1"),
        ("10.1.1.1", "198.51.100.1:4711", OURS, "198.51.100.1"),
        ("2001:db8:1::5", "[2001:db8:2::7]:443", OURS, "2001:db8:2::7"),
        ("::ffff:10.1.1.1", "198.51.100.1", OURS, "198.51.100.1"),
        # A unix socket has no peer: its proxy is trusted by the word.
        ("", "198.51.100.1", ("unix",), "198.51.100.1"),
        ("", "198.51.100.1", OURS, ""),
    ],
)
def test_client_address(peer: str, said: str, trusted: tuple[str, ...], expected: str) -> None:
    assert client_address(peer, said, trusted) == expected


def test_a_chain_of_thousands_is_cut() -> None:
    said = ", ".join(["198.51.100.1", *["10.1.1.1"] * 10_000])
    assert client_address("10.0.0.1", said, OURS) == "10.1.1.1"


def test_parse_and_networks() -> None:
    assert parse("nonsense") is None
    assert str(parse("fe80::1%eth0")) == "fe80::1"
    assert not is_trusted("nonsense", OURS)
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        networks(("10.0.0.0/99",))


def ask(**meta: str) -> HttpRequest:
    request = HttpRequest()
    request.path = "/healthz"
    request.META = {"REMOTE_ADDR": "203.0.113.9", **meta}
    return request


@override_settings(TRUSTED_PROXIES=["10.0.0.0/8"])
def test_a_strangers_forwarding_headers_are_taken_off() -> None:
    stranger = ask(HTTP_X_FORWARDED_FOR="1.1.1.1", HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_HOST="evil")
    ClientAddressMiddleware(lambda request: HttpResponse())(stranger)
    assert stranger.client_ip == "203.0.113.9"
    assert not [name for name in stranger.META if name.startswith("HTTP_X_FORWARDED")]

    proxy = ask(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="1.1.1.1", HTTP_X_FORWARDED_PROTO="https")
    ClientAddressMiddleware(lambda request: HttpResponse())(proxy)
    assert proxy.client_ip == "1.1.1.1"
    assert proxy.META["HTTP_X_FORWARDED_PROTO"] == "https"


@override_settings(TRUSTED_PROXIES=["10.0.0.0/8"])
@pytest.mark.parametrize(
    ("peer", "offered", "kept"),
    [
        ("10.0.0.1", "abcdef0123456789", True),
        ("203.0.113.9", "abcdef0123456789", False),
        ("10.0.0.1", 'x" onload="alert(1)', False),
        ("10.0.0.1", "short", False),
    ],
)
def test_request_id(peer: str, offered: str, kept: bool) -> None:
    response = RequestIdMiddleware(lambda request: HttpResponse())(ask(REMOTE_ADDR=peer, HTTP_X_REQUEST_ID=offered))
    assert (response["X-Request-Id"] == offered) is kept
    assert len(response["X-Request-Id"]) >= 8
