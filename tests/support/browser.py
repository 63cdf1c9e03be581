"""A headless Chromium that fails the test on anything it complains about.

Playwright's event loop lives in this thread while a browser is open, so browsers are opened per module and closed
again: asynchronous tests in the same process would otherwise find a loop already running.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

CANDIDATES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def chromium_path() -> str | None:
    """The browser to drive: CHROMIUM= or the distribution's own."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CANDIDATES)), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.fail("Chromium is not installed: `apt-get install chromium`, or name one with CHROMIUM=.")
    # The ORM notices Playwright's loop in this thread and would refuse to work beside it.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
            )
            yield browser
            browser.close()
    finally:
        if before is None:
            os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


class Complaints:
    """What the browser complained of. `expect(pattern)` lets a test allow what it provokes."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.allowed: list[re.Pattern[str]] = []

    def expect(self, pattern: str) -> None:
        self.allowed.append(re.compile(pattern))

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"script error: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium reports a refused inline script or style (CSP) as an error of the console.
        if message.type == "error":
            self.found.append(f"console: {message.text} ({message.location.get('url', '')})")

    def check(self) -> None:
        left = [each for each in self.found if not any(pattern.search(each) for pattern in self.allowed)]
        assert not left, "The browser complained:\n" + "\n".join(left)


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Checked when the test ends, whoever opened the page."""
    found = Complaints()
    yield found
    found.check()


@pytest.fixture
def new_page(chromium: Browser, complaints: Complaints) -> Iterator[Callable[..., Page]]:
    """`new_page(width=390, height=844, dark=True, …)` → a page in a context of its own."""
    contexts: list[BrowserContext] = []

    def open_page(width: int = 1440, height: int = 900, dark: bool = False, **options: Any) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        complaints.watch(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page of 1440 × 900 in light."""
    return new_page()


@pytest.fixture
def page_as(new_page: Callable[..., Page], live_server: Any, built_assets: None) -> Callable[..., Page]:
    """`page_as(user)` → a page on `live_server` signed in as `user`; paths are relative: `page.goto("/…")`."""
    from django.conf import settings
    from django.test import Client

    def signed_in(user: Any, **options: Any) -> Page:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        page = new_page(base_url=live_server.url, **options)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": live_server.url}]
        )
        return page

    return signed_in


@pytest.fixture(scope="session")
def built_assets() -> None:
    """static/vendor, built once from the npm lock; a second builder waits for the first."""
    from portal.stack import assets

    assets.build()
