"""The gateway against a real socket: every kind of trouble becomes one sentence, and never a secret."""

from __future__ import annotations

import datetime
import ssl
import threading
from typing import Any

import pytest

from provisioning.cloudstack import Gateway, connections, errors
from tests.integration.cloudstack import tiny as t
from tests.integration.cloudstack.tiny import KEY, SECRET, TinyCloudStack


def gateway(tiny: TinyCloudStack, **options: Any) -> Gateway:
    options.setdefault("timeout_s", 2)
    options.setdefault("retry_budget_s", 0)
    return Gateway(tiny.url, KEY, options.pop("secret", SECRET), name="prod-eu", **options)


def zones(tiny: TinyCloudStack, number: int = 1) -> list[dict[str, Any]]:
    rows = [{"id": f"z{n}", "name": f"zone {n}"} for n in range(number)]
    tiny.lists["listZones"] = ("zone", rows)
    return rows


def test_a_signed_call_gives_the_inner_answer(tiny: TinyCloudStack) -> None:
    rows = zones(tiny)
    assert gateway(tiny).call("listZones") == {"count": 1, "zone": rows}


def test_names_of_any_kind_arrive_as_they_were_sent(tiny: TinyCloudStack) -> None:
    odd = "üñí✓ 日本 a+b *~ <b>&\"'%20 \n"
    gateway(tiny).call("listZones", keyword=odd, available=True, ids=["a", "b"], tags=[{"key": "k~", "value": True}])
    sent = tiny.calls[-1][2]
    assert sent["keyword"] == odd
    assert (sent["available"], sent["ids"], sent["tags[0].key"], sent["tags[0].value"]) == ("true", "a,b", "k~", "true")


def test_an_empty_list_is_empty(tiny: TinyCloudStack) -> None:
    assert gateway(tiny).call("listZones") == {}
    assert gateway(tiny).rows("listZones", "zone") == []


def test_connections_are_kept(tiny: TinyCloudStack) -> None:
    seen: set[Any] = set()

    def remember(handler: t.Handler, _params: dict[str, str]) -> bool:
        seen.add(handler.client_address)
        return False

    tiny.troubles["listZones"] = [remember] * 5
    door = gateway(tiny)
    for _ in range(5):
        door.call("listZones")
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("trouble", "error", "words"),
    [
        (t.html(), errors.NotCloudStack, "text/html"),
        (t.html(404), errors.NotCloudStack, "HTTP 404"),
        (t.html(503), errors.Busy, "takes no work"),
        (t.busy(429), errors.Busy, "asked too often"),
        (t.truncated, errors.NotCloudStack, "broke off in the middle"),
        (t.cut, errors.Unreachable, "dropped the connection"),
        (t.dropped, errors.Unreachable, "dropped the connection"),
        (t.body(b'{"hello":"world"}'), errors.NotCloudStack, "not with CloudStack's"),
        (t.body(b'[1,2]'), errors.NotCloudStack, "not with CloudStack's"),
        (t.body(b'{"listzonesresponse":{"zone":"none"}}'), errors.NotCloudStack, "something else than a list"),
        (t.body(b'{"listzonesresponse":{"count":1,"zone":[{"name":"no id"}]}}'), errors.PartialList, "no id"),
        (t.says(432, "The API [listZones] does not exist or is not available for the account x."),
         errors.PermissionRefused, "may not call listZones"),
        (t.says(431, "Unable to execute API command listzones due to missing parameter zoneid"),
         errors.ParameterRefused, "needs zoneid"),
        (t.says(535, "Maximum amount of resources of Type = 'cpu' is exceeded"), errors.LimitReached, "limit"),
        (t.says(533, "No destination found for a deployment"), errors.NoCapacity, "no room"),
        (t.says(530, "No suitable host found."), errors.NoCapacity, "no room"),
        (t.says(530, "Failed to cleanup mock"), errors.ServerFault, "Failed to cleanup mock"),
        (t.says(537, "conflicts with rule"), errors.Conflict, "conflicts"),
    ],
)  # fmt: skip
def test_every_trouble_has_its_error(
    tiny: TinyCloudStack, trouble: t.Trouble, error: type[errors.CloudStackError], words: str
) -> None:
    tiny.troubles["listZones"] = [trouble]
    with pytest.raises(errors.CloudStackError) as caught:
        gateway(tiny).rows("listZones", "zone")
    assert type(caught.value) is error
    assert words in caught.value.sentence
    assert caught.value.sentence.count(". ") <= 1


