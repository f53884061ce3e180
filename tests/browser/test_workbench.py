"""Workbench in a real browser: a slider by keyboard, the brush, a link, and a phone."""

import re
from collections.abc import Callable

import pytest
from looks import NARROW, WIDE, settled, width_of
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PICTURE = ".st-key-picture [data-testid=stImage] img"


def source_of(page: Page) -> str:
    """The URL of the picture, which depends on its content."""
    return page.locator(PICTURE).get_attribute("src") or ""


def test_sliders_brush_and_link(open_page: Callable[..., Page], look_at: Callable[[Page, str], None]) -> None:
    page = open_page("workbench?preset=SBb&network=fcn", width=WIDE)
    expect(page.get_by_text("Simulated galaxy", exact=True)).to_be_visible()
    settled(page)
    before = source_of(page)
    page.get_by_role("slider", name="Inclination").press("End")
    expect(page).to_have_url(re.compile("inclination=90"))
    expect(page.locator(PICTURE)).not_to_have_attribute("src", before)
    expect(page.locator(".st-key-bench_words")).to_contain_text("interval")
    look_at(page, "workbench-simulated")
    depth = page.evaluate("history.length")
    page.get_by_role("slider", name="Inclination").press("ArrowLeft")
    expect(page).to_have_url(re.compile("inclination=89"))
    assert page.evaluate("history.length") == depth  # one press of Back leaves the page

    page.goto(page.url.split("workbench")[0] + "workbench?source=sample&galaxy=100023&network=fcn")
    settled(page)
    plain = source_of(page)
    page.get_by_role("radio", name="Cover").or_(page.get_by_role("button", name="Cover")).first.click()
    brush = page.locator("svg.brush")
    expect(brush).to_be_visible()
    settled(page)
    shown, layer = page.locator(PICTURE).bounding_box(), brush.bounding_box()
    assert shown is not None
    assert layer == pytest.approx(shown, abs=2)  # painted where it is seen
    middle = shown["x"] + shown["width"] / 2, shown["y"] + shown["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile("covered=500-500-50"))
    expect(page.locator(PICTURE)).not_to_have_attribute("src", plain)
    brush.press("ArrowRight")
    brush.press("Enter")
    expect(page).to_have_url(re.compile(r"covered=500-500-50\.510-500-50"))
    settled(page)
    covered = source_of(page)
    page.goto(page.url)  # as someone who was sent the link
    expect(page.locator(PICTURE)).to_have_attribute("src", covered)
    page.set_viewport_size({"width": NARROW, "height": 844})
    settled(page)
    page.locator(".st-key-bench_words").scroll_into_view_if_needed()
    expect(page.locator(PICTURE)).to_be_in_viewport(ratio=0.9)  # it stays in sight while the sliders move
    assert width_of(page) <= NARROW
    look_at(page, "workbench-changed")
