"""Signing in: one message, a pause, sessions that end when they are ended, and all of it on the trail."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.accounts.models import User, UserSession
from provisioning.audit.models import AuditEvent, AuditPersonalData
from provisioning.live.models import LiveEvent
from tests.factories import PASSWORD, make_user

SIGN_IN = "/accounts/sign-in/"
pytestmark = pytest.mark.django_db


def attempt(
    username: str, password: str = "wrong", *, ip: str = "10.0.0.1", client: Client | None = None, **extra: Any
) -> Any:
    data = {"username": username, "password": password, **extra}
    return (client or Client()).post(SIGN_IN, data, REMOTE_ADDR=ip)


def banner(response: Any) -> str:
    found = re.search(r'role="alert">(.*?)</div>\s*</div>', response.content.decode(), re.S)
    assert found
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[1])).strip()


def test_the_name_is_compared_without_case_and_the_next_page_only_ours() -> None:
    make_user("marta", User.Role.OPERATOR)
    for wanted, got in (
        ("/audit/", "/audit/"), ("//evil.example/x", "/"), ("https://evil.example/", "/"), ("javascript:alert(1)", "/"),
        ("", "/"),
    ):  # fmt: skip
        response = attempt(" MARTA ", PASSWORD, next=wanted)
        assert (response.status_code, response["Location"]) == (302, got)


def test_wrong_name_wrong_password_and_a_disabled_person_look_the_same() -> None:
    make_user("marta")
    make_user("gone", is_active=False)
    said = {banner(attempt("marta")), banner(attempt("nobody")), banner(attempt("gone", PASSWORD))}
    assert len(said) == 1
    assert "4 more tries before a 15-minute pause" in said.pop()


def test_five_tries_then_a_pause_that_is_told_and_ends() -> None:
    make_user("marta")
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        codes = [attempt("marta").status_code for _ in range(5)]
        assert codes == [403, 403, 403, 403, 429]
        paused = attempt("Marta", PASSWORD)
        assert paused.status_code == 429  # the right password does not help now
        assert "pauses until 12:15 UTC" in banner(paused)
        clock.move_to("2026-03-01T12:10:00Z")
        assert "pauses until 12:15 UTC" in banner(attempt("marta"))  # trying does not make it longer
        assert attempt("marta", PASSWORD, ip="10.0.0.2").status_code == 302  # from elsewhere it is open
        clock.move_to("2026-03-01T12:15:01Z")
        assert attempt("marta", PASSWORD).status_code == 302


def test_an_address_that_tries_every_name_is_paused_as_a_whole(settings: Any) -> None:
    settings.AXES_ADDRESS_FAILURE_LIMIT = 8
    make_user("marta")
    for number in range(8):
        attempt(f"name{number}")
    assert attempt("marta", PASSWORD).status_code == 429
    assert attempt("marta", PASSWORD, ip="10.0.0.9").status_code == 302


def test_knowing_one_password_does_not_reset_the_count_of_the_address(settings: Any) -> None:
    settings.AXES_ADDRESS_FAILURE_LIMIT = 8
    make_user("mallory")
    for number in range(7):
        attempt(f"name{number}")
    assert attempt("mallory", PASSWORD).status_code == 302
    attempt("name8")
    assert attempt("mallory", PASSWORD).status_code == 429


def test_a_forwarded_address_is_believed_from_a_trusted_proxy_only(settings: Any) -> None:
    settings.TRUSTED_PROXIES = []
    make_user("marta")
    for number in range(5):
        Client().post(SIGN_IN, {"username": "marta", "password": "x"}, REMOTE_ADDR="10.0.0.1",
                      HTTP_X_FORWARDED_FOR=f"1.2.3.{number}")  # fmt: skip
    assert attempt("marta", PASSWORD).status_code == 429


def test_an_ipv6_network_is_one_address() -> None:
    """Whoever has one IPv6 address has 2**64 of them."""
    make_user("marta")
    for number in range(5):
        attempt("marta", ip=f"2001:db8:0:7::{number + 1:x}")
    assert attempt("marta", PASSWORD, ip="2001:db8:0:7:ffff::1").status_code == 429
    assert attempt("marta", PASSWORD, ip="2001:db8:0:8::1").status_code == 302


def test_tries_during_a_pause_do_not_fill_the_trail() -> None:
    """Nothing on the trail can be deleted: a stranger must not be able to write there without end."""
    cache.clear()
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        for _ in range(30):
            attempt("marta", ip="10.0.0.77")
        tries = AuditEvent.objects.filter(action="session.sign_in")
        assert tries.count() == 6  # five, and the first of the pause
        clock.move_to("2026-03-01T12:01:01Z")
        attempt("marta", ip="10.0.0.77")
        assert tries.count() == 7
        newest = tries.order_by("-pk")[0]
        assert newest.error == "Paused after too many tries. 24 tries before this one have no entry of their own."


def test_no_shared_cache_keeps_what_a_person_saw() -> None:
    client = Client()
    client.force_login(make_user("marta", User.Role.ADMINISTRATOR))
    for name in ("accounts:people", "accounts:profile", "audit:list", "clouds:list"):
        assert "private" in client.get(reverse(name)).get("Cache-Control", ""), name


def test_every_try_is_on_the_trail() -> None:
    marta = make_user("marta", User.Role.OPERATOR)
    attempt("marta")
    attempt("marta", PASSWORD)
    good, bad = AuditEvent.objects.filter(action="session.sign_in").order_by("-pk")
    assert (good.result, good.actor_id, good.acting_role) == ("success", str(marta.uuid), "operator")
    assert (bad.result, bad.actor_id, bad.error) == ("denied", "", "Name and password do not match.")
    told = AuditPersonalData.objects.get(event_uuid=bad.uuid)
    assert (told.name, told.client_ip) == ("marta", "10.0.0.1")
    assert PASSWORD not in str(list(AuditEvent.objects.values()))


def signed_in(user: User, ip: str = "10.0.0.1") -> Client:
    client = Client(REMOTE_ADDR=ip)
    assert attempt(user.username, PASSWORD, client=client, ip=ip).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


def test_a_revoked_session_is_over_at_its_next_request_and_its_sockets_are_told() -> None:
    marta = make_user("marta")
    here, there = signed_in(marta), signed_in(marta, "10.0.0.2")
    other = UserSession.objects.get(client_ip="10.0.0.2")
    here.post(reverse("accounts:session-end", args=[other.uuid]))
    assert is_in(here) and not is_in(there)
    event = LiveEvent.objects.get(kind="session.revoked")
    assert event.topic == f"user.{marta.uuid}"
    assert event.payload == {"session": str(other.uuid)}
    assert AuditEvent.objects.filter(action="session.revoke", object_id=str(other.uuid)).count() == 1


def test_signing_out_ends_the_session_for_good() -> None:
    client = signed_in(make_user("marta"))
    kept = client.cookies["sessionid"].value
    client.post(reverse("accounts:sign-out"))
    client.cookies["sessionid"] = kept
    assert not is_in(client)


def test_a_new_password_ends_every_other_session_and_keeps_this_one() -> None:
    marta = make_user("marta")
    here, there = signed_in(marta), signed_in(marta, "10.0.0.2")
    form = {"old_password": PASSWORD, "new_password": "five quiet herons over water"}
    assert here.post(reverse("accounts:password"), form).status_code == 302
    assert is_in(here) and not is_in(there)
    assert UserSession.objects.filter(revoked_at__isnull=True).count() == 1
    assert attempt("marta", PASSWORD).status_code == 403
    assert attempt("marta", form["new_password"]).status_code == 302


def test_a_wrong_or_weak_new_password_changes_nothing() -> None:
    client = signed_in(make_user("marta"))
    for old, new in ((PASSWORD, "short"), (PASSWORD, "marta@example.org"), ("wrong", "five quiet herons over water")):
        response = client.post(reverse("accounts:password"), {"old_password": old, "new_password": new})
        assert response.status_code == 422
        assert "request" in response.content.decode()
    assert attempt("marta", PASSWORD).status_code == 302


def test_a_session_ends_when_left_alone_and_after_its_whole_life() -> None:
    marta = make_user("marta")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in(marta)
        for _ in range(3):
            clock.shift(dt.timedelta(hours=3, minutes=50))
            assert is_in(client)  # used every now and then it lives on …
        clock.shift(dt.timedelta(minutes=40))
        assert not is_in(client)  # … but not beyond 12 hours
        client = signed_in(marta)
        clock.shift(dt.timedelta(hours=4, minutes=1))
        assert not is_in(client)


def test_what_a_page_does_by_itself_does_not_keep_a_session_alive() -> None:
    marta = make_user("marta")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in(marta)
        for _ in range(5):
            clock.shift(dt.timedelta(minutes=50))
            code = client.get(reverse("accounts:session-state"), headers={"X-Zonewright-Background": "1"}).status_code
        assert code == 302


def test_a_disabled_person_is_out_at_once() -> None:
    marta = make_user("marta")
    client = signed_in(marta)
    User.objects.filter(pk=marta.pk).update(is_active=False)
    assert not is_in(client)


def test_reading_the_table_of_sessions_gives_nobody_a_session() -> None:
    client = signed_in(make_user("marta"))
    assert client.cookies["sessionid"].value not in str(list(UserSession.objects.values()))


def test_odd_input_gets_an_answer() -> None:
    for name in ("a\x00b", "x" * 5000, "' OR 1=1 --", "<script>", "\U0001f6f0", ""):
        assert attempt(name).status_code in {403, 422, 429}
    assert Client().get(SIGN_IN, {"next": "\x00"}).status_code == 200
