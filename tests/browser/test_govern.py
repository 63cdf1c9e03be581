"""In a browser: signing in, a form that loses nothing, a session that ends, an auditor who can change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from provisioning.accounts.models import User, UserSession
from provisioning.audit.models import AuditEvent
from provisioning.audit.record import record
from provisioning.audit.sealer import seal_all
from tests.factories import PASSWORD
from tests.support.cast import Cast


@pytest.fixture(autouse=True)
def no_sockets(complaints: Any) -> None:
    complaints.expect("WebSocket")  # the test's server has none


def test_sign_in_and_out(new_page: Callable[..., Page], live_server: Any, built_assets: None, operator: User,
                         complaints: Any) -> None:  # fmt: skip
    complaints.expect("403")
    page = new_page(base_url=live_server.url)
    page.goto(reverse("accounts:sessions"))
    page.fill("#id_username", "operator")
    page.fill("#id_password", "wrong")
    page.click("text=Sign in >> nth=-1")
    assert "4 more tries" in page.inner_text("[role=alert]")
    # The name stays, the password is asked for again, and can be looked at.
    assert page.input_value("#id_username") == "operator"
    assert page.evaluate("document.activeElement.id") == "id_password"
    page.fill("#id_password", PASSWORD)
    page.click("[aria-label='Show the password']")
    assert page.get_attribute("#id_password", "type") == "text"
    page.click("form button[type=submit]")
    page.wait_for_url("**/accounts/sessions/")  # back to where we wanted to go
    assert "this one" in page.inner_text("table")


def test_a_clouds_form_loses_nothing_when_it_is_refused(page_as: Callable[..., Page], operator: User,
                                                        complaints: Any) -> None:  # fmt: skip
    complaints.expect("422")
    page = page_as(operator)
    page.goto(reverse("clouds:add"))
    typed = {"#id_name": "prod <b>eu</b>", "#id_api_url": "http://127.0.0.1:1/client/api", "#id_api_key": "key",
             "#id_secret_key": "typed once"}  # fmt: skip
    for field, text in typed.items():
        page.fill(field, text)
    page.click("text=Try keys")
    page.wait_for_selector("#id_api_url_error")
    assert "127.0.0.1 takes no connections on port 1" in page.inner_text("#id_api_url_error")
    assert len(page.inner_text("[role=alert] .zw-request-id")) >= 8
    for field, text in typed.items():
        assert page.input_value(field) == text
    assert "typed once" not in page.content()


def test_a_session_that_ends_warns_and_leads_back(page_as: Callable[..., Page], operator: User, settings: Any,
                                                  complaints: Any) -> None:  # fmt: skip
    complaints.expect("401")
    settings.SESSION_IDLE_SECONDS = 100
    page = page_as(operator)
    page.goto(reverse("accounts:profile"))
    look = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(look)
    page.wait_for_selector("text=Your session ends at")
    settings.SESSION_IDLE_SECONDS = 4 * 3600
    page.click("text=Stay signed in")
    page.wait_for_selector("text=Your session ends at", state="detached")
    UserSession.objects.all().delete()
    page.evaluate(look)
    page.wait_for_url("**/accounts/sign-in/?ended=1&next=%2Faccounts%2Fprofile%2F")
    assert "Your session has ended" in page.inner_text("main")


def test_an_auditor_verifies_and_reads_and_finds_nothing_to_change(page_as: Callable[..., Page], cast: Cast, cloud: Any,
                                                                   ) -> None:  # fmt: skip
    record("cloud.change", obj_type="cloud", obj_id=cloud.uuid, obj_name=cloud.name, cloud_uuid=cloud.uuid,
           before={"name": "old"}, after={"name": "new"}, reason="because")  # fmt: skip
    seal_all()
    page = page_as(cast.auditor)
    page.goto(reverse("audit:list"))
    page.click("text=Verify now")
    page.wait_for_selector("text=Intact:")
    page.fill("#id_text", "because")
    page.press("#id_text", "Enter")
    page.wait_for_function("document.querySelectorAll('#audit-results tbody tr').length === 1")
    page.click("#audit-results tbody a")
    page.wait_for_selector("del.zw-diff-line")
    assert page.inner_text("ins.zw-diff-line").strip() == '+ name: "new"'
    event = AuditEvent.objects.get(action="cloud.change")
    # Pages an auditor may read carry no control that changes a cloud, tenant, person or event, not even a grey one.
    mine = {reverse("audit:verify"), reverse("accounts:sign-out")}
    for path in (reverse("audit:list"), reverse("audit:detail", args=[event.uuid]), reverse("clouds:list"),
                 reverse("clouds:detail", args=[cloud.uuid]), reverse("accounts:people"), reverse("accounts:tenants"),
                 reverse("accounts:person", args=[cast.tenant_user.uuid])):  # fmt: skip
        page.goto(path)
        found = page.eval_on_selector_all(
            "form[method=post], [hx-post], [hx-delete], [hx-put]",
            "all => all.map(one => one.getAttribute('action') || one.getAttribute('hx-post'))",
        )
        assert set(found) <= mine, path