def test_wrong_keys(tiny: TinyCloudStack) -> None:
    zones(tiny)
    with pytest.raises(errors.AuthenticationFailed, match="prod-eu refused this key pair"):
        gateway(tiny, secret="other").call("listZones")


def test_a_clock_that_differs_is_named(tiny: TinyCloudStack) -> None:
    def refused(handler: t.Handler, _params: dict[str, str]) -> bool:
        handler.date_time_string = lambda timestamp=None: "Mon, 05 Jan 2026 10:00:00 GMT"  # type: ignore[method-assign]
        handler.error("listzonesresponse", 401, "unable to verify user credentials and/or request signature")
        return True

    tiny.troubles["listZones"] = [refused]
    with pytest.raises(errors.AuthenticationFailed, match="clocks differ by"):
        gateway(tiny).call("listZones")


def test_late_answers_are_cut_off(tiny: TinyCloudStack) -> None:
    tiny.troubles["listZones"] = [t.late(1.5)]
    with pytest.raises(errors.Unreachable, match=r"did not answer in 0.2 s") as caught:
        gateway(tiny, timeout_s=0.2).call("listZones")
    assert caught.value.cause == "read_timeout"


def test_a_drip_of_bytes_does_not_hold_us(tiny: TinyCloudStack) -> None:
    done = threading.Event()

    def drip(handler: t.Handler, _params: dict[str, str]) -> bool:
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", "100000")
        handler.end_headers()
        try:
            while not done.wait(0.05):
                handler.wfile.write(b" " * 70_000)
        except OSError:
            pass
        handler.drop()
        return True

    def endless(handler: t.Handler, _params: dict[str, str]) -> bool:
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        try:
            while not done.wait(0.05):
                handler.wfile.write(b"1\r\n \r\n")
        except OSError:
            pass
        handler.drop()
        return True

    for trouble in (drip, endless):
        tiny.troubles["listZones"] = [trouble]
        with pytest.raises(errors.CloudStackError):
            gateway(tiny, timeout_s=0.3).call("listZones")
    done.set()


def test_a_hundred_megabytes_are_refused_while_they_come(tiny: TinyCloudStack) -> None:
    sent = []

    def flood(handler: t.Handler, _params: dict[str, str]) -> bool:
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(100 * 2**20))
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"x" * 2**20)
                sent.append(1)
        except OSError:
            pass
        handler.drop()
        return True

    tiny.troubles["listZones"] = [flood]
    with pytest.raises(errors.NotCloudStack, match="more than 4 MiB"):
        gateway(tiny, max_answer_bytes=4 * 2**20).call("listZones")
    assert len(sent) < 60


def test_a_redirect_is_not_followed(tiny: TinyCloudStack) -> None:
    def away(handler: t.Handler, _params: dict[str, str]) -> bool:
        handler.send(
            302, b"", "text/html", location=f"https://elsewhere.example/client/api?{handler.path.partition('?')[2]}"
        )
        return True

    tiny.troubles["listZones"] = [away]
    with pytest.raises(errors.NotCloudStack, match=r"https://elsewhere.example/client/api") as caught:
        gateway(tiny).call("listZones")
    assert "signature" not in str(caught.value)


def test_nobody_listens() -> None:
    with TinyCloudStack() as gone:
        url = gone.url
    with pytest.raises(errors.Unreachable, match="takes no connections on port") as caught:
        Gateway(url, KEY, SECRET, retry_budget_s=0).call("listZones")
    assert caught.value.cause == "refused"
    with pytest.raises(errors.Unreachable, match="proxy"):
        Gateway("http://cloud.example/client/api", KEY, SECRET, proxy_url=url.partition("/client")[0],
                retry_budget_s=0).call("listZones")  # fmt: skip


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(errors.Unreachable) as caught:
        Gateway("http://no-such-host.invalid/client/api", KEY, SECRET, retry_budget_s=0).call("listZones")
    assert caught.value.cause == "dns"
    assert "no-such-host.invalid" in caught.value.sentence


