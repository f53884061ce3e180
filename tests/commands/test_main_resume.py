"""``predict --resume``: what it continues, and what it refuses."""

import errno
import io
import itertools
import json
import os
import re
import sys
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_prediction import interrupt_after_a_batch, tiny_card, tiny_network, write_pictures

from galaxy_explorer.cli import main
from galaxy_explorer.commands.console import progress_bar
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models import Model, checkpoints
from galaxy_explorer.prediction import ENDINGS, PredictionStore, read_fractions, store, stream


def test_an_interrupted_run_is_resumed(run, galaxies, tmp_path, monkeypatch, capsys):
    output, calls = tmp_path / "scores.csv", []
    really = stream.predict_inputs

    def interrupted(network, inputs, views):
        calls.append(len(inputs))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return really(network, inputs, views)

    monkeypatch.setattr(stream, "predict_inputs", interrupted)
    arguments = ("predict", galaxies, "--output", output, "--batch-size", 2)
    assert run(*arguments) == 130
    assert "run the same command with --resume" in capsys.readouterr().err
    assert not output.exists()
    assert run(*arguments) == 2
    assert "add --resume to continue it, or delete the folder" in capsys.readouterr().err
    assert run(*arguments, "--resume") == 0
    assert calls == [2, 2, 2, 2]  # the third was interrupted and done again
    whole = tmp_path / "whole.csv"
    assert run("predict", galaxies, "--output", whole, "--batch-size", 2) == 0
    assert whole.read_text() == output.read_text()
    assert run(*arguments, "--resume") == 0
    assert "is finished already" in capsys.readouterr().out


def test_resume_of_a_finished_table_that_lacks_galaxies_is_refused(run, galaxies, tmp_path, capsys):
    output = tmp_path / "scores.csv"
    assert run("predict", galaxies / "0001.png", "--output", output) == 0
    assert run("predict", galaxies, "--output", output, "--resume") == 2
    assert "is finished, without 5 of the galaxies, the first of them 0002" in capsys.readouterr().err


@pytest.mark.parametrize("name", [f"scores{ending}" for ending in ENDINGS])
def test_resume_of_a_table_that_other_weights_finished_is_refused(run, galaxies, tmp_path, capsys, name):
    output = tmp_path / name
    assert run("predict", galaxies, "--output", output) == 0
    assert run("predict", galaxies, "--output", output, "--resume", "--interval") == 2
    assert "is finished, without the columns of --interval; leave out --resume" in capsys.readouterr().err
    weights = tiny_network()
    with torch.no_grad():
        next(weights.parameters()).mul_(1.5)
    checkpoints.save(tmp_path / "other.pt", Model(weights, tiny_card(training_mean=[0.3] * len(COLUMNS))))
    status = main(
        [
            *map(str, ("predict", galaxies, "--output", output, "--resume", "--views", 2)),
            "--weights",
            str(tmp_path / "other.pt"),
        ]
    )
    captured = capsys.readouterr()
    assert status == 2
    assert "is finished, with predictions of other weights or another number of TTA views; leave out" in captured.err
    assert run("predict", galaxies, "--output", output, "--resume") == 0
    assert "is finished already; leave out" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "", "[]", '{"prediction_key": "of other weights"}'])
def test_resume_of_a_finished_csv_table_needs_the_sidecar_that_names_its_weights(
    run, galaxies, tmp_path, capsys, content
):
    output, sidecar = tmp_path / "scores.csv", tmp_path / "scores.csv.json"
    assert run("predict", galaxies, "--output", output) == 0
    about = json.loads(sidecar.read_text())
    assert (about["network"][:5], about["views"], len(about["prediction_key"])) == ("tiny-", 2, 16)
    sidecar.unlink() if content is None else sidecar.write_text(content)
    before = output.read_bytes()
    assert run("predict", galaxies, "--output", output, "--resume") == 2
    message = capsys.readouterr().err
    assert "weights" in message
    assert "leave out --resume" in message
    assert output.read_bytes() == before


