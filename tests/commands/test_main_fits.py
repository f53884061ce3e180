"""The command line on FITS pictures and tables, from end to end."""

import gzip
import zipfile

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from fits_files import fluxes_of_levels, galaxy_fluxes, with_bands, with_header, written

from galaxy_explorer import __version__
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.cli import main
from galaxy_explorer.commands import sources as command
from galaxy_explorer.images import read_exposure, read_image
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction import predict, read_fractions


@pytest.fixture
def folder(tmp_path):
    """A folder of FITS pictures: in colour, of one band (two of them), packed, and a table."""
    folder = tmp_path / "galaxies"
    folder.mkdir()
    (folder / "0012.fits").write_bytes(with_bands())
    (folder / "M 51.fit").write_bytes(written(galaxy_fluxes(1)))
    (folder / "M 63.fits.fz").write_bytes(written(fits.CompImageHDU(galaxy_fluxes(2))))
    (folder / "packed.fits.gz").write_bytes(gzip.compress(with_bands()))
    (folder / "table.fits").write_bytes(
        written(fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])], name="cat"))
    )
    return folder


def test_a_folder_of_fits_becomes_a_table_in_fits(run, folder, weights, tmp_path, capsys):
    output = tmp_path / "scores.fits"
    assert run("predict", folder, "--crop", "none", "--output", output) == 1  # for the table
    captured = capsys.readouterr()
    assert "4 of 5 galaxies are in" in captured.out
    assert (
        "galaxy table failed: the FITS file holds no image of a galaxy, only 0 primary (empty); 1 cat" in captured.err
    )
    assert "galaxy M 51 and 1 more: shown in grey" in captured.err
    assert "the file holds" not in captured.err  # the bands of one picture are not a choice
    found = read_fractions(output)
    assert found.index.tolist() == ["0012", "M 51", "M 63", "packed"]
    expected, _ = predict(
        load(weights), [read_image(folder / "0012.fits"), read_image(folder / "M 51.fit")], tta_views=2
    )
    assert np.allclose(found.iloc[:2], expected, atol=1e-6)
    assert np.allclose(found.loc["packed"], found.loc["0012"], atol=1e-6)
    header = fits.getheader(output, 1)
    assert (header["NETWORK"][:5], header["GXVERS"], header["GXVIEWS"]) == ("tiny-", __version__, 2)
    assert len(header["GXKEY"]) == 16


def test_what_was_predicted_of_several_images_is_reported(run, tmp_path, capsys):
    folder = tmp_path / "galaxies"
    folder.mkdir()
    units = [fits.ImageHDU(galaxy_fluxes(seed), name=name) for seed, name in enumerate(("sci", "err", "wht"))]
    (folder / "one.fits").write_bytes(written(fits.PrimaryHDU(), *units))
    units = [fits.ImageHDU(galaxy_fluxes(seed), name=name) for seed, name in enumerate("ugriz")]
    (folder / "two.fits").write_bytes(written(fits.PrimaryHDU(), *units))
    assert run("predict", folder, "--output", tmp_path / "scores.csv") == 0
    error = capsys.readouterr().err
    assert "galaxy one: the file holds 3 images; “1 sci (64×64)” was predicted" in error
    assert "galaxy two: the file holds 5 images; “colour of i, r, g” was predicted" in error


def test_a_folder_of_fits_that_goes_away_loses_no_galaxy(run, folder, tmp_path, monkeypatch, capsys):
    def away(*given, **options):
        if folder.exists():
            folder.rename(tmp_path / "away")
        return read_exposure(*given, **options)

    monkeypatch.setattr(command, "read_exposure", away)
    assert run("predict", folder, "--output", tmp_path / "scores.csv") == 2
    assert "is missing; restore it" in capsys.readouterr().err
    (tmp_path / "away").rename(folder)
    monkeypatch.undo()
    assert run("predict", folder, "--output", tmp_path / "scores.csv", "--resume") == 1  # for the table
    assert "4 of 5 galaxies are in" in capsys.readouterr().out


def test_fits_files_and_zips_are_taken_one_by_one(run, folder, tmp_path, capsys):
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(folder / "M 51.fit", "inside/one.fits")
    assert run("predict", packed, folder / "packed.fits.gz", "--output", tmp_path / "scores.ecsv") == 0
    assert Table.read(tmp_path / "scores.ecsv")["GalaxyID"].tolist() == ["one", "packed"]
    assert "galaxy one: shown in grey" in capsys.readouterr().err


def test_evaluate_measures_tables_in_fits_and_ecsv(run, kaggle_folder, tmp_path, capsys):
    assert run("evaluate", kaggle_folder, "--json") == 0
    captured = capsys.readouterr().out
    for name in ("scores.fits", "scores.ecsv"):
        wanted = kaggle_folder / "validation.txt"
        assert run("predict", kaggle_folder, "--ids", wanted, "--output", tmp_path / name) == 0
        capsys.readouterr()
        assert main(["evaluate", str(kaggle_folder), "--predictions", str(tmp_path / name), "--json"]) == 0
        found = capsys.readouterr().out
        line = next(line for line in captured.splitlines() if '"rmse":' in line)
        assert line.split()[1][:9] in found


def test_an_interrupted_table_in_fits_is_finished_already_when_resumed(run, folder, tmp_path, capsys):
    (folder / "table.fits").unlink()
    for resume in ([], ["--resume"]):
        assert run("predict", folder, "--output", tmp_path / "scores.fits", *resume) == 0
    assert "is finished already" in capsys.readouterr().out


def test_a_catalogue_shows_fits_pictures(folder, monkeypatch):
    catalogue = open_catalogue(folder)
    assert catalogue.ids == ["0012", "M 51", "M 63", "packed", "table"]
    monkeypatch.setattr(type(catalogue), "picture_bytes", None)  # a large file is not read whole
    np.testing.assert_array_equal(catalogue.picture("0012"), read_image(with_bands()))


@pytest.mark.parametrize("network", ["fcn", "densenet"])
def test_a_galaxy_in_fits_gets_nearly_the_numbers_of_its_jpeg(network, sample):
    pictures = [sample.picture(galaxy_id) for galaxy_id in sample.ids[:5]]
    units = np.array([2e-9, 1e-9, 3e-10])[:, np.newaxis, np.newaxis]
    fluxes = [
        read_image(written(with_header(fluxes_of_levels(picture) * units + 1e-8, BANDS="irg"))) for picture in pictures
    ]
    wanted, _ = predict(load(network), pictures, tta_views=1)
    near, _ = predict(load(network), fluxes, tta_views=1)
    # Measured on all nine with eight views: root mean square 0.027 (fcn), 0.020 (densenet); their own spread: 0.079.
    assert np.sqrt(((near - wanted) ** 2).mean()) < 0.045
    assert np.abs(near - wanted).max() < 0.25
