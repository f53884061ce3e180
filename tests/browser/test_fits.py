"""FITS in a real browser: an image is chosen, and the scores are downloaded as a FITS table."""

from collections.abc import Callable
from pathlib import Path

import pytest
from astropy.table import Table
from fits_files import galaxy_fluxes, with_bands, written
from playwright.sync_api import Page, expect

from galaxy_explorer.decision_tree import COLUMNS

pytestmark = pytest.mark.browser


def test_fits_goes_in_and_a_fits_table_comes_out(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page("upload")
    (tmp_path / "0012.fits").write_bytes(with_bands())
    (tmp_path / "grey.fits").write_bytes(written(galaxy_fluxes()))
    page.locator("input[type=file]").first.set_input_files([tmp_path / "0012.fits", tmp_path / "grey.fits"])
    shown = page.get_by_role("combobox", name="Picture", exact=True)
    expect(shown).to_be_visible(timeout=120_000)
    shown.fill("0012")  # whichever of the two looks more like a galaxy to the network that is asked first
    shown.press("Enter")
    expect(page.get_by_role("combobox", name="Image of this file")).to_have_value("colour of i, r, g", timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="FITS", exact=True).click()
    assert download.value.suggested_filename.endswith("_scores.fits")
    download.value.save_as(tmp_path / "scores.fits")
    table = Table.read(tmp_path / "scores.fits", hdu=1)
    assert table["GalaxyID"].astype(str).tolist() == ["0012", "grey"]
    assert table.colnames[: 1 + len(COLUMNS)] == ["GalaxyID", *(name.replace(".", "_") for name in COLUMNS)]
