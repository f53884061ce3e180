"""The first minute, by keyboard alone: Start, the comparison, another galaxy, and the explanation of an answer."""

import re
from collections.abc import Callable

import pytest
from looks import NARROW, WIDE, settled
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

MANY_TABS = 80


def tab_to(page: Page, selector: str) -> Locator:
    """Press Tab until an element that matches has the focus, which must be visible."""
    for _ in range(MANY_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            focused = page.locator(f"{selector}:focus")
            expect(focused).to_be_in_viewport()
            return focused
    pytest.fail(f"{MANY_TABS} presses of Tab do not reach {selector}")


def question(page: Page) -> Locator:
    """The heading of the question."""
    return page.locator(".st-key-ask h2")


def answer(page: Page, key: str, prompt: str) -> None:
    """Answer the question by a key."""
    expect(question(page)).to_contain_text(prompt)
    page.keyboard.press(key)


def test_by_keyboard_from_start_to_the_explanation_of_an_answer(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None]
) -> None:
    page = open_page(width=WIDE)
    page.set_viewport_size({"width": WIDE, "height": 800})
    expect(page.get_by_role("heading", level=1)).to_have_text("Galaxy Explorer")
    settled(page)
    for name in ("Browse", "Upload a picture", "Find a galaxy on the sky"):
        expect(page.locator(".st-key-ways").get_by_role("link", name=name)).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="300 galaxies of SDSS, live")).to_be_in_viewport(ratio=1)
    answer(page, "2", "Smooth, or with features?")
    expect(question(page)).to_contain_text("Do we see it from the edge?")
    settled(page)
    outline = tab_to(page, ".st-key-answer_1 button").evaluate("button => getComputedStyle(button).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(question(page)).to_contain_text("Is there a bar")
    settled(page)
    expect(page.locator(".st-key-answer_1 button")).to_be_focused()  # the next answer is where the last one was
    page.keyboard.press("Backspace")
    answer(page, "2", "Do we see it from the edge?")
    answer(page, "2", "Is there a bar")
    answer(page, "1", "Any spiral arms?")
    answer(page, "2", "Anything odd?")
    expect(question(page)).to_have_text(re.compile("You, the volunteers and the network agree: a spiral."))
    expect(page.locator(".way-network .step")).to_have_count(5)
    settled(page)
    look_at(page, "start-compared")

    page.keyboard.press("n")
    for key, prompt in (("2", "Smooth, or"), ("1", "from the edge"), ("1", "bulge"), ("2", "Anything odd")):
        answer(page, key, prompt)
    expect(question(page)).to_contain_text("an edge-on disk")
    expect(page.locator(".way-network .step")).to_have_count(4)
    settled(page)
    tab_to(page, ".st-key-next a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Galaxy Explorer")
    assert "galaxy?source=sample&galaxy=587736542560715163" in page.url
    expect(page.locator(".st-key-picture [data-testid=stImage] img")).to_be_visible()
    expect(page.locator(".flow-list button").first).to_be_attached()
    settled(page)
    tab_to(page, ".flow-list button")
    page.keyboard.press("ArrowRight")
    column = page.evaluate("document.activeElement.closest('[data-column]').dataset.column")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"answer={re.escape(column)}"))


def test_on_a_phone_galaxy_question_and_answers_are_on_one_screen(open_page: Callable[..., Page]) -> None:
    page = open_page(width=NARROW, theme="light")
    page.set_viewport_size({"width": NARROW, "height": 844})
    expect(page.locator(".st-key-answers button")).to_have_count(3)
    for part in (page.locator(".st-key-view img"), question(page), *page.locator(".st-key-answers button").all()):
        expect(part).to_be_in_viewport(ratio=1)
    tops = [button.bounding_box() for button in page.locator(".st-key-answers button").all()]
    assert all(box and min(box["width"], box["height"]) >= 44 for box in tops)

    for key, prompt in (("1", "Smooth, or"), ("1", "How round"), ("1", "Anything odd")):
        answer(page, key, prompt)
    expect(page.locator(".way-network .step.differs")).to_have_count(2)
    settled(page)
    another, tabs = (page.locator(each).bounding_box() for each in (".st-key-next button", ".st-key-tabs"))
    assert another
    assert tabs
    assert another["y"] + another["height"] <= tabs["y"]
    rows = [
        [page.locator(f".way-{side} .step").nth(place).bounding_box() for place in (0, -1)]
        for side in ("you", "volunteers", "network")
    ]
    assert all(len({box["y"] for box in boxes if box}) == 1 for boxes in zip(*rows, strict=True))
