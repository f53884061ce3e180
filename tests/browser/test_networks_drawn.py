"""About in a real browser: the diagrams in rows or in a column, and one question at a time."""

import re
from collections.abc import Callable

import pytest
from looks import at_each_look, turn_to
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SMALLEST_PX = 12  # of a text in the diagram

# The place of every block of the first diagram, and its smallest text.
BLOCKS = """() => [...document.querySelector("ol.network").children].map(item => {
    const box = item.getBoundingClientRect(), picture = item.querySelector("img");
    const sizes = [...item.querySelectorAll("span")].map(span => parseFloat(getComputedStyle(span).fontSize));
    return {left: box.left, right: box.right, top: box.top, text: Math.min(...sizes),
            drawn: picture.complete && picture.naturalWidth > 0};
})"""


def test_the_networks_are_drawn_side_by_side_or_below_one_another(open_page: Callable[..., Page]) -> None:
    page = open_page("about")
    page.get_by_text("The networks, layer by layer").click()
    expect(page.locator("ol.network")).to_have_count(2)
    for width, theme in ((1280, "dark"), (1280, "light"), (390, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        turn_to(page, theme)
        blocks = page.evaluate(BLOCKS)
        assert all(block["drawn"] and block["text"] >= SMALLEST_PX for block in blocks)
        assert min(block["left"] for block in blocks) >= 0
        assert max(block["right"] for block in blocks) <= width
        rows = {round(block["top"]) for block in blocks}
        assert len(rows) == len(blocks) if width == 390 else len(rows) <= 3
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width


@at_each_look
def test_one_question_is_shown_at_a_time_and_its_examples_lead_to_galaxies(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], width: int, theme: str
) -> None:
    page = open_page("about", width=width, theme=theme)
    page.get_by_text("The 11 questions, with examples").click()
    page.get_by_role("radio", name="4 · spiral arms").or_(page.get_by_role("button", name="4 · spiral arms")).click()
    expect(page.get_by_role("heading", name="4. Is there any sign of a spiral arm pattern?")).to_be_visible()
    expect(page).to_have_url(re.compile(r"question=4"))
    expect(page.get_by_role("heading", name="1. Is the galaxy")).to_have_count(0)
    look_at(page, "about-question")
    page.locator("[class*='st-key-examples_']").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/galaxy\?.*galaxy=\w+"))