def test_resume_with_other_views_is_refused_though_some_galaxies_come_out_the_same(
    run, weights, galaxies, tmp_path, draw_galaxy, capsys
):
    Image.fromarray(draw_galaxy(1)).save(galaxies / "0006.png")
    for number in range(1, 6):  # every view of these is the same
        Image.fromarray(np.full((64, 64, 3), 20 * number, dtype=np.uint8)).save(galaxies / f"{number:04}.png")
    output = tmp_path / "scores.csv"
    assert run("predict", galaxies, "--output", output) == 0
    with_one_view = ["predict", str(galaxies), "--output", str(output), "--weights", weights, "--views", "1"]
    assert main([*with_one_view, "--resume"]) == 2
    assert "predictions of other weights or another number of TTA views; leave out" in capsys.readouterr().err
    assert run("predict", galaxies, "--output", output, "--resume") == 0


def test_resume_of_a_table_that_was_begun_with_other_views_names_the_folder(
    run, weights, galaxies, tmp_path, monkeypatch, capsys
):
    output = tmp_path / "scores.csv"
    interrupt_after_a_batch(monkeypatch)
    assert run("predict", galaxies, "--output", output, "--batch-size", 2) == 130
    with_one_view = ["predict", str(galaxies), "--output", str(output), "--weights", weights, "--views", "1"]
    assert main([*with_one_view, "--resume"]) == 2
    assert f"{output}.partial holds predictions of other weights or another number of views" in capsys.readouterr().err


def test_a_damaged_chunk_is_named_and_can_be_deleted(run, galaxies, tmp_path, monkeypatch, capsys):
    output = tmp_path / "scores.csv"
    interrupt_after_a_batch(monkeypatch)
    assert run("predict", galaxies, "--output", output, "--batch-size", 2) == 130
    (chunk,) = (tmp_path / "scores.csv.partial").iterdir()
    chunk.write_bytes(chunk.read_bytes()[:1000])
    assert run("predict", galaxies, "--output", output, "--resume") == 2
    captured = capsys.readouterr().err
    assert f"{chunk} cannot be read as a Parquet table" in captured
    assert "; delete it, and give the same command with --resume: the galaxies in it are predicted again" in captured
    chunk.unlink()
    assert run("predict", galaxies, "--output", output, "--resume") == 0
    assert len(read_fractions(output)) == 6


def test_resume_of_a_table_that_was_begun_with_other_galaxies_is_refused(
    run, galaxies, tmp_path, draw_galaxy, monkeypatch, capsys
):
    (galaxies / "0001.png").write_text("no picture")  # what failed counts too
    others = write_pictures(tmp_path / "others", [draw_galaxy(n) for n in (1, 2)], first=11)
    output = tmp_path / "scores.csv"
    interrupt_after_a_batch(monkeypatch)
    assert run("predict", galaxies, "--output", output, "--batch-size", 2) == 130
    before = len(list((tmp_path / "scores.csv.partial").iterdir()))
    assert run("predict", others, "--output", output, "--resume") == 2
    assert "holds 2 galaxies that are not in the given paths, one of them 0001" in capsys.readouterr().err
    assert len(list((tmp_path / "scores.csv.partial").iterdir())) == before
    assert run("predict", galaxies, others, "--output", output, "--resume") == 1
    assert "7 of 8 galaxies are in" in capsys.readouterr().out
    assert sorted(read_fractions(output).index) == ["0002", "0003", "0004", "0005", "0006", "0011", "0012"]


