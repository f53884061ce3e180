"""Tests of the command line, `python -m galaxy_explorer`."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from astropy.table import Table
from PIL import Image

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.cli import main
from galaxy_explorer.commands import sources as command
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models import checkpoints
from galaxy_explorer.prediction import (
    CROP_COLUMNS,
    OOD_FLAG,
    OOD_SCORE,
    PredictOptions,
    predict_catalogue,
    read_failures,
    read_fractions,
)

ROOT = Path(__file__).parents[2]


def test_predict_writes_the_table_of_a_folder(run, galaxies, weights, tmp_path, capsys):
    output = tmp_path / "scores.csv"
    assert run("predict", galaxies, "--output", output) == 0
    table = pd.read_csv(output, dtype={"GalaxyID": str})
    assert table.columns.tolist() == ["GalaxyID", *COLUMNS, *ADDED]
    assert table["GalaxyID"].tolist() == [f"{n:04}" for n in range(1, 7)]
    expected = predict_catalogue(checkpoints.load(weights), open_catalogue(galaxies), PredictOptions(2)).fractions
    assert np.allclose(table[list(COLUMNS)], expected, atol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["galaxies", "scores.csv", "scores.csv.json"]
    assert "6 of 6 galaxies are in" in capsys.readouterr().out


ADDED = [OOD_SCORE, OOD_FLAG, *CROP_COLUMNS]  # columns after the fractions, of images of unknown scale
READERS = {
    "scores.csv": pd.read_csv,
    "scores.parquet": pd.read_parquet,
    "scores.fits": lambda path: Table.read(path).to_pandas(),
    "scores.ecsv": lambda path: pd.read_csv(path, comment="#"),
}


@pytest.mark.parametrize("name", READERS)
def test_predict_adds_both_ends_of_the_intervals_when_asked_to(run, galaxies, tmp_path, name):
    assert run("predict", galaxies, "--output", tmp_path / name, "--interval") == 0
    table = READERS[name](tmp_path / name)
    expected = ["GalaxyID", *COLUMNS, *(f"{column}_{end}" for column in COLUMNS for end in ("lower", "upper")), *ADDED]
    in_file = {column: column.replace(".", "_") if name.endswith("fits") else column for column in expected}
    assert table.columns.tolist() == list(in_file.values())
    assert (table[in_file["Class1.1_lower"]] <= table[in_file["Class1.1_upper"]]).all()
    assert (table[in_file["Class1.1_upper"]] > 0).all()


def test_predict_takes_files_folders_and_zips_mixed(run, galaxies, tmp_path, draw_galaxy):
    file, packed = tmp_path / "587726016142835881.jpg", tmp_path / "packed.zip"
    Image.fromarray(draw_galaxy(20)).save(file)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(galaxies / "0001.png", "inside/0012.png")
    assert run("predict", packed, file, galaxies, "--output", tmp_path / "scores.parquet") == 0
    table = read_fractions(tmp_path / "scores.parquet")
    assert table.index.tolist() == ["0012", file.stem, *(f"{n:04}" for n in range(1, 7))]
    assert np.allclose(table.loc["0012"], table.loc["0001"], atol=1e-6)


def test_a_single_picture_of_a_cropped_pack_is_taken_for_cropped(run, galaxies, tmp_path):
    (galaxies / "field.json").write_text(json.dumps({"centre": 400, "of": 424}))
    assert run("predict", galaxies / "0001.png", "--output", tmp_path / "one.csv") == 0
    assert run("predict", galaxies, "--output", tmp_path / "all.csv") == 0
    one, everything = read_fractions(tmp_path / "one.csv"), read_fractions(tmp_path / "all.csv")
    assert np.allclose(one.loc["0001"], everything.loc["0001"], atol=1e-6)


def test_a_single_picture_asks_for_nothing_but_the_field_of_its_catalogue(kaggle_folder, monkeypatch):
    (kaggle_folder / "field.json").write_text(json.dumps({"centre": 288, "of": 424}))
    (kaggle_folder / "training_solutions_rev1.csv").write_text("broken")
    pictures = sorted((kaggle_folder / "images_training_rev1").iterdir())
    monkeypatch.setattr(command, "open_catalogue", None)
    assert {source.field for source in command.sources_at([str(path) for path in pictures])} == {288 / 424}


def test_a_bad_picture_is_named_and_the_rest_is_written(run, galaxies, tmp_path, capsys):
    (galaxies / "0004.png").write_text("no picture")
    output = tmp_path / "scores.csv"
    assert run("predict", galaxies, "--output", output) == 1
    captured = capsys.readouterr()
    assert "5 of 6 galaxies are in" in captured.out
    assert "galaxy 0004 failed: a file of text is not a picture" in captured.err
    failed = pd.read_csv(f"{output}.failed.csv", dtype=str)
    assert failed.columns.tolist() == ["GalaxyID", "reason"]
    assert failed["GalaxyID"].tolist() == ["0004"]
    assert len(read_fractions(output)) == 5
    shutil.copyfile(galaxies / "0001.png", galaxies / "0004.png")
    assert run("predict", galaxies, "--output", output) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["galaxies", "scores.csv", "scores.csv.json"]


def test_files_that_are_not_pictures_are_counted(run, galaxies, tmp_path, capsys):
    for name in ("1003.jpeg.1", "1004", "Scores (1).csv"):
        (galaxies / name).write_text("not read")
    shutil.copyfile(galaxies / "0001.png", galaxies / "1002.jfif")
    assert run("predict", galaxies, "--output", tmp_path / "o.csv") == 0
    captured = capsys.readouterr()
    assert "7 of 7 galaxies are in" in captured.out
    assert "Files that are not pictures by their names: 3 (" in captured.err
    assert "Tables that are not read: Scores (1).csv." in captured.err


def test_only_the_galaxies_of_a_list_are_predicted(run, galaxies, tmp_path, capsys):
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("0005\n0002\n0099\n")
    assert run("predict", galaxies, "--ids", wanted, "--output", tmp_path / "scores.csv") == 1
    assert read_fractions(tmp_path / "scores.csv").index.tolist() == ["0005", "0002"]
    assert "galaxy 0099 failed: there is no image of it in" in capsys.readouterr().err


def test_the_reason_of_an_id_without_picture_names_few_of_many_folders(run, galaxies, tmp_path):
    folders = [tmp_path / f"field{n:02}" for n in range(12)]
    for n, folder in enumerate(folders):
        folder.mkdir()
        shutil.copyfile(galaxies / "0001.png", folder / f"{n}.png")
    (tmp_path / "wanted.txt").write_text("0\n0099\n")
    assert run("predict", *folders, "--ids", tmp_path / "wanted.txt", "--output", tmp_path / "scores.csv") == 1
    reason = read_failures(tmp_path / "scores.csv.failed.csv")["0099"]
    assert str(folders[0]) in reason
    assert reason.endswith(f"{folders[2]} and 9 more")


def test_the_ids_of_a_list_may_be_a_column_of_a_table_that_predict_wrote(run, galaxies, tmp_path, capsys):
    wanted, output = tmp_path / "wanted.csv", tmp_path / "scores.csv"
    wanted.write_text('GalaxyID\n"0005"\n"0002"\n')
    assert run("predict", galaxies, "--ids", wanted, "--output", output) == 0
    wanted.write_text("5\n2\n")
    assert run("predict", galaxies, "--ids", wanted, "--output", output) == 2
    assert "none of the 2 ids, the first of them 5," in capsys.readouterr().err
    assert read_fractions(output).index.tolist() == ["0005", "0002"]


def test_a_link_that_leads_nowhere_is_an_image_that_failed(run, galaxies, tmp_path, capsys):
    (galaxies / "0007.png").symlink_to(tmp_path / "purged.png")
    (galaxies / "0008.png").symlink_to(tmp_path, target_is_directory=True)
    assert run("predict", galaxies, "--output", tmp_path / "scores.csv") == 1
    captured = capsys.readouterr()
    assert "6 of 7 galaxies are in" in captured.out
    assert "galaxy 0007 failed" in captured.err


def test_predict_that_cannot_run_says_why(run, galaxies, tmp_path, capsys):
    def refused(*arguments):
        assert run("predict", *arguments) == 2
        return capsys.readouterr().err

    output = tmp_path / "scores.csv"
    assert "ends in .txt; name a file that ends in .csv, .parquet, .fits, .ecsv" in refused(
        galaxies, "--output", "scores.txt"
    )
    assert "there is no folder" in refused(galaxies, "--output", tmp_path / "none" / "scores.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "folder.csv is a folder; name another --output" in refused(galaxies, "--output", tmp_path / "folder.csv")
    (tmp_path / "folder.csv").rmdir()
    assert "--device gpu is not a device" in refused(galaxies, "--output", output, "--device", "gpu")
    assert "does not exist" in refused(tmp_path / "none", "--output", output)
    assert "galaxy 0002 is in both" in refused(galaxies, galaxies / "0002.png", "--output", output)
    assert main(["predict", str(galaxies), "--output", str(output), "--weights", "none.pt"]) == 2
    assert "none.pt is neither a file nor a model" in capsys.readouterr().err
    if not torch.cuda.is_available():
        assert "finds no CUDA device" in refused(galaxies, "--output", output, "--device", "cuda")
    for wrong in (["--views", "9"], ["--batch-size", "0"], ["--workers", "many"]):
        with pytest.raises(SystemExit) as stopped:
            run("predict", galaxies, "--output", output, *wrong)
        assert stopped.value.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["galaxies"]


def test_help_does_not_wait_for_torch():
    code = (
        "import sys, runpy\n"
        "sys.argv = ['galaxy_explorer', 'predict', '--help']\n"
        "try:\n"
        "    runpy.run_module('galaxy_explorer', run_name='__main__')\n"
        "finally:\n"
        "    assert not {'torch', 'pandas', 'numpy'} & set(sys.modules), 'imported'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "--resume" in done.stdout


def test_the_command_runs_as_a_process(galaxies, weights, tmp_path):
    (galaxies / "0006.png").write_bytes(b"")
    command = [sys.executable, "-W", "error", "-m", "galaxy_explorer", "predict", str(galaxies / "0001.png")]
    command += [str(galaxies / "0006.png"), "--output", str(tmp_path / "scores.csv"), "--weights", weights]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 1, done.stderr
    assert read_fractions(tmp_path / "scores.csv").index.tolist() == ["0001"]
    assert "galaxy 0006 failed: an empty file is not a picture" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_not_an_error(galaxies, weights, tmp_path):
    command = [sys.executable, "-m", "galaxy_explorer", "predict", str(galaxies), "--weights", weights]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    with subprocess.Popen([*command, "--output", str(tmp_path / "scores.csv")], **pipes) as running:
        running.stdout.close()
        assert running.wait(120) == 141
        assert "roken" not in running.stderr.read()
    assert len(read_fractions(tmp_path / "scores.csv")) == 6
