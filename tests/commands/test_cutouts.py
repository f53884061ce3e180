"""The command ``cutouts``: from a catalogue and mosaics to a zip file or folder."""

import csv
import json
import re
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from astropy.table import MaskedColumn, Table
from mosaic_files import write_bands
from PIL import Image

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.cli import _parser, main
from galaxy_explorer.commands import cutouts as command
from galaxy_explorer.images import read_image
from galaxy_explorer.survey import cutting
from galaxy_explorer.survey.targets import RADIUS_UNITS

SOURCES = [(150.0, 2.0), (150.015, 2.01), (149.99, 1.985), (150.031, 2.0), (150.2, 2.0)]
IDS = [100000000000587741 + number for number in range(len(SOURCES))]


@pytest.fixture
def survey(tmp_path):
    """Three mosaics, and a catalogue: one galaxy at the edge, the last one off them."""
    write_bands(tmp_path, SOURCES[:4])
    ra, dec = np.array(SOURCES).T
    Table({"objID": IDS, "RA": ra, "Dec": dec, "PETROR90_R": [9.0, 8.0, 10.0, 9.0, 9.0]}).write(tmp_path / "table.fits")
    return tmp_path


@pytest.fixture
def run(survey):
    """Run the command on the survey, in one thread; return its exit status."""

    def run(*options, catalogue="table.fits", to="cutouts.zip"):
        arguments = ["--catalogue", survey / catalogue, "--images", survey / "mosaic_{band}.fits", "--to", survey / to]
        return main(["cutouts", *map(str, (*arguments, "--workers", 1, *options))])

    return run


def test_a_zip_file_of_framed_pictures_is_written(survey, run, capsys):
    assert run() == 1  # one galaxy is off the mosaics
    said = capsys.readouterr()
    assert f"4 of 5 cutouts are in {survey / 'cutouts.zip'}" in said.out
    assert f"galaxy {IDS[4]} failed: it is off the mosaic of band i" in said.err
    assert re.search(rf"galaxy {IDS[3]} is partly covered: \d\d %", said.err)
    catalogue = open_catalogue(survey / "cutouts.zip")
    assert catalogue.ids == [str(one) for one in IDS[:4]]
    assert (catalogue.framed, catalogue.field_of_view) == (True, 1.0)
    assert catalogue.picture(str(IDS[0])).shape == (424, 424, 3)
    assert np.allclose(catalogue.table[["ra_deg", "dec_deg"]], SOURCES[:4])
    with zipfile.ZipFile(survey / "cutouts.zip") as archive:
        rows = list(csv.DictReader(archive.read("positions.csv").decode().splitlines()))
    assert [float(row["covered"]) < 1 for row in rows] == [False, False, False, True]
    failed = list(csv.reader((survey / "cutouts.zip.failed.csv").read_text().splitlines()))
    assert failed == [["GalaxyID", "reason"], [str(IDS[4]), "it is off the mosaic of band i"]]
    assert not [path for path in survey.iterdir() if "partial" in path.name or path.name.startswith(".")]


def test_a_folder_holds_the_same_and_png_loses_nothing(survey, run):
    assert run() == 1
    assert run("--format", "png", to="folder") == 1
    assert json.loads((survey / "folder" / "field.json").read_text()) == {"centre": 424, "of": 424}
    folder, packed = open_catalogue(survey / "folder"), open_catalogue(survey / "cutouts.zip")
    assert folder.ids == packed.ids
    with Image.open(survey / "folder" / f"{IDS[0]}.png") as picture:
        assert picture.format == "PNG"
    difference = folder.picture(str(IDS[0])).astype(float) - packed.picture(str(IDS[0]))
    assert np.abs(difference).mean() < 2
    assert sorted(path.suffix for path in (survey / "folder").iterdir()) == [".csv", ".json", *[".png"] * 4]


def test_threads_make_the_same_pictures(survey, run):
    assert run() == 1
    assert run("--workers", 4, to="threads.zip") == 1
    alone, together = open_catalogue(survey / "cutouts.zip"), open_catalogue(survey / "threads.zip")
    assert alone.ids == together.ids
    assert all(alone.picture_bytes(one) == together.picture_bytes(one) for one in alone.ids)


