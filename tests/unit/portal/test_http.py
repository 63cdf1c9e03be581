"""Guards, error pages and log lines."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from portal import http
from portal import logging as logs
from provisioning.accounts.models import User


def ask(user: object, path: str = "/somewhere/?q=1", **headers: str) -> HttpRequest:
    request = RequestFactory().get(path, headers=headers)
    request.user = user
    request.request_id = "r" * 32
    request.htmx = HtmxDetails(request)
    return request


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("seen")


def yes(user: object, obj: object = None) -> bool:
    return True


def no(user: object, obj: object = None) -> bool:
    return False


def test_anonymous_goes_to_sign_in_and_comes_back() -> None:
    response = http.require(yes)(view)(ask(AnonymousUser()))
    assert response.status_code == 302
    assert response["Location"].endswith("?next=%2Fsomewhere%2F%3Fq%3D1")


def test_anonymous_partial_sends_the_whole_page_to_sign_in() -> None:
    response = http.require(yes)(view)(ask(AnonymousUser(), **{"HX-Request": "true"}))
    assert response.status_code == 401
    assert "next=" in response["HX-Redirect"]


def test_anonymous_program_gets_a_problem() -> None:
    response = http.require(yes)(view)(ask(AnonymousUser(), Accept="application/json"))
    assert response.status_code == 401
    assert json.loads(response.content)["request_id"] == "r" * 32


def test_unseen_is_404_and_undoable_is_403() -> None:
    user = User(username="somebody")
    assert http.require(yes)(view)(ask(user)).content == b"seen"
    with pytest.raises(Http404):
        http.require(no)(view)(ask(user))
    with pytest.raises(Http404):
        http.require(yes, see=no)(view)(ask(user))
    with pytest.raises(PermissionDenied):
        http.require(no, see=yes)(view)(ask(user))
    with pytest.raises(Http404):
        http.require(yes)(view)(ask(User(username="gone", is_active=False)))


def test_server_error_survives_broken_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> str:
        raise RuntimeError("templates are broken too")

    monkeypatch.setattr(http.loader, "render_to_string", broken)
    request = ask(AnonymousUser())
    request.request_id = "<script>"
    response = http.server_error(request)
    assert response.status_code == 500
    assert b"&lt;script&gt;" in response.content
    assert b"<script>" not in response.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/no/such/page", "/api/v1/no-such-thing"])
def test_not_found_carries_the_request_id(client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response["X-Request-Id"] in response.content.decode()
    assert response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]


def test_log_lines_are_json_with_the_request_id_and_without_secrets() -> None:
    stream = io.StringIO()
    config = logs.setup("INFO")
    formatter = config["formatters"]["json"]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]))  # fmt: skip
    logger = logging.getLogger("zonewright.test_log")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id="abc12345")
    try:
        structlog.get_logger("zonewright.test_log").info("tried", secret_key="very-secret-value", name="Zürich")
        logger.warning("GET /client/api?apiKey=AAAA&signature=very-secret-value went wrong")
        try:
            raise ValueError("password=very-secret-value")
        except ValueError:
            logger.exception("failed")
    finally:
        logger.removeHandler(handler)
        structlog.contextvars.clear_contextvars()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 3
    assert {line["request_id"] for line in lines} == {"abc12345"}
    assert lines[0]["name"] == "Zürich"
    assert "Traceback" in lines[2]["exception"]
    assert "very-secret-value" not in stream.getvalue()
