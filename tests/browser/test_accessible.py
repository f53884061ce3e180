"""Every page of the navigation, and addresses that lead nowhere: axe-core finds nothing serious."""

import ast
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from looks import LOOKS, WIDE, looked_at_once, turn_to
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

APP = Path(__file__).parents[2] / "app.py"
NOWHERE = ["galaxy?source=sample&galaxy=nowhere", "?source=nowhere&search=nowhere&sort=beauty"]


def pages_of_the_navigation() -> list[str]:
    """Read the addresses of the app's pages from its list of pages; the default page's is empty."""
    calls = [node for node in ast.walk(ast.parse(APP.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    addresses = []
    for call in calls:
        if ast.unparse(call.func) == "st.Page":
            options = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
            addresses.append("" if "default" in options else options["url_path"])
    return addresses


@pytest.fixture(scope="session")
def axe(axe: str | None) -> str:
    """axe-core's script, without which nothing here can be seen."""
    if axe is None:
        pytest.skip(
            "axe-core comes from npm, which is not installed: install npm to check how accessible the pages are"
        )
    return axe


@pytest.mark.parametrize("path", [*pages_of_the_navigation(), *NOWHERE])
def test_nothing_serious_bars_anyone_from_a_page(open_page: Callable[..., Page], axe: str, path: str) -> None:
    page = open_page(path)
    if not path:
        links = page.get_by_test_id("stTopNavLink")
        expect(links).to_have_count(len(pages_of_the_navigation()))
        addresses = [urlsplit(link.get_attribute("href") or "").path.strip("/") for link in links.all()]
        assert addresses == pages_of_the_navigation()
    for width, theme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900 if width == WIDE else 844})
        turn_to(page, theme)
        looked_at_once(page, f"opened-{path.split('?')[0] or 'browse'}-{'nowhere' * (path in NOWHERE)}-{theme}", axe)
