"""A real server and a real Chromium: one of each, and one cache, for all tests of a process.

The jobs are done at two looks, wide and dark and narrow and light, and each ends with axe-core and, where pictures
are kept, a picture in the other theme as well. ``GALAXY_EXPLORER_LOOKS=all`` does every job at all four looks, and
``GALAXY_EXPLORER_SCREENSHOTS=FOLDER`` keeps the pictures.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from app_server import draw_survey, served
from axe import axe_source
from looks import TIMEOUT_MS, looked_at
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sky_server import SkyServer

SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome")

expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="session")
def services() -> Iterator[SkyServer]:
    """The machine that stands in for the services of the sky: no test of the browser reaches the internet."""
    with SkyServer() as server:
        yield server


@pytest.fixture(scope="session")
def app_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's cache folder."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def survey_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the drawn galaxies."""
    return tmp_path_factory.mktemp("data") / "drawn"


@pytest.fixture(scope="session")
def address(
    app_cache: Path,
    survey_folder: Path,
    services: SkyServer,
    draw_galaxy: Callable,
    random_fractions: Callable,
) -> Iterator[str]:
    """The address of the app, whose sources are a folder of drawn galaxies and the bundled sample."""
    draw_survey(survey_folder, app_cache, draw_galaxy, random_fractions)
    with served(app_cache, GALAXY_EXPLORER_DATA=str(survey_folder), GALAXY_EXPLORER_SKY=services.address) as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or Playwright's own where there is none."""
    system = next((path for name in SYSTEM_BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        # The tests may run as root in a container, where Chromium's sandbox cannot start.
        browser = playwright.chromium.launch(executable_path=system, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(chromium: Browser) -> BrowserContext:
    """One profile for all: what the app's pages load is fetched once. What moves for ever would only cost time."""
    kept = chromium.new_context(accept_downloads=True, reduced_motion="reduce")
    kept.set_default_timeout(TIMEOUT_MS)
    return kept


@pytest.fixture(scope="session")
def free_pages() -> list[Page]:
    """The pages that no test is using; a page that has loaded the app before loads it in half the time."""
    return []


@pytest.fixture
def open_page(context: BrowserContext, free_pages: list[Page], address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a page of the app at a width and in a theme, each time as a new visitor."""
    used: list[Page] = []

    def open_at(path: str = "", width: int = 1280, theme: str = "dark") -> Page:
        page = free_pages.pop() if free_pages else context.new_page()
        used.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media="screen", color_scheme=theme, reduced_motion="reduce", forced_colors="none")
        page.goto(f"{address}/{path}")
        page.wait_for_selector("h1")
        return page

    yield open_at
    for page in used:
        page.goto("about:blank")  # the visit ends
    free_pages += used


@pytest.fixture(scope="session")
def axe() -> str | None:
    """axe-core's script; None where npm, which brings it, is not installed."""
    return axe_source()


@pytest.fixture
def look_at(axe: str | None, tmp_path: Path) -> Callable[[Page, str], None]:
    """A function that looks at a page as a test has left it, under a name for its pictures."""
    return lambda page, name: looked_at(page, name, axe)
