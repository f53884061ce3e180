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
    return [text.split()[0] for text in page.locator("[class*='st-key-tile_'] a").all_inner_texts()]


def choose(page: Page, box: str, option: str) -> None:
    """Choose an option of a select box."""
    page.get_by_role("combobox", name=box).fill(option)
    page.get_by_role("option", name=option).click()


def add_filter(page: Page, answer: str) -> None:
    """Add a filter on an answer with the default range, 50 to 100 %."""
    settled(page)
    box = page.get_by_role("combobox", name="Answer")
    page.get_by_role("button", name="Add a filter").click()
    expect(box).to_be_visible()
    choose(page, "Answer", answer)
    page.get_by_role("button", name="Add filter").click()
    settled(page)
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()


@at_each_look
def test_filters_pile_up_and_their_url_can_be_shared(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], width: int, theme: str
) -> None:
    page = open_page("browse", width=width, theme=theme)
    add_filter(page, "1 · smooth or disk: features or disk")
    chips = page.locator("[class*='st-key-chip_'] button")
    expect(chips).to_have_text(["smooth or disk: features or disk ≥ 50\u00a0%close"])
    add_filter(page, "2 · not edge-on")
    expect(chips).to_have_count(2)
    expect(page).to_have_url(re.compile(r"filter=t01_features-or-disk~50-100s&filter=t02_no~50-100s"))
    first = shown(page)
    chips.first.click()
    expect(chips).to_have_text(["not edge-on ≥ 50\u00a0%close"])
    choose(page, "Sort order", "4 · spiral arms")
    expect(page.locator("[class*='st-key-tile_']").first).to_contain_text("% spiral arms")
    settled(page)
    sorted_first = shown(page)[0]
    page.get_by_role("button", name="Page 2").first.click()
    expect(page).to_have_url(re.compile(r"filter=t02_no~50-100s&sort=t04_yes&page=2"))
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


def test_a_tile_can_be_reached_and_followed_by_the_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page("browse")
    ids = shown(page)
    page.get_by_role("link", name=ids[0]).focus()
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text(ids[1])
    assert focused.evaluate("link => getComputedStyle(link).boxShadow") != "none"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Galaxy {ids[1]}")).to_be_visible()


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_of_three_pages_each_can_be_chosen(open_page: Callable[..., Page], width: int) -> None:
    page = open_page("browse?filter=t01_smooth~50-100s", width=width)
    settled(page)
    page.get_by_role("button", name="Page 2").first.click()
    expect(page).to_have_url(re.compile(r"page=2"))
    settled(page)
    for number in (1, 2, 3):
        expect(page.get_by_role("button", name=f"Page {number}")).to_have_count(2)  # above and below the gallery


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


@pytest.mark.parametrize("width", [390, 600, 800, 1280, 1920])
def test_rows_are_full_and_the_page_has_one_left_and_right_edge(open_page: Callable[..., Page], width: int) -> None:
    page = open_page("browse", width=width)
    settled(page)
    assert 24 % columns_of(page) == 0
    gallery = page.locator(".st-key-gallery").bounding_box()
    assert gallery
    assert gallery["width"] > 0.8 * width
    if width >= 1280:
        menu = page.get_by_test_id("stTopNavLink").first.bounding_box()
        last = page.locator(".st-key-count").get_by_test_id("stPaginationNext").bounding_box()
        assert menu
        assert last
        assert abs(menu["x"] - gallery["x"]) < 2
        assert abs(last["x"] + last["width"] - gallery["x"] - gallery["width"]) < 2
