"""A real browser, and the dashboard of a pipeline with a history, served as `gapheal dashboard` serves it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.scene import Scene
from werkzeug import Request
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from gapheal import dashboard
from gapheal.local.ports import HOST

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
SOON = {"phase2_to_phase3": "2025-06-24T14:05:00+00:00"}
SECONDS = 60_000
"""Milliseconds: a busy machine may be slow, nothing waits without end."""

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; what is not installed skips on a laptop, and fails in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing = f"expected Chromium on PATH ({', '.join(NAMES)}), found none: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Two seasons of the example, healed for four weeks. Only to be looked at."""
    scene = Scene(("2023-24", "2024-25"))
    scene.tell()
    return scene


@contextmanager
def served(application: WSGIApplication) -> Iterator[str]:
    """Where a WSGI application is served for a while."""
    server = make_server(HOST, 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://{HOST}:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def url(scene) -> Iterator[str]:
    """Where its dashboard is served."""
    with served(dashboard.wsgi(scene.app, lambda: SOON, only_local=True)) as url:
        yield url


@pytest.fixture
def url_beneath(scene) -> Iterator[str]:
    """The same beneath another path, where another server hands requests on, as functions-framework does."""
    beneath = DispatcherMiddleware(
        NotFound(), {"/some/detector": Request.application(partial(dashboard.respond, scene.app))}
    )
    with served(beneath) as url:
        yield f"{url}some/detector"


@pytest.fixture(scope="session")
def site(scene, tmp_path_factory) -> Path:
    """The same as files."""
    folder = tmp_path_factory.mktemp("site")
    dashboard.export(dashboard.gather(scene.app), folder)
    return folder


@pytest.fixture
def opened(browser) -> Iterator[Open]:
    """Opens a page and waits until it is drawn; a fault of its script, or a request elsewhere, fails the test."""
    contexts, faults = [], []

    def opened(address: str, **about: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1360, "height": 900}, "locale": "en-GB", **about})
        context.set_default_timeout(SECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type in {"error", "warning"} else None)
        home = address.partition("#")[0].rpartition("/")[0]
        page.on("request", lambda asked: None if asked.url.startswith((home, "data:")) else faults.append(asked.url))
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        return page

    yield opened
    cookies = [cookie for context in contexts for cookie in context.cookies()]
    for context in contexts:
        context.close()
    assert faults == []
    assert cookies == []