def test_the_first_galaxy_is_where_the_catalogue_has_it(survey, run):
    run("--format", "png", to="folder")
    light = read_image(survey / "folder" / f"{IDS[0]}.png").sum(axis=-1).astype(float)
    light[light < 100] = 0
    rows, columns = np.mgrid[0:424, 0:424]
    assert (light * rows).sum() / light.sum() == pytest.approx(211.5, abs=0.5)
    assert (light * columns).sum() / light.sum() == pytest.approx(211.5, abs=0.5)


def test_one_band_makes_grey_pictures(survey, run):
    assert run("--bands", "r", "--format", "png", to="folder") == 1
    picture = read_image(survey / "folder" / f"{IDS[0]}.png")
    assert (picture[..., 0] == picture[..., 1]).all()
    assert picture.max() > 50


def test_only_the_galaxies_of_a_list_are_cut(survey, run, capsys):
    (survey / "ids.txt").write_text(f"{IDS[2]}\n7\n")
    assert run("--ids", survey / "ids.txt") == 1
    assert open_catalogue(survey / "cutouts.zip").ids == [str(IDS[2])]
    assert f"galaxy 7 failed: it is not in {survey / 'table.fits'}" in capsys.readouterr().err


def test_rows_without_position_or_radius_are_named(survey, run, capsys):
    table = Table.read(survey / "table.fits")
    table["RA"] = MaskedColumn(table["RA"], mask=[True, False, False, False, False])
    table["PETROR90_R"][1:4] = np.nan, -9999.0, 4000.0
    table["RA"][4], table["Dec"][4] = SOURCES[0]
    table.write(survey / "gaps.fits")
    assert run(catalogue="gaps.fits") == 1
    said = capsys.readouterr().err
    for number, reason in enumerate(
        [
            "the table has no position",
            "the table has no radius",
            "its radius is -9999",
            "its radius R90 is 4,000 arcsec",
        ]
    ):
        assert f"galaxy {IDS[number]} failed: {reason}" in said
    assert open_catalogue(survey / "cutouts.zip").ids == [str(IDS[4])]


def test_half_light_radii_in_pixels_are_converted(survey, run):
    table = pd.DataFrame({"id": ["a"], "ra": [150.0], "dec": [2.0], "R50": [9.0 / 0.4 / 2.5]})
    table.to_csv(survey / "table.csv", index=False)
    options = ("--radius", "r50", "--radius-unit", "pixel", "--radius-factor", 2.5, "--format", "png")
    assert run(*options, catalogue="table.csv", to="folder") == 0
    assert run("--format", "png", to="expected") == 1
    expected = read_image(survey / "expected" / f"{IDS[0]}.png").astype(float)
    assert np.abs(read_image(survey / "folder" / "a.png") - expected).max() <= 2


class TestResume:
    """An interrupted run."""

    @pytest.fixture
    def interrupted(self, run, survey, monkeypatch):
        """A run that is interrupted at the third galaxy, with one galaxy a batch."""
        monkeypatch.setattr(command, "BATCH_SIZE", 1)
        with monkeypatch.context() as patched:
            done = []

            def cut(target, *others):
                if len(done) == 2:
                    raise KeyboardInterrupt
                done.append(target.galaxy_id)
                return cutting.cut(target, *others)

            patched.setattr(command, "cut", cut)
            assert run() == 130
        assert not (survey / "cutouts.zip").exists()
        return survey / "cutouts.zip.partial"

    def test_the_rest_is_cut(self, run, survey, interrupted, monkeypatch):
        before = {path.name: path.read_bytes() for path in interrupted.glob("*.jpg")}
        assert len(before) == 2
        done = []
        monkeypatch.setattr(command, "cut", lambda target, *others: done.append(target) or cutting.cut(target, *others))
        assert run("--resume") == 1
        assert len(done) == 3  # two more, and the one off the mosaics
        assert not {one.galaxy_id for one in done} & {name.removesuffix(".jpg") for name in before}
        assert len(open_catalogue(survey / "cutouts.zip")) == 4
        with zipfile.ZipFile(survey / "cutouts.zip") as archive:
            assert all(archive.read(name) == content for name, content in before.items())
        assert not interrupted.exists()

    def test_without_resume_it_is_refused(self, run, interrupted, capsys):
        assert run() == 2
        assert f"{interrupted} holds the cutouts of an interrupted run; add --resume" in capsys.readouterr().err

    def test_other_settings_are_refused(self, run, interrupted, capsys):
        assert run("--resume", "--quality", 50) == 2
        assert "was begun with another --quality" in capsys.readouterr().err

    def test_a_line_that_a_kill_cut_short_is_done_again(self, run, survey, interrupted):
        listed = interrupted / ".done.csv"
        listed.write_text(listed.read_text() + f"{IDS[0]},0.")
        assert run("--resume") == 1
        assert len(open_catalogue(survey / "cutouts.zip")) == 4

    def test_a_finished_file_is_left_as_it_is(self, run, survey, capsys):
        run()
        before = (survey / "cutouts.zip").read_bytes()
        assert run("--resume") == 1
        assert "is finished already" in capsys.readouterr().out
        assert (survey / "cutouts.zip").read_bytes() == before


