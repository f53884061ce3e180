"""Prediction tables that two processes or threads write at the same time."""

import threading
from contextlib import nullcontext

import pandas as pd
import pytest
from tiny_prediction import write_pictures
from tiny_training import TIMEOUT_S

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.prediction import PredictOptions, catalogues, predict_catalogue, read_fractions, store, stream


@pytest.fixture
def galaxies(tmp_path, draw_galaxy):
    """Six pictures: 0000 to 0005."""
    return write_pictures(tmp_path / "galaxies", [draw_galaxy(n) for n in range(6)])


def test_a_second_predict_on_one_table_is_refused_and_the_first_loses_nothing(
    run, galaxies, tmp_path, monkeypatch, capsys
):
    output, others = tmp_path / "scores.csv", []
    predicted = stream.predict_inputs

    def meanwhile(*given):
        if not others:
            others.append(None)
            others[0] = [run("predict", galaxies, "--output", output, *more) for more in ((), ("--resume",))]
        return predicted(*given)

    monkeypatch.setattr(stream, "predict_inputs", meanwhile)
    monkeypatch.setattr(catalogues, "CHUNK_SECONDS", 0.0)
    assert run("predict", galaxies, "--output", output, "--batch-size", 2) == 0
    assert others == [[2, 2]]
    captured = capsys.readouterr()
    assert captured.err.count(f"another run is writing {output}; wait for its end, or name another --output") == 2
    assert captured.out == f"6 of 6 galaxies are in {output}\n"
    assert len(read_fractions(output)) == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["galaxies", "scores.csv", "scores.csv.json"]


def test_a_table_that_lost_galaxies_to_another_run_fails(run, galaxies, tmp_path, monkeypatch, capsys):
    output, calls = tmp_path / "scores.csv", []
    predicted = stream.predict_inputs

    def meanwhile(*given):
        calls.append(None)
        if len(calls) == 2:
            assert run("predict", galaxies, "--output", output, "--resume") == 0
        return predicted(*given)

    monkeypatch.setattr(store, "try_lock", lambda path: nullcontext(True))  # a file system without locks
    monkeypatch.setattr(stream, "predict_inputs", meanwhile)
    monkeypatch.setattr(catalogues, "CHUNK_SECONDS", 0.0)
    assert run("predict", galaxies, "--output", output, "--batch-size", 2) == 2
    captured = capsys.readouterr()
    assert f"4 of 6 galaxies are in {output}" in captured.out
    assert "another run removed part of this run's chunks" in captured.err
    assert len(read_fractions(output)) == 4


@pytest.fixture
def halted(model, galaxies, tmp_path, monkeypatch):
    """A thread that waits for an event after two of six predictions into kept.parquet."""
    monkeypatch.setattr(catalogues, "CHUNK_SECONDS", 0.0)
    monkeypatch.setattr(catalogues, "POLL_SECONDS", 0.01)
    halfway, let, found = threading.Event(), threading.Event(), []

    def wait(done, total):
        halfway.set()
        assert let.wait(TIMEOUT_S)

    def work():
        options = PredictOptions(1, batch_size=2, progress=wait)
        catalogue, store = open_catalogue(galaxies), tmp_path / "kept.parquet"
        found.append(predict_catalogue(model, catalogue, options, store=store))

    thread = threading.Thread(target=work)
    thread.start()
    assert halfway.wait(TIMEOUT_S)
    yield let, found, thread
    let.set()
    thread.join(TIMEOUT_S)


def test_a_catalogue_that_another_is_predicting_is_waited_for_and_read(model, galaxies, tmp_path, passes, halted):
    let, found, thread = halted
    seen = []

    def report(done, total):
        seen.append((done, total))
        let.set()

    options, store = PredictOptions(1, progress=report), tmp_path / "kept.parquet"
    second = predict_catalogue(model, open_catalogue(galaxies), options, store=store)
    thread.join(TIMEOUT_S)
    assert seen[0] == (2, 6)
    assert sum(passes) == 6
    assert len(second.fractions) == 6
    pd.testing.assert_frame_equal(found[0].fractions, second.fractions)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["galaxies", "kept.parquet"]


def test_galaxies_that_another_has_predicted_already_are_returned_at_once(model, galaxies, tmp_path, halted):
    catalogue, store = open_catalogue(galaxies), tmp_path / "kept.parquet"
    found = predict_catalogue(model, catalogue, PredictOptions(1), store=store, only=["0001", "0000"])
    assert found.fractions.index.tolist() == ["0001", "0000"]


def test_a_stop_ends_the_wait_for_another(model, galaxies, tmp_path, halted):
    stop = threading.Event()
    options = PredictOptions(1, stop=stop, progress=lambda *_: stop.set())
    found = predict_catalogue(model, open_catalogue(galaxies), options, store=tmp_path / "kept.parquet")
    assert found.fractions.index.tolist() == ["0000", "0001"]
