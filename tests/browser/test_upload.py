"""Upload in a real browser, on a desk and on a phone: drop, crop, warn, remove, download."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from looks import NARROW, WIDE, at_each_look, settled
from PIL import Image
from playwright.sync_api import Page, expect

from galaxy_explorer.decision_tree import COLUMNS, columns_of

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parents[2] / "galaxy_explorer" / "sample"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A galaxy that is small and off centre, a page of lines, and a file that is not a picture."""
    folder = tmp_path_factory.mktemp("pictures")
    sky = np.random.default_rng(0).normal(10, 3, (420, 640, 3)).clip(0, 255).astype(np.uint8)
    sky[180:350, 120:290] = np.asarray(Image.open(SAMPLE / "100023.jpg").resize((170, 170)))
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
    expect(page.get_by_text("pixels around the galaxy")).to_be_visible()
    expect(page.get_by_text("Scores of all 2")).to_be_visible()
    expect(page.get_by_text("No picture at hand")).to_have_count(0)
    settled(page)

    whole = page.get_by_role("button", name="Use the whole picture")
    whole.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The whole picture is used")).to_be_visible()
    page.get_by_role("button", name="Use the suggested crop").click()
    expect(page.get_by_text("pixels around the galaxy")).to_be_visible()
    settled(page)
    look_at(page, "upload-cropped")

    page.get_by_test_id("stFileChipDeleteBtn").nth(1).get_by_role("button").click()  # of page.png
    expect(page.get_by_text("Scores of all 2")).to_have_count(0)
    settled(page)
    expect(page.get_by_role("heading", name="aside")).to_be_visible()
    page.get_by_test_id("stPopoverButton").filter(has_text="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Scores (CSV)").click()
    download.value.save_as(tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["GalaxyID"] == "aside"
    assert set(row) == {"GalaxyID", *COLUMNS, "ood_score", "out_of_distribution", "crop_x", "crop_y", "crop_side"}
    assert float(row["crop_side"]) > 100
    assert sum(float(row[column]) for column in columns_of(1)) == pytest.approx(1.0, abs=1e-4)


def square_of(page: Page) -> tuple[float, float, float]:
    """The centre and the side of the crop in pixels of the picture, as the tool says them."""
    label = page.get_by_role("application").get_attribute("aria-label") or ""
    side, x, y = (float(number) for number in re.findall(r"\d+", label))
    return x, y, side


def on_page(page: Page, x: float, y: float) -> tuple[float, float]:
    """A point of the picture, 640 pixels wide, in pixels of the window."""
    tool = page.get_by_role("application")
    tool.scroll_into_view_if_needed()
    box = tool.bounding_box()
    assert box is not None
    return box["x"] + x * box["width"] / 640, box["y"] + y * box["width"] / 640


def test_a_crop_is_dragged_by_mouse_keys_and_on_a_phone_by_fingers(
    open_page: Callable[..., Page], pictures: list[Path]
) -> None:
    page = open_page("upload", width=WIDE)
    page.locator("input[type=file]").first.set_input_files(pictures[0])
    tool = page.get_by_role("application")
    expect(tool).to_be_visible()
    settled(page)
    x, y, side = square_of(page)

    page.mouse.move(*on_page(page, x, y))
    page.mouse.down()
    page.mouse.move(*on_page(page, x + 100, y - 60), steps=3)
    page.mouse.up()
    expect(page.get_by_text(f"Your crop: a square of {side:.0f} pixels")).to_be_visible()
    settled(page)
    assert square_of(page) == pytest.approx((x + 100, y - 60, side), abs=3)

    tool.focus()
    for key in ("ArrowLeft", "ArrowDown", "+"):
        page.keyboard.press(key)
    expect(page.get_by_text(f"Your crop: a square of {side + 8:.0f} pixels")).to_be_visible()
    settled(page)
    assert square_of(page) == pytest.approx((x + 96, y - 56, side + 8), abs=3)

    page.set_viewport_size({"width": NARROW, "height": 900})
    settled(page)
    at = on_page(page, x + 96, y - 56)
    session = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 25), ("touchMove", 30), ("touchEnd", 0)):
        fingers = [{"x": at[0] + sign * apart, "y": at[1], "id": sign + 1} for sign in (-1, 1)] if apart else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    expect(page.get_by_text(f"Your crop: a square of {side + 8:.0f} pixels")).to_have_count(0)
    settled(page)
    assert square_of(page)[2] == pytest.approx(1.5 * (side + 8), rel=0.1)

    page.get_by_role("button", name="Use the suggested crop").click()
    expect(page.get_by_text("pixels around the galaxy")).to_be_visible()
    settled(page)
    assert square_of(page) == pytest.approx((x, y, side), abs=1)