def test_a_killed_process_can_be_resumed(survey, run):
    arguments = ["cutouts", "--catalogue", survey / "table.fits", "--images", survey / "mosaic_{band}.fits"]
    arguments += ["--to", survey / "cutouts.zip", "--workers", "1"]
    code = (
        "import os, sys; from galaxy_explorer.cli import main; from galaxy_explorer.commands import cutouts as c\n"
        "c.BATCH_SIZE = 1; cut, seen = c.cut, []\n"
        "def cut_two(*given):\n    seen.append(1)\n"
        "    if len(seen) > 2: os.kill(os.getpid(), 9)\n    return cut(*given)\n"
        "c.cut = cut_two; main(sys.argv[1:])"
    )
    killed = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr.decode()
    assert len(list((survey / "cutouts.zip.partial").glob("*.jpg"))) == 2
    assert run("--resume") == 1
    assert len(open_catalogue(survey / "cutouts.zip")) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--radius", "petroR90"),
            "there is no column petroR90; do you mean PETROR90_R? The table has: objID, RA, Dec",
        ),
        (("--bands", "z"), "there are no FITS files at"),
        (("--bands", "i", "r"), "--bands has 2 names; give three, red first, or one"),
        (("--id", "RA"), "the ids are floating-point numbers, which lose digits"),
        (("--radius-factor", "0"), "--radius-factor must be above 0"),
    ],
)
def test_what_cannot_run_says_why(run, options, message, capsys):
    assert run(*options) == 2
    assert message in capsys.readouterr().err


def test_no_galaxy_on_the_mosaics_writes_nothing(survey, run, capsys):
    (survey / "ids.txt").write_text(f"{IDS[4]}\n")
    assert run("--ids", survey / "ids.txt") == 2
    assert "no galaxy could be cut out" in capsys.readouterr().err
    assert not (survey / "cutouts.zip").exists()
    assert not (survey / "cutouts.zip.partial").exists()


def test_a_folder_with_files_is_not_overwritten(survey, run, capsys):
    (survey / "folder").mkdir()
    (survey / "folder" / "notes.txt").write_text("mine")
    for more in ((), ("--resume",)):
        assert run(*more, to="folder") == 2
        assert "exists and is not an empty folder" in capsys.readouterr().err


def test_an_empty_folder_is_filled_also_by_resume(survey, run, capsys):
    (survey / "folder").mkdir()
    assert run("--resume", to="folder") == 1
    assert "4 of 5 cutouts are in" in capsys.readouterr().out
    assert run("--resume", to="folder") == 1
    assert "is finished already" in capsys.readouterr().out


def test_repeated_ids_are_refused(survey, run, capsys):
    table = Table.read(survey / "table.fits")
    table["objID"][3] = IDS[0]
    table.write(survey / "twice.fits")
    assert run(catalogue="twice.fits") == 2
    assert f"row 4: galaxy {IDS[0]} is already in row 1" in capsys.readouterr().err


def test_the_command_line_offers_the_units_of_radii():
    help_text = _parser()._subparsers._group_actions[0].choices["cutouts"].format_help()
    assert f"{{{','.join(RADIUS_UNITS)}}}" in help_text  # cli.py states them again, to start without numpy
