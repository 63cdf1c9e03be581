"""No secret leaves through a log line, an event, an exception or the trail; harmless things stay readable."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.secrets.redaction import HIDDEN, is_secret_name, redact, redact_text, structlog_processor

S = "hush-Hush/123+=="


@pytest.mark.parametrize(
    "name",
    ["password", "Secret_Key", "secretkey", "apiKey", "api-key", "signature", "sessionkey", "Authorization", "cookie",
     "userSecretKey", "oobm.password", "ldap.bind.password", "db_password", "privateKey", "csrfmiddlewaretoken",
     "HTTP_COOKIE_TOKEN", "userdata", "access_token"],
)  # fmt: skip
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)
    assert redact({name: S}) == {name: HIDDEN}


@pytest.mark.parametrize(
    "name",
    ["name", "state", "passwordenabled", "password_changed_at", "token_uuid", "key_id", "keyboard", "zone", "hash"],
)
def test_harmless_names(name: str) -> None:
    assert redact({name: "visible"}) == {name: "visible"}


@pytest.mark.parametrize(
    "text",
    [
        f"GET /client/api?command=listHosts&apiKey={S}&response=json&signature={S}",
        f"https://cloud/client/api?apikey={S}&signature={S}",
        f"https://admin:{S}@proxy.example.org:3128/",
        f"redis://:{S}@10.0.0.1:6379/0",
        f"Authorization: Bearer {S}",
        f"Authorization: Basic {S}",
        f"Cookie: sessionid={S}; csrftoken={S}",
        f'{{"secretkey": "{S}", "id": 1}}',
        f"{{'secret_key': '{S}', 'id': 1}}",
        f"password={S}",
        f"secret_key: {S}",
        f"password='{S} with words'",
        f"-----BEGIN RSA PRIVATE KEY-----\n{S}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{S} cut off here",
        "token zw_" + "a" * 20 + "hush" + "b" * 19,
        f"ValueError: sessionkey={S} was refused",
        f"x-sessionid={S}",
        f'"db.password: {S}"',
        f"authorization:      digest      {S}",
    ],
)
def test_texts(text: str) -> None:
    assert "hush" not in redact_text(text).lower(), redact_text(text)


@pytest.mark.parametrize(
    "text",
    ["Host kvm-fra1-0338 is Down since 13:58", "https://cloud.example.org/client/api?command=listHosts&page=2",
     "Password links are made by administrators", "http://10.0.0.1:8096/client/api?email=a@b.example",
     "The secret keeps its place"],
)  # fmt: skip
def test_other_text_is_left_alone(text: str) -> None:
    assert redact_text(text) == text


def test_structures_are_walked_and_left_untouched() -> None:
    given_ = {"a": [{"b": ({"secret": S},)}], "empty": {"password": ""}, "n": 1, "bytes": f"apikey={S}".encode()}
    cleaned = redact(given_)
    assert "hush" not in str(cleaned).lower()
    assert cleaned["empty"] == {"password": ""}  # that none is set is worth seeing
    assert given_["a"][0]["b"][0]["secret"] == S  # type: ignore[index]


@given(st.text(min_size=8).filter(lambda text: text.strip() == text and not set(text) & set("\"'&;, \n\r<>)]}\x00")))
def test_no_value_of_a_parameter_survives(secret: str) -> None:
    for shape in ("?apikey={}&x=1", "password={}"):
        cleaned = redact_text(shape.format(secret))
        assert HIDDEN in cleaned


def test_deep_and_odd_things_do_not_hang() -> None:
    deep: dict[str, object] = {}
    deep["self"] = deep
    assert "too deep" in str(redact(deep))


def test_the_processor_cleans_a_line() -> None:
    line = structlog_processor(None, "info", {"event": f"apikey={S}", "exception": f"x signature={S}", "secret": S})
    assert "hush" not in str(line).lower()


@pytest.mark.parametrize(
    "unit",
    ["a-", "a.", "secret-", "authorization: ", "authorization:\n", " ", "a://b:c", "a://", 'password="', "password:",
     "'a", "-----BEGIN PRIVATE KEY", "zw_", "cookie:"],
)  # fmt: skip
@pytest.mark.parametrize("front", ["", "authorization:", 'password="'])
def test_time_grows_with_the_length_of_the_text_alone(front: str, unit: str) -> None:
    """A request's path is logged: whoever can send one must not keep a process busy with it."""
    text = front + unit * (24_000 // len(unit))
    started = time.process_time()
    redact_text(text)
    assert time.process_time() - started < 1