def test_pictures_that_were_cropped_otherwise_before_an_interruption_are_predicted_again(
    run, galaxies, tmp_path, monkeypatch, capsys
):
    output, whole = tmp_path / "scores.csv", tmp_path / "whole.csv"
    interrupt_after_a_batch(monkeypatch)
    assert run("predict", galaxies, "--output", output, "--batch-size", 2) == 130
    (galaxies / "field.json").write_text('{"centre": 288, "of": 424}')
    capsys.readouterr()
    assert run("predict", galaxies, "--output", output, "--resume") == 0
    assert "galaxy 0001 and 1 more are predicted again" in capsys.readouterr().err
    assert run("predict", galaxies, "--output", whole) == 0
    assert np.allclose(read_fractions(output).sort_index(), read_fractions(whole).sort_index(), atol=1e-5)


@pytest.mark.parametrize("named", ["folder", "picture", "zip"])
def test_a_picture_that_was_replaced_during_an_interruption_is_predicted_again(
    run, galaxies, tmp_path, draw_galaxy, monkeypatch, capsys, named
):
    def paths():
        if named == "zip":
            with zipfile.ZipFile(tmp_path / "galaxies.zip", "w") as archive:
                for file in sorted(galaxies.glob("*.png")):
                    archive.write(file, file.name)
            return [tmp_path / "galaxies.zip"]
        return [galaxies] if named == "folder" else sorted(galaxies.glob("*.png"))

    output, whole = tmp_path / "scores.parquet", tmp_path / "whole.parquet"
    interrupt_after_a_batch(monkeypatch)
    assert run("predict", *paths(), "--output", output, "--batch-size", 3) == 130
    Image.fromarray(draw_galaxy(11)).save(galaxies / "0002.png")
    capsys.readouterr()
    assert run("predict", *paths(), "--output", output, "--resume") == 0
    assert "galaxy 0002 is predicted again" in capsys.readouterr().err
    assert run("predict", *paths(), "--output", whole) == 0
    assert np.allclose(read_fractions(output).sort_index(), read_fractions(whole).sort_index(), atol=1e-5)


def test_a_full_disk_is_reported_with_advice(run, galaxies, tmp_path, monkeypatch, capsys):
    def full(store, batches, part):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    output = tmp_path / "scores.csv"
    with monkeypatch.context() as during:
        during.setattr(PredictionStore, "add", full)
        assert run("predict", galaxies, "--output", output) == 2
    captured = capsys.readouterr().err
    assert "scores.csv cannot be written (No space left on device)" in captured
    assert "make room, then give the same command again" in captured  # nothing was kept
    assert run("predict", galaxies, "--output", output, "--resume") == 0


@pytest.mark.parametrize("kept", [False, True])
def test_a_file_that_may_not_grow_is_reported_with_advice(run, galaxies, tmp_path, monkeypatch, capsys, kept):
    resource = pytest.importorskip("resource")
    output, more = tmp_path / "scores.csv", ["--resume"] if kept else []
    if kept:
        interrupt_after_a_batch(monkeypatch)
        assert run("predict", galaxies, "--output", output, "--batch-size", 2) == 130
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        assert run("predict", galaxies, "--output", output, *more) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    captured = capsys.readouterr().err
    assert "scores.csv cannot be written (" in captured
    assert ("make room, then add --resume" if kept else "make room, then give the same command again") in captured
    assert run("predict", galaxies, "--output", output, *more) == 0


def test_an_output_next_to_which_nothing_can_be_written_is_refused(run, galaxies, tmp_path, monkeypatch, capsys):
    def refuse(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(store, "try_lock", refuse)
    assert run("predict", galaxies, "--output", tmp_path / "scores.csv") == 2
    assert "nothing can be written next to" in capsys.readouterr().err


class Terminal(io.StringIO):
    """Standard error that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def test_the_bar_of_a_resumed_run_shows_this_run_s_speed(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    clock = itertools.count()
    monkeypatch.setattr("tqdm.std.time", lambda: 0.1 * next(clock))
    with progress_bar(before=900_000) as progress:
        for done in range(900_020, 900_100, 20):
            progress(done, 1_000_000)
    shown = terminal.getvalue()
    assert "900080/1000000" in shown
    assert all(float(speed) < 1000 for speed in re.findall(r"([\d.]+) galaxies/s", shown))
