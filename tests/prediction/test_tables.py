"""Tests of `galaxy_explorer.prediction`: the tables in which predictions are kept."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.csv
import pytest
from PIL import Image

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import ImageError
from galaxy_explorer.prediction import (
    PredictionError,
    PredictionStore,
    PredictOptions,
    Source,
    catalogues,
    predict_catalogue,
    predict_missing,
    predict_pictures,
    read_failures,
    read_fractions,
    sources_of,
)

ONE_VIEW = PredictOptions(1)
AWKWARD_IDS = ["0012", "587726016142835881", "NA", "a, b", "1e5"]


def stopping_at_once(options):
    """The same options with a stop after the first batch."""
    stop = threading.Event()
    return replace(options, stop=stop, progress=lambda *_: stop.set())


def test_a_stopped_catalogue_is_resumed_without_predicting_anything_twice(model, folder, tmp_path, passes):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    whole = predict_catalogue(model, catalogue, PredictOptions(2, batch_size=2))
    passes.clear()
    stop, seen = threading.Event(), []

    def stop_in_the_middle(done, total):
        seen.append((done, total))
        if done >= 4:
            stop.set()

    options = PredictOptions(2, batch_size=2)
    stopping = replace(options, progress=stop_in_the_middle, stop=stop)
    part = predict_catalogue(model, catalogue, stopping, store=store)
    assert seen == [(2, 11), (4, 11)]
    assert part.fractions.index.tolist() == ["0000", "0001", "0002"]
    assert part.failures.keys() == {"0003"}
    assert not store.exists()
    rest = predict_catalogue(model, catalogue, options, store=store)
    assert sum(passes) == 2 * 9  # nine readable pictures, two views each
    assert np.allclose(rest.fractions, whole.fractions, atol=1e-6)
    assert np.allclose(rest.upper, whole.upper, atol=1e-6, equal_nan=True)
    assert rest.fractions.index.equals(whole.fractions.index)
    assert rest.failures == whole.failures
    assert sorted(path.name for path in tmp_path.iterdir()) == ["galaxies", "kept.parquet", "kept.parquet.failed.csv"]


def test_a_finished_store_is_read_and_not_predicted_again(model, folder, tmp_path, passes):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    first = predict_catalogue(model, catalogue, ONE_VIEW, store=store)
    passes.clear()
    second = predict_catalogue(model, catalogue, ONE_VIEW, store=store)
    assert passes == []
    pd.testing.assert_frame_equal(first.fractions, second.fractions)
    assert first.failures == second.failures
    some = predict_catalogue(model, catalogue.subset(["0004", "0001", "0003"]), ONE_VIEW, store=store)
    assert some.fractions.index.tolist() == ["0004", "0001"]
    assert some.failures.keys() == {"0003"}


def test_what_is_done_survives_an_interruption(model, folder, tmp_path):
    kept = PredictionStore(tmp_path / "kept.parquet", model.key(1))

    def interrupt(done, total):
        raise KeyboardInterrupt

    sources = list(sources_of(open_catalogue(folder)))
    with pytest.raises(KeyboardInterrupt):
        predict_missing(kept, model, sources, PredictOptions(1, batch_size=4, progress=interrupt))
    assert kept.predicted_ids() == {"0000", "0001", "0002"}


def test_a_kill_loses_no_more_than_what_followed_the_last_chunk(model, folder, tmp_path, monkeypatch):
    kept = PredictionStore(tmp_path / "kept.parquet", model.key(1))
    monkeypatch.setattr(catalogues, "CHUNK_SECONDS", 0.0)
    found = []

    def look(done, total):
        found.append((done, len(kept.read().fractions) + len(kept.read().failures)))

    sources = list(sources_of(open_catalogue(folder)))
    predict_missing(kept, model, sources, PredictOptions(1, batch_size=4, progress=look))
    assert found == [(4, 4), (8, 8), (11, 11)]


def test_the_first_chunk_is_soon_there(model, folder, tmp_path, monkeypatch):
    kept = PredictionStore(tmp_path / "kept.parquet", model.key(1))
    monkeypatch.setattr(catalogues, "FIRST_CHUNK_SECONDS", 0.0)
    found = []
    sources = list(sources_of(open_catalogue(folder)))
    look = PredictOptions(1, batch_size=4, progress=lambda done, total: found.append(len(kept.chunk_paths())))
    predict_missing(kept, model, sources, look)
    assert found[0] == 1


def test_a_fixed_image_is_predicted_on_resume(model, folder, pictures, tmp_path):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    options = PredictOptions(1, batch_size=4)
    predict_catalogue(model, catalogue, stopping_at_once(options), store=store)
    Image.fromarray(pictures[3]).save(folder / "0003.png")
    found = predict_catalogue(model, catalogue, options, store=store)
    assert found.failures.keys() == read_failures(tmp_path / "kept.parquet.failed.csv").keys() == {"0008"}
    assert found.fractions.index.tolist() == [f"{n:04}" for n in range(11) if n != 8]


def test_what_failed_is_tried_again_when_the_catalogue_is_predicted_again(model, folder, pictures, tmp_path):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    away = folder.with_name("away")
    options = PredictOptions(1, batch_size=4)
    predict_catalogue(model, catalogue, stopping_at_once(options), store=store)
    folder.rename(away)  # as a disk that is pulled out, whose place stays
    folder.mkdir()
    (folder / "readme.txt").write_text("put the disk in")
    lost = predict_catalogue(model, catalogue, options, store=store)
    assert len(lost.failures) == 8  # of 11; three were done, and one of the first four is damaged
    assert store.exists()
    shutil.rmtree(folder)
    away.rename(folder)
    found = predict_catalogue(model, catalogue, options, store=store)
    assert found.failures.keys() == read_failures(tmp_path / "kept.parquet.failed.csv").keys() == {"0003", "0008"}
    assert np.array_equal(found.fractions.loc[lost.fractions.index], lost.fractions)
    assert found.fractions.index.tolist() == [f"{n:04}" for n in range(11) if n not in (3, 8)]
    assert [path.name for path in tmp_path.glob(".kept*")] in ([], [".kept.parquet.lock"])


def test_predictions_of_other_weights_or_views_are_never_mixed_in(model, folder, tmp_path):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    predict_catalogue(model, catalogue, stopping_at_once(PredictOptions(2, batch_size=4)), store=store)
    with pytest.raises(PredictionError, match="other weights or another number of views"):
        predict_catalogue(model, catalogue, PredictOptions(4), store=store)
    predict_catalogue(model, catalogue, PredictOptions(2), store=store)
    with pytest.raises(PredictionError, match="other weights or another number of views"):
        predict_catalogue(model, catalogue, PredictOptions(4), store=store)


def test_a_store_of_other_galaxies_is_refused(model, folder, tmp_path, sample):
    store = tmp_path / "kept.parquet"
    predict_catalogue(model, open_catalogue(folder), ONE_VIEW, store=store)
    with pytest.raises(PredictionError, match="lacks 9 of the 9 galaxies of sample"):
        predict_catalogue(model, sample, ONE_VIEW, store=store)
    with pytest.raises(PredictionError, match="is not a Parquet file"):
        predict_catalogue(model, sample, ONE_VIEW, store=tmp_path / "kept.csv")


def test_a_stop_before_anything_leaves_nothing(model, folder, tmp_path):
    stop = threading.Event()
    stop.set()
    found = predict_catalogue(model, open_catalogue(folder), PredictOptions(stop=stop), store=tmp_path / "kept.parquet")
    assert len(found.fractions) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["galaxies"]


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".fits", ".ecsv"])
def test_ids_and_numbers_survive_the_table(model, pictures, tmp_path, ending):
    store = PredictionStore(tmp_path / f"scores{ending}", "key")
    sources = [Source(name, lambda n=n: pictures[n]) for n, name in enumerate(AWKWARD_IDS)]
    batches = list(predict_pictures(model, sources, PredictOptions(1, batch_size=2)))
    store.add(batches)
    assert store.finish(COLUMNS)[:2] == (len(AWKWARD_IDS), {})
    table = read_fractions(store.path)
    assert table.index.tolist() == AWKWARD_IDS
    assert np.array_equal(table.to_numpy(), np.concatenate([batch.fractions for batch in batches]))


def test_a_table_is_written_atomically(model, folder, tmp_path, monkeypatch):
    store = PredictionStore(tmp_path / "scores.csv", "key")
    store.path.write_text("what was there before")
    store.add(list(predict_pictures(model, sources_of(open_catalogue(folder)), ONE_VIEW)))

    def full(*arguments, **options):
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pyarrow.csv, "write_csv", full)
        with pytest.raises(OSError, match="no space left"):
            store.finish()
    assert store.path.read_text() == "what was there before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["galaxies", "scores.csv", "scores.csv.partial"]
    store.finish()
    assert len(read_fractions(store.path)) == 9


def test_a_table_that_is_finished_while_it_is_read_is_read_whole(model, folder, tmp_path, monkeypatch):
    store = PredictionStore(tmp_path / "scores.parquet", "key")
    store.add(list(predict_pictures(model, sources_of(open_catalogue(folder)), ONE_VIEW)))
    really, meanwhile = Path.glob, []

    def finished_first(path, pattern):
        if path == store.chunks and not meanwhile:
            meanwhile.append(None)
            store.finish()
        return really(path, pattern)

    monkeypatch.setattr(Path, "glob", finished_first)
    kept = store.read()
    assert (len(kept.fractions), kept.failures.keys()) == (9, {"0003", "0008"})
    store.add(list(predict_pictures(model, sources_of(open_catalogue(folder)), ONE_VIEW)))
    meanwhile.clear()
    assert store.failures().keys() == {"0003", "0008"}


def test_a_file_that_is_not_a_prediction_table_is_refused(tmp_path):
    with pytest.raises(
        PredictionError, match=r"ends in \.txt; name a file that ends in \.csv, \.parquet, \.fits, \.ecsv"
    ):
        PredictionStore(tmp_path / "scores.txt", "key")
    with pytest.raises(PredictionError, match="there is no file"):
        read_fractions(tmp_path / "none.parquet")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(PredictionError, match="cannot be read as a Parquet table"):
        read_fractions(tmp_path / "torn.parquet")
    pd.DataFrame({"GalaxyID": ["1"], "Class1.1": [0.5]}).to_parquet(tmp_path / "short.parquet")
    with pytest.raises(PredictionError, match=r"no column Class1\.2"):
        read_fractions(tmp_path / "short.parquet")
    whole = pd.DataFrame({"GalaxyID": ["1", "2"], **dict.fromkeys(COLUMNS, 0.5)})
    for spoilt, message in (
        (
            whole.assign(**{"Class1.1": "smooth"}),
            r"galaxy 1, column Class1\.1: the value is 'smooth', expected a number from 0 to 1",
        ),
        (
            whole.assign(**{"Class2.1": [0.5, 50.0]}),
            r"galaxy 2, column Class2\.1: the value is '50\.0', expected a number from 0 to 1",
        ),
        (whole.assign(GalaxyID="1"), r"spoilt\.parquet holds galaxy 1 twice; keep one of them"),
    ):
        spoilt.to_parquet(tmp_path / "spoilt.parquet")
        with pytest.raises(PredictionError, match=message):
            read_fractions(tmp_path / "spoilt.parquet")
    store = PredictionStore(tmp_path / "scores.csv", "key")
    store.chunks.mkdir()
    (tmp_path / "torn.parquet").rename(store.chunks / "torn.parquet")
    with pytest.raises(PredictionError, match="cannot be read as a Parquet table"):
        store.unfinished()


def test_a_store_grows_by_the_galaxies_that_are_wanted_until_it_holds_the_catalogue(model, folder, tmp_path, passes):
    catalogue, store, seen = open_catalogue(folder), tmp_path / "kept.parquet", []
    options = PredictOptions(1, batch_size=2, progress=lambda *done: seen.append(done))

    def predict_only(ids):
        return predict_catalogue(model, catalogue, options, store=store, only=ids)

    some = predict_only(["0002", "0000", "0003"])
    assert some.fractions.index.tolist() == ["0002", "0000"]
    assert some.failures.keys() == {"0003"}
    assert seen == [(2, 3), (3, 3)]
    assert not store.exists()
    passes.clear()
    seen.clear()
    more = predict_only(["0000", "0001", "0002"])
    assert len(more.fractions) == 3
    assert sum(passes) == 1  # 0001 alone was new
    assert seen == [(3, 3)]
    rest = predict_only(catalogue.ids)
    assert store.exists()
    assert len(rest.fractions) == 9
    assert predict_only(["0001"]).fractions.index.tolist() == ["0001"]


def test_an_unfinished_table_names_what_failed_and_was_not_fixed_since(model, folder, pictures, tmp_path):
    catalogue, kept = (
        open_catalogue(folder),
        PredictionStore(tmp_path / "kept.parquet", model.key(1)),
    )
    predict_catalogue(model, catalogue, ONE_VIEW, store=kept.path, only=["0000", "0003", "0008"])
    assert kept.failures().keys() == kept.read().failures.keys() == {"0003", "0008"}
    Image.fromarray(pictures[3]).save(folder / "0003.png")
    predict_catalogue(model, catalogue, ONE_VIEW, store=kept.path, only=["0003"])
    assert kept.failures().keys() == kept.read().failures.keys() == {"0008"}


def test_what_a_service_failed_to_return_is_requested_again(model, folder, tmp_path):
    on_disk, away = open_catalogue(folder), [True]

    def fetch(name):
        if away:
            raise ImageError("there is no connection")
        return (folder / name).read_bytes()

    live = replace(on_disk, fetch=fetch)
    store = tmp_path / "kept.parquet"
    assert len(predict_catalogue(model, live, ONE_VIEW, store=store).failures) == len(live)
    away.clear()
    later = predict_catalogue(model, live, ONE_VIEW, store=store)
    assert len(later.fractions) == len(live) - 2  # which are damaged
    assert len(predict_catalogue(model, on_disk, ONE_VIEW, store=store).fractions) == len(live) - 2
