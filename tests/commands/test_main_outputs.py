"""Outputs of ``predict``: no input is overwritten, and every failed image is reported."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fits_files import galaxy_fluxes, written
from tiny_prediction import write_pictures

from galaxy_explorer.cli import main
from galaxy_explorer.prediction import read_fractions

ROOT = Path(__file__).parents[2]


@pytest.fixture
def galaxies(tmp_path, draw_galaxy):
    """Two pictures, 0001 and 0002."""
    return write_pictures(tmp_path / "galaxies", [draw_galaxy(n) for n in (1, 2)], first=1)


@pytest.mark.parametrize("name", ["scores.csv", "training_solutions_rev1.csv", "gz2_hart16.csv"])
@pytest.mark.parametrize("named", ["", "0001.png"])
def test_the_volunteers_votes_are_not_written_over(run, galaxies, capsys, monkeypatch, name, named):
    (galaxies / name).write_text("GalaxyID,Class1.1\n0001,0.5\n")
    monkeypatch.chdir(galaxies)
    assert run("predict", Path(".") / named, "--output", name) == 2
    assert f"{name} is an input of this command" in capsys.readouterr().err
    assert (galaxies / name).read_text() == "GalaxyID,Class1.1\n0001,0.5\n"
    assert run("predict", galaxies, "--output", "predictions.csv") == 0


def test_a_picture_is_not_written_over_and_no_table_becomes_one(run, tmp_path, capsys):
    folder = tmp_path / "fits"
    folder.mkdir()
    picture = folder / "galaxy.fits"
    picture.write_bytes(written(galaxy_fluxes()))
    assert run("predict", picture, "--output", folder / ".." / "fits" / "galaxy.fits") == 2
    assert "galaxy.fits is an input of this command" in capsys.readouterr().err
    assert picture.read_bytes() == written(galaxy_fluxes())
    assert run("predict", folder, "--output", folder / "table.fits") == 2
    assert "table.fits is an input of this command, or would be read as one" in capsys.readouterr().err
    assert run("predict", folder, "--output", tmp_path / "table.fits") == 0


def test_an_output_that_is_a_link_is_written_where_it_leads_to(run, galaxies, tmp_path):
    output, real = tmp_path / "scores.csv", tmp_path / "disk" / "real.csv"
    real.parent.mkdir()
    real.write_text("what was there before")
    output.symlink_to(real)
    assert run("predict", galaxies, "--output", output) == 0
    assert output.is_symlink()
    assert read_fractions(real).index.tolist() == ["0001", "0002"]
    assert sorted(path.name for path in real.parent.iterdir()) == ["real.csv", "real.csv.json"]


@pytest.mark.parametrize("ending", ["csv", "parquet", "fits"])
def test_resume_of_a_table_in_which_all_failed_names_them_again(run, galaxies, tmp_path, capsys, ending):
    for picture in galaxies.iterdir():
        picture.write_bytes(b"")
    arguments = ("predict", galaxies, "--output", tmp_path / f"scores.{ending}")
    for more in ([], ["--resume"]):
        assert run(*arguments, *more) == 2
        captured = capsys.readouterr().err
        assert "galaxies that failed: 2" in captured
        assert "no galaxy could be predicted" in captured
    assert sorted(path.name for path in tmp_path.iterdir()) == ["galaxies", f"scores.{ending}.failed.csv"]


def test_a_picture_that_was_fixed_since_can_be_predicted_by_the_list_of_failures(run, galaxies, tmp_path, capsys):
    fixed, output = galaxies / "0001.png", tmp_path / "scores.csv"
    good = fixed.read_bytes()
    fixed.write_bytes(good[:200])
    assert run("predict", galaxies, "--output", output) == 1
    fixed.write_bytes(good)
    capsys.readouterr()
    assert run("predict", galaxies, "--output", output, "--resume") == 1
    captured = capsys.readouterr().err
    assert "galaxy 0001 failed when the table was written: " in captured
    assert f"; --ids {output}.failed.csv with another --output predicts them again" in captured
    assert run("predict", galaxies, "--ids", f"{output}.failed.csv", "--output", tmp_path / "more.csv") == 0
    assert read_fractions(tmp_path / "more.csv").index.tolist() == ["0001"]


def test_folders_of_pictures_that_are_not_scanned_are_counted(run, weights, galaxies, tmp_path, capsys):
    assert run("predict", galaxies, "--output", tmp_path / "scores.csv") == 0
    assert capsys.readouterr().err == ""
    for name in ("north", "south", "empty", ".hidden"):
        (galaxies / name).mkdir()
    for name in ("north/0003.png", "south/0004.PNG", ".hidden/0005.png", "empty/notes.txt"):
        shutil.copy(galaxies / "0001.png", galaxies / name)
    for command, output, *more in (("predict", "more.csv", "--weights", weights), ("pack", "small.zip")):
        assert main([command, str(galaxies), "--output", str(tmp_path / output), *more]) == 0
        captured = capsys.readouterr()
        assert "2 " in captured.out
        assert captured.err.count("\n") == 1
        assert re.search(r"\b2\b", captured.err)


def test_a_closed_standard_error_loses_no_table(weights, tmp_path):
    folder = tmp_path / "fits"
    folder.mkdir()
    (folder / "galaxy.fits").write_bytes(
        written(galaxy_fluxes(), galaxy_fluxes())
    )  # one is predicted, which is reported
    output = tmp_path / "table.csv"
    command = [sys.executable, "-m", "galaxy_explorer", "predict", str(folder), "--output", str(output)]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "--weights", weights], **pipes, cwd=ROOT, env=buffered) as running:
        running.stderr.close()
        assert running.wait(120) == 141
    assert len(read_fractions(output)) == 1
