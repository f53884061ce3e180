"""FITS on the upload page: colours, warnings, choice of images, position, downloads."""

import numpy as np
import pytest
from app_page import opened, texts
from astropy.io import fits
from fits_files import bands, galaxy_fluxes, on_the_sky, with_header, written
from streamlit.testing.v1 import AppTest

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS


def uploaded(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Open the upload page with some files."""
    opened(app, "upload")
    app.file_uploader[0].set_value([(name, content, "application/fits") for name, content in files])
    app.run()
    assert not app.exception
    return app


@pytest.fixture(scope="module")
def several() -> bytes:
    """A file of three bands with world coordinates, and a map of weights that holds NaN alone."""
    units = [with_header(plane, EXTNAME=name, **on_the_sky()) for name, plane in bands().items()]
    empty = fits.ImageHDU(galaxy_fluxes() * float("nan"), name="wht")
    return written(fits.PrimaryHDU(), *units, empty)


def test_a_band_is_shown_with_a_warning(app: AppTest) -> None:
    uploaded(app, ("M 51.fits.gz", written(galaxy_fluxes())))
    assert app.subheader[0].value == "M 51"
    assert app.warning[0].value.startswith("Shown in grey")
    assert len(app.dataframe[0].value) == len(COLUMNS)


def test_what_the_network_hardly_asks_of_a_grey_picture_is_explained(app: AppTest, sample: Catalogue) -> None:
    grey = sample.picture("100008").mean(axis=2).astype(np.float32)
    uploaded(app, ("grey.fits", written(grey[::-1])))
    app.segmented_control(key="network").set_value("fcn").run()
    explained = "“Hardly asked”: the network expects fewer than 1 in 100 volunteers to be asked about edge-on bulge"
    assert explained not in texts(app)  # while it is folded
    app.selectbox(key="answer").set_value("Class9.1").run()
    assert explained in texts(app)
    assert "not asked" not in app.get("plotly_chart")[0].proto.spec


def test_a_file_of_bands_says_where_it_lies_and_offers_its_images(app: AppTest, several: bytes) -> None:
    uploaded(app, ("m51.fits", several))
    assert not any("Shown in grey" in warning.value for warning in app.warning)
    assert "RA 202.47000°, Dec +47.20000°" in texts(app)
    assert "https://simbad.cds.unistra.fr" in texts(app)
    assert "0.4″ per pixel" in texts(app)
    choice = next(box for box in app.selectbox if box.label == "Image of this file")
    assert choice.value == "colour of i, r, g"
    assert choice.options[1:3] == ["1 i (64×64)", "2 r (64×64)"]
    before = app.dataframe[0].value["network_fraction"].to_numpy()
    choice.set_value("2 r (64×64)").run()
    assert not app.exception
    assert "Shown in grey" in app.warning[0].value
    assert abs(app.dataframe[0].value["network_fraction"].to_numpy() - before).max() > 1e-3
    next(box for box in app.selectbox if box.label == "Image of this file").set_value("4 wht (64×64)").run()
    assert r"“4 wht \(64×64\)” cannot be shown: the FITS image has a band without any finite" in app.warning[0].value
    assert next(box for box in app.selectbox if box.label == "Image of this file").value == "2 r (64×64)"


def test_a_table_in_fits_is_named_with_its_reason(app: AppTest) -> None:
    table = fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])], name="cat")
    uploaded(app, ("table.fits", written(table)))
    assert r"**table\.fits**: the FITS file holds no image of a galaxy" in app.warning[0].value


def test_many_are_offered_as_csv_parquet_and_fits(app: AppTest, several: bytes) -> None:
    uploaded(app, ("one.fits", several), ("two.fit", written(galaxy_fluxes())))
    assert app.dataframe[0].value["galaxy"].tolist() == ["one", "two"]
    assert "Scores of all 2" in texts(app)
    labels = [button.label for button in app.get("download_button")]
    assert labels[:3] == ["CSV", "Parquet", "FITS"]
