"""The main job, in a real browser: gallery, galaxy, answer, saliency, and back."""

import re
from collections.abc import Callable

import pytest
from answer_choice import click_answer, explained
from looks import NARROW, at_each_look, settled
from playwright.sync_api import Locator, Page, expect

from galaxy_explorer.app.main import PAGES

pytestmark = pytest.mark.browser

SPIRAL = "587737825678131439"


def saliency(page: Page) -> Locator:
    """The picture with the saliency over it, whose URL depends on its content."""
    return page.locator(".st-key-picture [data-testid=stImage] img")


@at_each_look
def test_from_the_gallery_to_another_answers_saliency_and_back(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], width: int, theme: str
) -> None:
    page = open_page("browse?source=sample", width=width, theme=theme)
    expect(page.locator("[class*='st-key-tile_']")).to_have_count(9)
    page.get_by_role("link", name=SPIRAL).click()
    expect(page.get_by_role("heading", name="SDSS J082617.4+541216")).to_be_visible()
    assert f"galaxy={SPIRAL}" in page.url
    expect(saliency(page)).to_be_visible()
    settled(page)
    page.get_by_text("Show where it looked").click()
    expect(page.get_by_text("Bright areas speak for")).to_be_visible()
    settled(page)
    before = saliency(page).get_attribute("src")
    if width == NARROW:
        page.locator(".st-key-flow_list [data-column='Class3.1']").click(position={"x": 200, "y": 30})
    else:
        click_answer(page, "Class3.1")
    expect(explained(page)).to_have_value("bar")
    expect(saliency(page)).not_to_have_attribute("src", before or "")
    settled(page)
    page.get_by_text("Compare answers").click()
    expect(page.locator("[class*='st-key-picture'] img").first).to_be_visible()
    look_at(page, "galaxy")
    page.get_by_role("link", name="Gallery").click()
    expect(page.get_by_role("heading", name="Browse galaxies")).to_be_visible()


def test_in_a_narrow_window_the_pages_are_tabs_that_cover_nothing(open_page: Callable[..., Page]) -> None:
    page = open_page("sky", width=NARROW)
    tabs = page.get_by_role("navigation", name="Pages", exact=True)
    expect(tabs.get_by_role("link")).to_have_text([re.compile(f"{listed.tab or listed.title}$") for listed in PAGES])
    expect(tabs.locator("[aria-current=page]")).to_have_text(re.compile("Sky$"))
    expect(page.get_by_test_id("stExpandSidebarButton")).not_to_be_visible()
    tabs.get_by_role("link", name="About").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="About Galaxy Explorer")).to_be_visible()
    expect(tabs.locator("[aria-current=page]")).to_have_text(re.compile("About$"))
    settled(page)
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, main.scrollHeight)")
    last, bar = page.get_by_test_id("stMarkdown").last.bounding_box(), tabs.bounding_box()
    assert last is not None
    assert bar is not None
    assert last["y"] + last["height"] < bar["y"]
    assert bar["y"] + bar["height"] == pytest.approx(900, abs=1)
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(tabs).not_to_be_visible()
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(len(PAGES))
