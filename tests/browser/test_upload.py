"""Upload in a real browser, on a desk and on a phone: drop, crop, warn, remove, download."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from axe import axe_source, violations
from PIL import Image
from playwright.sync_api import Page, expect
from test_journey import SAMPLE, keep_screenshot, settled

from galaxy_explorer.decision_tree import COLUMNS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A galaxy that is small and off the middle, a page of lines, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("pictures")
    sky = np.random.default_rng(0).normal(10, 3, (420, 640, 3)).clip(0, 255).astype(np.uint8)
    sky[230:400, 40:210] = np.asarray(Image.open(SAMPLE / "100023.jpg").resize((170, 170)))
    lines = np.full((300, 300, 3), 255, np.uint8)
    lines[::12, 20:280] = 0
    Image.fromarray(sky).save(folder / "aside.png")
    Image.fromarray(lines).save(folder / "page.png")
    (folder / "broken.png").write_bytes(b"%PDF-1.7")
    return [folder / name for name in ("aside.png", "page.png", "broken.png")]


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (390, "light")])
def test_pictures_are_dropped_cropped_removed_and_their_scores_downloaded(
    open_page: Callable[..., Page], pictures: list[Path], tmp_path: Path, width: int, theme: str
) -> None:
    page = open_page("upload", width=width, theme=theme)
    page.locator("input[type=file]").first.set_input_files(pictures)
    expect(page.get_by_text("a PDF document is not a picture")).to_be_visible()
    expect(page.get_by_text("The brightest object is small")).to_be_visible()
    expect(page.get_by_text("Scores of all 2")).to_be_visible()
    expect(page.get_by_text("looks unlike those that fcn learnt from")).to_be_visible()
    settled(page)
    keep_screenshot(page, f"upload-{width}")

    before = page.locator(".st-key-picture img").get_attribute("src")
    suggested = page.get_by_role("button", name="Use the suggestion")
    suggested.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The network now sees this square")).to_be_visible()
    expect(page.locator(".st-key-picture img")).not_to_have_attribute("src", before or "")
    settled(page)
    keep_screenshot(page, f"upload-cropped-{width}")
    assert violations(page, axe_source()) == []

    page.get_by_test_id("stFileChipDeleteBtn").nth(1).get_by_role("button").click()  # of page.png
    expect(page.get_by_text("Scores of all 2")).to_have_count(0)
    settled(page)
    expect(page.get_by_role("heading", name="aside")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Scores as CSV").click()
    download.value.save_as(tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["GalaxyID"] == "aside"
    assert set(row) == {"GalaxyID", *COLUMNS}
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