@pytest.mark.parametrize("url", ["", "cloud.example", "ftp://cloud.example/client/api", "http:///client/api",
                                 "http://[", "http://cloud.example:99999/"])  # fmt: skip
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(errors.Unreachable, match="no address of an API"):
        Gateway(url, KEY, SECRET)


@pytest.mark.parametrize("proxy", ["http://user:hush@[/", "http://user:hush@proxy.example:99999"])
def test_a_proxy_that_is_none(proxy: str) -> None:
    with pytest.raises(errors.Unreachable, match="no address of a proxy") as caught:
        Gateway("http://cloud.example/client/api", KEY, SECRET, proxy_url=proxy)
    assert "hush" not in caught.value.sentence


@pytest.mark.parametrize(
    ("peer", "closed"),
    [("169.254.169.254", True), ("fe80::1%eth0", True), ("::ffff:169.254.169.254", True), ("fd00:ec2::254", True),
     ("127.0.0.1", False), ("10.0.0.1", False), ("192.168.1.1", False), ("fd00::1", False), ("203.0.113.1", False)],
)  # fmt: skip
def test_where_a_machine_finds_its_own_keys_is_closed(peer: str, closed: bool) -> None:
    assert connections.is_closed(peer) is closed


def test_nothing_is_sent_to_a_closed_address(tiny: TinyCloudStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "is_closed", lambda peer: peer == "127.0.0.1")
    with pytest.raises(errors.Unreachable, match="link-local") as caught:
        gateway(tiny).call("listZones")
    assert caught.value.cause == "address"
    assert not tiny.calls


# -- TLS -------------------------------------------------------------------------------------------------------------


def _certificate() -> tuple[bytes, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def test_tls_is_checked_against_the_bundle(tiny: TinyCloudStack, tmp_path: Any) -> None:
    certificate, private = _certificate()
    (tmp_path / "cert.pem").write_bytes(certificate + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem")
    tiny.server.socket = context.wrap_socket(tiny.server.socket, server_side=True)
    url = f"https://localhost:{tiny.server.server_port}/client/api"
    zones(tiny)
    with pytest.raises(errors.Unreachable, match="self-signed") as caught:
        Gateway(url, KEY, SECRET, retry_budget_s=0).call("listZones")
    assert caught.value.cause == "tls"
    assert Gateway(url, KEY, SECRET, ca_bundle=certificate.decode()).call("listZones")["count"] == 1
    assert Gateway(url, KEY, SECRET, verify_tls=False).call("listZones")["count"] == 1
    other, _ = _certificate()
    with pytest.raises(errors.Unreachable):
        Gateway(url, KEY, SECRET, ca_bundle=other.decode(), retry_budget_s=0).call("listZones")
    with pytest.raises(errors.Unreachable, match="no PEM certificates"):
        Gateway(url, KEY, SECRET, ca_bundle="not a certificate")


def test_the_proxy_is_asked_instead(tiny: TinyCloudStack) -> None:
    zones(tiny)
    through = Gateway("http://cloud.example:8080/client/api", KEY, SECRET,
                      proxy_url=f"http://user:pw@127.0.0.1:{tiny.server.server_port}")  # fmt: skip
    assert through.call("listZones")["count"] == 1


# -- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [t.dropped, t.cut, t.truncated, t.html(), t.busy(), t.late(1.0)])
def test_no_error_holds_a_secret_or_a_signed_address(
    tiny: TinyCloudStack, trouble: t.Trouble, caplog: pytest.LogCaptureFixture
) -> None:
    import traceback

    caplog.set_level("DEBUG")
    tiny.troubles["listZones"] = [trouble] * 3
    with pytest.raises(errors.CloudStackError) as caught:
        gateway(tiny, timeout_s=0.3, retry_budget_s=0.4).call("listZones")
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.as_record()) + repr(vars(caught.value))
    for secret in (SECRET, "signature=", "apiKey="):
        assert secret not in told
        assert secret not in caplog.text
