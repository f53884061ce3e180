"""The main job, in a real browser: gallery, galaxy, answer, saliency, upload, download."""

import csv
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from galaxy_explorer.decision_tree import COLUMNS

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parents[2] / "galaxy_explorer" / "sample"
SPIRAL = "587737825678131439"
SCREENSHOTS = os.environ.get("GALAXY_EXPLORER_SCREENSHOTS")  # a folder: keep pictures of what was tested


def keep_screenshot(page: Page, name: str) -> None:
    """Keep a picture of the whole page where the environment asks for it."""
    if SCREENSHOTS:
        height = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
        width = page.viewport_size["width"]
        page.set_viewport_size({"width": width, "height": min(int(height) + 80, 3200)})
        page.wait_for_timeout(1500)
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


def settled(page: Page) -> None:
    """Wait until the page has run to its end."""
    page.wait_for_timeout(300)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=90_000)


def saliency(page: Page) -> Locator:
    """The picture with the saliency over it, whose address is made from its content."""
    return page.locator(".st-key-picture img")


def explained(page: Page) -> Locator:
    """The select box of the answer that is explained."""
    return page.get_by_role("combobox", name="Explain answer")


# One look, since plotly draws its points anew whenever the page runs: a handle to one may outlive it.
PLACE_OF_ANSWER = """([index, count]) => {
    const points = [...document.querySelectorAll(".st-key-flow_chart path.point.plotly-customdata")];
    if (points.length !== count) return null;
    points[index].scrollIntoView({block: "center"});
    const box = points[index].getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
}"""


def click_answer(page: Page, column: str) -> None:
    """Click an answer's tile in the flow-chart."""
    place = page.wait_for_function(PLACE_OF_ANSWER, arg=[COLUMNS.index(column), len(COLUMNS)]).json_value()
    page.mouse.click(*place)


def test_from_the_gallery_to_another_answers_saliency(open_page: Callable[..., Page]) -> None:
    page = open_page()
    expect(page.locator("[class*='st-key-tile_']")).to_have_count(9)
    keep_screenshot(page, "browse")
    page.get_by_role("link", name=SPIRAL).click()
    expect(page.get_by_role("heading", name=f"Galaxy {SPIRAL}")).to_be_visible()
    assert f"galaxy={SPIRAL}" in page.url
    expect(saliency(page)).to_be_visible()
    settled(page)
    before = saliency(page).get_attribute("src")
    click_answer(page, "Class4.1")
    expect(explained(page)).to_have_value("4 · spiral arms: yes")
    expect(saliency(page)).not_to_have_attribute("src", before)
    settled(page)
    keep_screenshot(page, "galaxy")


def test_the_next_galaxy_is_in_the_address(open_page: Callable[..., Page]) -> None:
    page = open_page("galaxy?source=sample&galaxy=100008")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()
    expect(page).to_have_url(re.compile("galaxy=100023"))
    page.reload()
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()


def test_back_leads_from_a_galaxy_to_the_gallery_in_one_step(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.get_by_role("link", name="100023").click()
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()
    expect(page.locator(".st-key-flow_chart .js-plotly-plot")).to_be_visible()
    settled(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Browse galaxies")).to_be_visible()


def test_the_select_box_and_the_chart_stay_in_step(open_page: Callable[..., Page]) -> None:
    page = open_page("galaxy?source=sample&galaxy=100023")
    expect(page.locator(".st-key-flow_chart .js-plotly-plot")).to_be_visible()
    settled(page)
    before = saliency(page).get_attribute("src")
    explained(page).click()
    explained(page).fill("anything odd: yes")
    page.get_by_role("option", name="6 · anything odd: yes").click()
    expect(explained(page)).to_have_value("6 · anything odd: yes")
    expect(saliency(page)).not_to_have_attribute("src", before)
    settled(page)
    click_answer(page, "Class3.1")
    expect(explained(page)).to_have_value("3 · bar: yes")


def test_an_upload_gets_its_chart_and_its_numbers_to_download(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page("upload")
    page.locator("input[type=file]").first.set_input_files(SAMPLE / "242195.jpg")
    expect(page.locator(".st-key-flow_chart .js-plotly-plot")).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Scores as CSV").click()
    path = tmp_path / "scores.csv"
    download.value.save_as(path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["GalaxyID"] == "242195"
    assert sum(float(rows[0][f"Class1.{i}"]) for i in (1, 2, 3)) == pytest.approx(1.0, abs=1e-4)


def test_another_visitor_sees_nothing_of_an_upload(open_page: Callable[..., Page]) -> None:
    mine, other = open_page("upload"), open_page("upload")
    mine.locator("input[type=file]").first.set_input_files(SAMPLE / "784597.jpg")
    expect(mine.get_by_role("heading", name="784597")).to_be_visible()
    other.reload()
    other.wait_for_selector("h1")
    settled(other)
    expect(other.get_by_text("784597")).to_have_count(0)


def test_a_phone_gets_the_list_in_place_of_the_chart(open_page: Callable[..., Page]) -> None:
    page = open_page("galaxy?source=sample&galaxy=100008", width=390, theme="light")
    expect(page.locator(".st-key-flow_list")).to_be_visible()
    expect(page.locator(".st-key-flow_chart")).to_be_hidden()
    expect(page.locator(".st-key-flow_list")).to_contain_text("How many spiral arms are there?")
    settled(page)
    keep_screenshot(page, "phone")
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 390


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["", "upload", "compare", "about"])
def test_no_page_is_wider_than_its_window(open_page: Callable[..., Page], path: str, width: int) -> None:
    page = open_page(path, width=width)
    settled(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    expect(page.get_by_test_id("stException")).to_have_count(0)
