"""The main job, in a real browser: gallery, galaxy, answer, saliency, and back."""

from collections.abc import Callable

import pytest
from answer_choice import click_answer, explained
from looks import NARROW, at_each_look, settled
from playwright.sync_api import Locator, Page, expect

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
    expect(page.get_by_role("heading", name=f"Galaxy {SPIRAL}")).to_be_visible()
    assert f"galaxy={SPIRAL}" in page.url
    expect(saliency(page)).to_be_visible()
    settled(page)
    before = saliency(page).get_attribute("src")
    if width == NARROW:
        page.locator(".st-key-flow_list [data-column='Class3.1']").click(position={"x": 200, "y": 30})
    else:
        click_answer(page, "Class3.1")
    expect(explained(page)).to_have_value("3 · bar")
    expect(saliency(page)).not_to_have_attribute("src", before or "")
    settled(page)
    page.get_by_text("Compare answers").click()
    expect(page.locator("[class*='st-key-picture'] img").first).to_be_visible()
    look_at(page, "galaxy")
    page.get_by_role("link", name="Gallery").click()
    expect(page.get_by_role("heading", name="Browse galaxies")).to_be_visible()


def test_back_leads_from_a_galaxy_to_the_gallery_in_one_step(open_page: Callable[..., Page]) -> None:
    page = open_page("?source=sample")
    for _ in range(2):  # the second time it has been opened before
        page.get_by_role("link", name="100023").click()
        expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()
        expect(page.locator(".st-key-flow_chart .js-plotly-plot")).to_be_visible()
        settled(page)
        page.go_back()
        expect(page.get_by_role("heading", name="Browse galaxies")).to_be_visible()
        settled(page)


def test_in_a_narrow_window_the_menu_closes_when_a_page_is_chosen_and_stays_closed(
    open_page: Callable[..., Page],
) -> None:
    page = open_page(width=NARROW)
    menu = page.get_by_test_id("stSidebar")
    for reload_while_open in (False, True):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(menu).to_have_attribute("data-collapsed", "false")
        if not reload_while_open:
            menu.get_by_role("link", name="Sky").click()
            expect(page.get_by_role("heading", name="Find any galaxy")).to_be_visible()
            expect(menu).to_have_attribute("data-collapsed", "true")
        page.reload()
        expect(page.get_by_role("heading", name="Find any galaxy")).to_be_visible()
        settled(page)
        expect(menu).to_have_attribute("data-collapsed", "true")
    expect(menu).not_to_be_in_viewport()
