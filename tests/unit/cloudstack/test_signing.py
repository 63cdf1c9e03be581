"""The recorded server's verdict on 179 signed requests, and what was signed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.cloudstack import signing

DATA = json.loads((Path(__file__).parent / "data/signature-vectors.json").read_text())
VECTORS = DATA["vectors"]
# When the vectors were sent: after 2020, before 2099.
THEN = datetime(2026, 11, 23, tzinfo=UTC)


def test_there_are_179() -> None:
    assert len(VECTORS) == 179
    assert sum(1 for vector in VECTORS if vector["status"] == 401) == 18


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["case"])
def test_the_verdict_is_the_recorded_one(vector: dict[str, object]) -> None:
    params = signing.parse_wire(str(vector["wire"]))
    params["signature"] = str(vector["signature"])
    assert signing.verify(params, DATA["secret_key"], now=THEN) == (vector["status"] == 200)


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["status"] == 200], ids=lambda vector: vector["case"])
def test_what_we_sign_is_what_the_server_accepted(vector: dict[str, object]) -> None:
    params = signing.parse_wire(str(vector["wire"]))
    assert signing.sign(params, DATA["secret_key"]) == vector["signature"]


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9]{0,8}(\[\d\]\.[a-zA-Z]{1,5})?", fullmatch=True),
                       st.text(max_size=30), max_size=6), st.text(min_size=1))  # fmt: skip
def test_whatever_we_sign_we_accept_after_the_wire(params: dict[str, str], secret: str) -> None:
    sent = {name: value for name, value in params.items() if name not in ("signature", "signatureversion", "expires")}
    sent |= {"apiKey": "key", "command": "listZones"}
    try:
        wire = signing.wire_query(sent)
        sent["signature"] = signing.sign(sent, secret)
    except UnicodeEncodeError:  # lone surrogates cannot be sent at all
        return
    got = signing.parse_wire(wire)
    assert {**got, "signature": sent["signature"]} == sent
    assert signing.verify({**got, "signature": sent["signature"]}, secret, now=THEN)
    assert not signing.verify({**got, "signature": sent["signature"]}, secret + "x", now=THEN)
    assert not signing.verify({**got, "command": "listHosts", "signature": sent["signature"]}, secret, now=THEN)


@pytest.mark.parametrize(
    ("expires", "accepted"),
    [
        ("2099-01-01T00:00:00+0000", True),
        ("2099-01-01T00:00:00Z", True),
        ("2026-11-23T00:00:00+0100", False),
        ("2026-11-22T23:59:59+0000", False),
        ("2099-01-01", False),
        ("", False),
    ],
)
def test_version_3_needs_a_time_to_come(expires: str, accepted: bool) -> None:
    params = {"apiKey": "k", "command": "listZones", "signatureVersion": "3", "expires": expires}
    params["signature"] = signing.sign(params, "s")
    assert signing.verify(params, "s", now=THEN) is accepted


def test_without_key_or_signature_nothing_is_accepted() -> None:
    assert not signing.verify({"command": "listZones", "signature": signing.sign({"command": "listZones"}, "s")}, "s",
                              now=THEN)  # fmt: skip
    assert not signing.verify({"command": "listZones", "apiKey": "k"}, "s", now=THEN)
