"""Every page of the navigation, in both themes: axe-core finds no serious violation."""

import ast
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe import axe_source, violations
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

APP = Path(__file__).parents[2] / "app.py"


def pages_of_the_navigation() -> list[str]:
    """Read the addresses of the app's pages from its list of pages; the default page's is empty."""
    calls = [node for node in ast.walk(ast.parse(APP.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    addresses = []
    for call in calls:
        if ast.unparse(call.func) == "st.Page":
            assert isinstance(call.args[0], ast.BinOp)
            file = ast.literal_eval(call.args[0].right)
            options = {word.arg: word.value for word in call.keywords}
            addresses.append("" if "default" in options else Path(file).stem)
    return addresses


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script."""
    return axe_source()


def settled(page: Page) -> None:
    """Wait until the page has run to its end and drawn what it shows."""
    expect(page.locator(".stApp[data-test-script-state=notRunning]")).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def in_light(page: Page) -> None:
    """Turn the system's choice from dark to light, and wait until the page has followed."""
    page.emulate_media(color_scheme="light")
    page.wait_for_function("getComputedStyle(document.querySelector('.stApp')).colorScheme === 'light'")
    settled(page)


def test_the_navigation_has_the_pages_that_are_checked(open_page: Callable[..., Page]) -> None:
    links = open_page().get_by_test_id("stTopNavLink")
    expect(links).to_have_count(len(pages_of_the_navigation()))
    addresses = [urlsplit(link.get_attribute("href") or "").path.strip("/") for link in links.all()]
    assert addresses == pages_of_the_navigation()


@pytest.mark.parametrize("path", pages_of_the_navigation())
def test_nothing_serious_bars_anyone_from_a_page(open_page: Callable[..., Page], axe: str, path: str) -> None:
    page = open_page(path)
    settled(page)
    assert violations(page, axe) == []
    in_light(page)
    assert violations(page, axe) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page, axe) == []
