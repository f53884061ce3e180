"""Browse in a real browser: filters piled up, chips, an order, pages, an address that can be shared, and the keyboard."""

import re
from collections.abc import Callable, Iterator

import pytest
from conftest import served
from playwright.sync_api import Browser, Page, expect
from test_journey import keep_screenshot, settled

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.views.gallery import PAGE_SIZE

pytestmark = pytest.mark.browser

GALAXIES = 60  # with the two filters below 40 are left: two pages


@pytest.fixture(scope="module")
def survey_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app whose first source is sixty galaxies with the sample's pictures and votes."""
    folder, sample = tmp_path_factory.mktemp("data") / "survey", open_catalogue("sample")
    folder.mkdir()
    voted = sample.table.dropna(subset=list(COLUMNS))
    lines = ["GalaxyID," + ",".join(COLUMNS)]
    for number in range(GALAXIES):
        row = voted.iloc[number % len(voted)]
        (folder / f"g{number:02d}.jpg").symlink_to(sample.root / row["picture"])
        lines.append(f"g{number:02d}," + ",".join(str(row[column]) for column in COLUMNS))
    (folder / "scores.csv").write_text("\n".join(lines))
    with served(tmp_path_factory.mktemp("cache"), GALAXY_EXPLORER_DATA=str(folder)) as url:
        yield url


@pytest.fixture
def browse(chromium: Browser, survey_address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens Browse at an address, a width and in a theme."""
    pages: list[Page] = []

    def open_at(query: str = "", width: int = 1280, theme: str = "dark") -> Page:
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
        pages.append(page)
        page.goto(f"{survey_address}/{query}")
        expect(page.locator(".st-key-count, .st-key-nothing").first).to_be_visible()
        return page

    yield open_at
    for page in pages:
        page.close()


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
    """Add a filter on an answer with the bounds that the page proposes, 50 to 100 %."""
    settled(page)
    box = page.get_by_role("combobox", name="Answer")
    page.get_by_role("button", name="Add a filter").click()
    expect(box).to_be_visible()
    choose(page, "Answer", answer)
    page.get_by_role("button", name="Add filter").click()
    settled(page)
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (390, "light")])
def test_filters_pile_up_and_their_view_can_be_shared(browse: Callable[..., Page], width: int, theme: str) -> None:
    page = browse(width=width, theme=theme)
    add_filter(page, "1 · smooth or disk: features or disk")
    chips = page.locator("[class*='st-key-chip_'] button")
    expect(chips).to_have_text(["smooth or disk: features or disk ≥ 50\u00a0%close"])
    add_filter(page, "2 · edge-on: no")
    expect(chips).to_have_count(2)
    expect(page).to_have_url(re.compile(r"filter=t01_features-or-disk~50-100s&filter=t02_no~50-100s"))
    first = shown(page)
    chips.first.click()
    expect(chips).to_have_text(["edge-on: no ≥ 50\u00a0%close"])
    choose(page, "Sort by", "4 · spiral arms: yes")
    expect(page.locator("[class*='st-key-tile_']").first).to_contain_text("% spiral arms: yes")
    page.get_by_role("button", name="Page 2").first.click()
    expect(page).to_have_url(re.compile(r"filter=t02_no~50-100s&sort=t04_yes&page=2"))
    settled(page)
    expect(page.locator("[class*='st-key-tile_']")).not_to_have_count(PAGE_SIZE)  # the last tiles of page 1 have gone
    second = shown(page)
    assert second
    assert not set(first) & set(second) or first != second
    keep_screenshot(page, f"browse-{width}-{theme}")
    page.reload()
    expect(chips).to_have_count(1)
    settled(page)
    assert shown(page) == second
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    page.get_by_role("link", name=second[0]).click()
    expect(page.get_by_role("heading", name=f"Galaxy {second[0]}")).to_be_visible()
    page.get_by_role("link", name="Gallery").click()
    expect(chips).to_have_count(1)
    assert shown(page) == second


def test_a_tile_can_be_reached_and_followed_by_the_keyboard(browse: Callable[..., Page]) -> None:
    page = browse()
    ids = shown(page)
    page.get_by_role("link", name=ids[0]).focus()
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text(ids[1])
    assert focused.evaluate("link => getComputedStyle(link).boxShadow") != "none"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Galaxy {ids[1]}")).to_be_visible()


def test_where_nothing_fits_a_click_finds_galaxies_again(browse: Callable[..., Page]) -> None:
    page = browse("?filter=t01_smooth~0-100s&search=nowhere&sort=beauty", width=390)
    expect(page.get_by_role("alert")).to_contain_text("sort=beauty in the address is nothing to sort by")
    keep_screenshot(page, "browse-nothing")
    page.get_by_role("button", name="search for “nowhere” → 60 galaxies").click()
    assert len(shown(page)) == 24
    columns = page.locator(".st-key-gallery").evaluate(
        "grid => getComputedStyle(grid).gridTemplateColumns.split(' ').length"
    )
    assert columns in (2, 3)
