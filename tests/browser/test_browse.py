"""Browse in a real browser: filters, chips, sort order, pages, a shared URL, the keyboard."""

import re
from collections.abc import Callable

import pytest
from app_server import GALAXIES
from looks import NARROW, WIDE, at_each_look, settled
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def shown(page: Page) -> list[str]:
    """The ids on the tiles, in order, when all pictures are there."""
    expect(page.locator("[class*='st-key-tile_'] img").first).to_be_visible()
    expect(page.locator("[class*='st-key-tile_']:not(:has(img))")).to_have_count(0)
    return [text.split()[-1] for text in page.locator("[class*='st-key-tile_'] a").all_inner_texts()]


def choose(page: Page, label: str, option: str, button: str = "") -> None:
    """Choose an option of a select box among the controls, and press a button after it."""
    settled(page)
    box, controls = page.get_by_role("combobox", name=label), page.locator(".st-key-all_controls summary")
    controls.click()
    expect(box).to_be_visible()
    box.fill(option)
    page.get_by_role("option", name=option).click()
    if button:
        page.get_by_role("button", name=button).click()
    settled(page)
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()


def add_filter(page: Page, answer: str) -> None:
    """Add a filter on an answer with the default range, 50 to 100 %."""
    choose(page, "Filter by answer", answer, "Add filter")


@at_each_look
def test_filters_pile_up_and_their_url_can_be_shared(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], width: int, theme: str
) -> None:
    page = open_page("browse", width=width, theme=theme)
    expect(page.locator("[class*='st-key-tile_'] img").first).to_be_visible()
    first_picture = page.locator("[class*='st-key-tile_']").first.bounding_box()
    assert first_picture
    assert first_picture["y"] < (295 if width == NARROW else 232)
    add_filter(page, "1 · features or disk")
    chips = page.locator("[class*='st-key-chip_'] button")
    expect(chips).to_have_text(["features or disk ≥ 50\u00a0%close"])
    add_filter(page, "2 · not edge-on")
    expect(chips).to_have_count(2)
    expect(page).to_have_url(re.compile(r"filter=t01_features-or-disk~50-100s&filter=t02_no~50-100s"))
    first = shown(page)
    chips.first.click()
    expect(chips).to_have_text(["not edge-on ≥ 50\u00a0%close"])
    choose(page, "Sort order", "1 · smooth")
    expect(page.locator("[class*='st-key-tile_']").first).to_contain_text(re.compile("smooth \\d+"))
    settled(page)
    sorted_first = shown(page)[0]
    page.get_by_role("button", name="Page 2").first.click()
    expect(page).to_have_url(re.compile(r"filter=t02_no~50-100s&sort=t01_smooth&page=2"))
    expect(page.locator("[class*='st-key-tile_'] a").first).not_to_contain_text(sorted_first)
    settled(page)
    second = shown(page)
    assert second
    assert not set(first) & set(second) or first != second
    look_at(page, "browse")
    page.reload()
    expect(chips).to_have_count(1)
    settled(page)
    assert shown(page) == second
    page.get_by_role("link", name=second[0]).click()
    expect(page.get_by_role("heading", name=f"Galaxy {second[0]}")).to_be_visible()
    page.get_by_role("link", name="Gallery").click()
    expect(chips).to_have_count(1)
    assert shown(page) == second


def grows_and_moves_no_other(page: Page) -> None:
    """Check that a tile is enlarged under the pointer, except for who prefers no motion."""
    page.emulate_media(reduced_motion="no-preference")
    tiles = page.locator("[class*='st-key-tile_']")
    before, neighbour = tiles.nth(1).bounding_box(), tiles.nth(2).bounding_box()
    assert before
    tiles.nth(1).hover()
    page.wait_for_function(
        "([tile, width]) => tile.getBoundingClientRect().width > 1.15 * width",
        arg=[tiles.nth(1).element_handle(), before["width"]],
    )
    assert tiles.nth(2).bounding_box() == neighbour
    page.emulate_media(reduced_motion="reduce")
    assert tiles.nth(1).bounding_box() == before
    page.mouse.move(0, 0)


def test_a_tile_grows_under_the_pointer_and_is_reached_and_followed_by_the_keyboard(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("browse")
    ids = shown(page)
    grows_and_moves_no_other(page)
    page.get_by_role("link", name=ids[0]).focus()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("aria-label", f"Keep {ids[0]} in Favourites")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_contain_text(ids[1])
    assert focused.evaluate("link => getComputedStyle(link).boxShadow") != "none"
    assert focused.locator("strong").bounding_box()["height"] > 5  # the id is shown
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Galaxy {ids[1]}")).to_be_visible()


@at_each_look
def test_without_matches_a_click_removes_a_filter(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], width: int, theme: str
) -> None:
    page = open_page("browse?filter=t01_smooth~0-100s&search=nowhere&sort=beauty", width=width, theme=theme)
    expect(page.get_by_role("alert")).to_contain_text("sort=beauty is ignored")
    look_at(page, "browse-nothing")
    page.get_by_role("button", name=f"id: nowhere → {GALAXIES} galaxies").click()
    assert len(shown(page)) == 24
    assert columns_of(page) == (2 if width == 390 else 6)


def columns_of(page: Page) -> int:
    """The number of columns of the gallery."""
    grid = page.locator(".st-key-gallery")
    return grid.evaluate("grid => getComputedStyle(grid).gridTemplateColumns.split(' ').length")


def test_rows_are_full_within_one_left_and_right_edge_and_each_of_three_pages_can_be_chosen(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("browse?filter=t01_smooth~50-100s")
    settled(page)
    gallery = page.locator(".st-key-gallery")
    for width in (390, 600, 800, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            "width => document.querySelector('.st-key-gallery').clientWidth > 0.8 * width", arg=width
        )
        assert 24 % columns_of(page) == 0
        box = gallery.bounding_box()
        assert box
        assert box["width"] <= width
        if width >= 1280:
            name_of_app = page.get_by_test_id("stToolbar").evaluate(
                "bar => bar.getBoundingClientRect().x + parseFloat(getComputedStyle(bar).paddingLeft)"
            )
            last = page.locator(".st-key-count").get_by_test_id("stPaginationNext").bounding_box()
            assert last
            assert abs(name_of_app - box["x"]) < 2
            assert abs(last["x"] + last["width"] - box["x"] - box["width"]) < 2
    for width, chosen in ((WIDE, 2), (NARROW, 1)):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        page.get_by_role("button", name=f"Page {chosen}").first.click()
        expect(page).to_have_url(re.compile(rf"page={chosen}") if chosen > 1 else re.compile(r"^(?!.*page=)"))
        settled(page)
        for number in (1, 2, 3):  # above the gallery and, on a phone only, below it
            expect(page.get_by_role("button", name=f"Page {number}")).to_have_count(1 if width == NARROW else 2)
