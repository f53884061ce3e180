"""Upload in a real browser, on a desk and on a phone: drop, crop, warn, remove, download."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from looks import at_each_look, settled
from PIL import Image
from playwright.sync_api import Page, expect

from galaxy_explorer.app.services import networks
from galaxy_explorer.decision_tree import COLUMNS, columns_of

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parents[2] / "galaxy_explorer" / "sample"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A galaxy that is small and off centre, a page of lines, and a file that is not a picture."""
    folder = tmp_path_factory.mktemp("pictures")
    sky = np.random.default_rng(0).normal(10, 3, (420, 640, 3)).clip(0, 255).astype(np.uint8)
    sky[230:400, 40:210] = np.asarray(Image.open(SAMPLE / "100023.jpg").resize((170, 170)))
    lines = np.full((300, 300, 3), 255, np.uint8)
    lines[::12, 20:280] = 0
    Image.fromarray(sky).save(folder / "aside.png")
    Image.fromarray(lines).save(folder / "page.png")
    (folder / "broken.png").write_bytes(b"%PDF-1.7")
    return [folder / name for name in ("aside.png", "page.png", "broken.png")]


@at_each_look
def test_pictures_are_dropped_cropped_removed_and_their_scores_downloaded(
    open_page: Callable[..., Page],
    look_at: Callable[[Page, str], None],
    pictures: list[Path],
    tmp_path: Path,
    width: int,
    theme: str,
) -> None:
    page = open_page("upload", width=width, theme=theme)
    page.locator("input[type=file]").first.set_input_files(pictures)
    expect(page.get_by_text("a PDF document is not a picture")).to_be_visible()
    expect(page.get_by_text("The brightest object is small")).to_be_visible()
    expect(page.get_by_text("Scores of all 2")).to_be_visible()
    expect(page.get_by_text(f"{networks.networks()[0]} has never seen a picture like this")).to_be_visible()
    settled(page)

    before = page.locator(".st-key-picture [data-testid=stImage] img").get_attribute("src")
    suggested = page.get_by_role("button", name="Use suggested crop")
    suggested.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The network uses the thin inner frame")).to_be_visible()
    expect(page.locator(".st-key-picture [data-testid=stImage] img")).not_to_have_attribute("src", before or "")
    look_at(page, "upload-cropped")

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
    assert sum(float(row[column]) for column in columns_of(1)) == pytest.approx(1.0, abs=1e-4)


def test_another_visitor_sees_nothing_of_an_upload(open_page: Callable[..., Page]) -> None:
    mine, other = open_page("upload"), open_page("upload")
    mine.locator("input[type=file]").first.set_input_files(SAMPLE / "784597.jpg")
    expect(mine.get_by_role("heading", name="784597")).to_be_visible()
    other.reload()
    other.wait_for_selector("h1")
    settled(other)
    expect(other.get_by_text("784597")).to_have_count(0)
