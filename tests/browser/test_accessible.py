"""Every page of the menu, and URLs that lead nowhere: axe-core finds nothing serious."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from looks import NARROW, WIDE, looked_at_once, turn_to
from playwright.sync_api import Page, expect

from galaxy_explorer.app.main import PAGES

pytestmark = pytest.mark.browser

PATHS = ["", *(page.url_path for page in PAGES[1:])]  # the default page's is empty
NOWHERE = ["galaxy?source=sample&galaxy=nowhere", "browse?source=nowhere&search=nowhere&sort=beauty", "glaxy"]
LOOKS = ((WIDE, "dark"), (WIDE, "light"), (NARROW, "light"))
# Other tests look at these, as they open, in the dark theme and in a narrow window.
LOOKED_AT_ELSEWHERE = ("browse", "galaxy", "sky", "compare")


@pytest.fixture(scope="session")
def axe(axe: str | None) -> str:
    """axe-core's script, which these tests need."""
    if axe is None:
        pytest.skip("axe-core comes from npm, which is not installed: install npm to check the pages")
    return axe


@pytest.mark.parametrize("path", [*PATHS, *NOWHERE])
def test_nothing_serious_bars_anyone_from_a_page(open_page: Callable[..., Page], axe: str, path: str) -> None:
    page = open_page(path)
    if not path:
        links = page.get_by_test_id("stTopNavLink")
        expect(links).to_have_count(len(PATHS))
        assert [urlsplit(link.get_attribute("href") or "").path.strip("/") for link in links.all()] == PATHS
    if path == "glaxy":  # Streamlit's own message would be a dialog over Start
        expect(page.get_by_role("heading", name="No such page")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
    for width, theme in LOOKS[1:2] if path in LOOKED_AT_ELSEWHERE else LOOKS:
        page.set_viewport_size({"width": width, "height": 900 if width == WIDE else 844})
        turn_to(page, theme)
        looked_at_once(page, f"opened-{path.split('?')[0] or 'start'}-{'nowhere' * (path in NOWHERE)}-{theme}", axe)
