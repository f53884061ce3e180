"""A real server and a real Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sky_server import SkyServer

ROOT = Path(__file__).parents[2]
SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 60
PATIENCE_MS = 120_000  # the first page that needs a network imports torch

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def services() -> Iterator[SkyServer]:
    """The machine that stands in for the services of the sky: no test of the browser reaches the internet."""
    with SkyServer() as server:
        yield server


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory, services: SkyServer) -> Iterator[str]:
    """The address of the app, started as a visitor of a fresh machine would: with the bundled sample."""
    with served(tmp_path_factory.mktemp("cache"), GALAXY_EXPLORER_SKY=services.address) as url:
        yield url


@contextmanager
def served(cache: Path, **settings: str) -> Iterator[str]:
    """Start the app with a cache of its own, and give its address."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "GALAXY_EXPLORER_DATA"}
    environment |= {"XDG_CACHE_HOME": str(cache), **settings}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        url = f"http://localhost:{port}"
        try:
            _wait(f"{url}/_stcore/health")
            yield url
        finally:
            server.terminate()


def _wait(url: str) -> None:
    """Wait until the server answers."""
    for _ in range(START_SECONDS * 5):
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the app did not answer at {url} within {START_SECONDS} s")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or Playwright's own where there is none."""
    system = next((path for name in SYSTEM_BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        # The tests may run as root in a container, where Chromium's sandbox cannot start.
        browser = playwright.chromium.launch(executable_path=system, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a page of the app at a width and in a theme."""
    pages: list[Page] = []

    def open_at(path: str = "", width: int = 1280, theme: str = "dark") -> Page:
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=theme, accept_downloads=True)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{address}/{path}")
        page.wait_for_selector("h1")
        pages.append(page)
        return page

    yield open_at
    for page in pages:
        page.close()
