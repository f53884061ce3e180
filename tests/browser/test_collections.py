"""Hearts and collections in a real browser: on a phone, after a reload, and of two visitors."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from looks import NARROW, WIDE, settled
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

KEPT = "localStorage.getItem('galaxy-explorer.collections')"


def hearts(page: Page, *, pressed: bool) -> list[str]:
    """The ids of the galaxies whose hearts are pressed, or are not."""
    found = page.locator(f"button.heart[aria-pressed={str(pressed).lower()}]")
    return [heart.get_attribute("data-galaxy") or "" for heart in found.all()]


def test_a_heart_survives_a_reload_and_its_collection_can_be_managed(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], tmp_path: Path
) -> None:
    page = open_page("browse?source=sample", width=NARROW, theme="light")
    first = page.locator("button.heart").first
    expect(first).to_have_attribute("aria-pressed", "false")
    galaxy_id = first.get_attribute("data-galaxy")
    box = first.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 44
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("status").filter(has_text="Added to Favourites")).to_be_visible()
    assert page.url.endswith("browse?source=sample")  # the tile's link was not followed
    page.reload()
    expect(page.locator("button.heart[aria-pressed=true]")).to_have_count(1)
    assert hearts(page, pressed=True) == [galaxy_id]
    page.get_by_role("link", name="Hearts").click()
    expect(page.get_by_text("Favourites · 1 galaxy")).to_be_visible()
    look_at(page, "collections")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="CSV").click()
    downloading.value.save_as(tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == f"GalaxyID,source,label,mark\n{galaxy_id},sample,Favourites,yes\n"
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No galaxies yet.")).to_be_visible()
    page.wait_for_function(f"JSON.parse({KEPT}).collections.length === 0")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Favourites · 1 galaxy")).to_be_visible()
    page.set_viewport_size({"width": WIDE, "height": 900})
    page.get_by_role("link", name="Find more like these").click()
    expect(page.get_by_role("heading", name="Find more like these")).to_be_visible()
    look_at(page, "find-more")
    page.evaluate("localStorage.clear()")


def test_two_visitors_do_not_see_one_another(open_page: Callable[..., Page], chromium: Browser, address: str) -> None:
    page = open_page("galaxy?source=sample&galaxy=100008")
    heart = page.locator("button.heart.named, .st-key-title button.heart").first
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
    settled(page)
    other = chromium.new_context()
    visitor = other.new_page()
    visitor.goto(f"{address}/collections")
    expect(visitor.get_by_text("No galaxies yet.")).to_be_visible()
    hostile = {"revision": "x", "collections": [{"name": "<img src=x onerror=alert(1)>", "yes": [["a"], ["s", "<b>"]]}]}
    visitor.evaluate("kept => localStorage.setItem('galaxy-explorer.collections', kept)", json.dumps(hostile))
    alerts: list[str] = []
    visitor.on("dialog", lambda dialog: alerts.append(dialog.message))
    visitor.reload()
    expect(visitor.get_by_text("cannot be shown, as that source is not open here")).to_be_visible()
    settled(visitor)
    assert alerts == []
    other.close()
    page.evaluate("localStorage.clear()")
