"""A whole vote by keyboard alone: questions, undo, submission, the comparison, and the vote kept after a reload."""

import json
from collections.abc import Callable

import pytest
from looks import NARROW, WIDE, settled, turn_to
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

KEPT = "JSON.parse(localStorage.getItem('galaxy-explorer.votes') ?? '{\"votes\": []}').votes"


def press(page: Page, key: str, following: str) -> None:
    """Press a key, and wait for the next heading."""
    page.keyboard.press(key)
    expect(page.locator(".st-key-quiz h2, .st-key-voted h2").first).to_contain_text(following)
    settled(page)


@pytest.mark.parametrize(("width", "theme"), [(WIDE, "dark"), (NARROW, "light")])
def test_a_whole_vote_by_keyboard_alone(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], width: int, theme: str
) -> None:
    page = open_page("vote?source=sample&galaxy=100053", width=width, theme=theme)
    page.evaluate("localStorage.removeItem('galaxy-explorer.votes')")
    page.reload()
    expect(page.locator(".st-key-answers button")).to_have_count(3)
    settled(page)
    for button in page.locator(".st-key-answers button").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
        expect(button).to_be_in_viewport(ratio=1)
    look_at(page, "vote-asked")
    press(page, "1", "How rounded")
    press(page, "2", "anything odd")
    press(page, "1", "Is the odd feature")
    expect(page.locator(".st-key-answers button")).to_have_count(7)
    press(page, "7", "Submit them?")
    press(page, "Backspace", "Is the odd feature")
    press(page, "Backspace", "anything odd")
    press(page, "2", "Submit them?")
    look_at(page, "vote-review")
    page.get_by_role("button", name="Back").focus()
    press(page, "Enter", "anything odd")  # on another button Enter must not submit: that is final
    press(page, "2", "Submit them?")
    press(page, "s", "Most volunteers say the same")
    expect(page.locator(".paths tbody tr")).to_have_count(3)
    expect(page.locator(".st-key-vote_chart .main-svg").first).to_be_visible()
    settled(page)
    box = page.locator(".st-key-vote_chart .main-svg").first.bounding_box()
    assert box
    assert box["width"] > 700  # narrower, its texts would overlap
    look_at(page, "vote-compared")
    turn_to(page, "light" if theme == "dark" else "dark")
    look_at(page, "vote-compared-turned")
    page.wait_for_function(f"{KEPT}.length === 1")
    (kept,) = page.evaluate(KEPT)
    assert kept[:3] == ["sample", "100053", "Class1.1 Class7.2 Class6.2"], json.dumps(kept)
    page.keyboard.press("n")
    expect(page.locator(".st-key-answers button")).to_have_count(3)

    server = page.url.split("vote")[0]
    page.goto(f"{server}vote?source=sample&collection=two:100053,100008")  # a new session: the browser has the vote
    expect(page.locator(".note")).to_contain_text("2 of 2")
    page.goto(f"{server}agreement?source=sample")
    expect(page.get_by_text("You have voted on 1 galaxy")).to_be_visible()
    look_at(page, "vote-agreement")
    page.evaluate("localStorage.removeItem('galaxy-explorer.votes')")
