"""Tests of `galaxy_explorer.prediction`."""

import copy
import json
import threading
import time

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from galaxy_explorer import models
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, SLICES, mass_of
from galaxy_explorer.images import ImageError, for_prediction, views
from galaxy_explorer.prediction import (
    PredictionError,
    PredictionStore,
    Source,
    catalogues,
    predict,
    predict_catalogue,
    predict_pictures,
    prediction_key,
    read_failures,
    read_fractions,
    sources_of,
)

AWKWARD_IDS = ["0012", "587726016142835881", "NA", "a, b", "1e5"]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """For so small a network, threads that wait for one another cost more than they bring."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def card():
    preprocessing = {"image_size": 32, "crop": 0.8, "mean": [0.1, 0.1, 0.1], "std": [0.2, 0.2, 0.2]}
    return {"model": "fcn", "arguments": {"widths": [8, 8, 8, 8]}, "columns": list(COLUMNS), **preprocessing}


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return models.build("fcn", widths=(8, 8, 8, 8)).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def pictures(draw_galaxy):
    return [draw_galaxy(seed) for seed in range(11)]


@pytest.fixture
def folder(tmp_path, pictures):
    """Eleven pictures, of which 0003 and 0008 are damaged."""
    where = tmp_path / "galaxies"
    where.mkdir()
    for n, picture in enumerate(pictures):
        Image.fromarray(picture).save(where / f"{n:04}.png")
    for name in ("0003.png", "0008.png"):
        (where / name).write_bytes((where / name).read_bytes()[:200])
    return where


@pytest.fixture
def passes(network):
    """The number of inputs in each forward pass of the network since the test began."""
    seen = []
    hook = network.register_forward_pre_hook(lambda module, arguments: seen.append(len(arguments[0])))
    yield seen
    hook.remove()


def test_a_picture_gets_the_same_numbers_alone_and_in_a_batch(network, card, pictures):
    together, _ = predict(network, card, pictures)
    alone = np.concatenate([predict(network, card, [picture])[0] for picture in pictures])
    assert np.abs(together - alone).max() < 1e-6
    again, _ = predict(network, card, pictures)
    assert np.array_equal(together, again)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_fractions_are_the_mean_over_the_views_and_spread_their_deviation(network, card, pictures, count):
    inputs = for_prediction(pictures[0], size=32, crop=0.8, mean=card["mean"], std=card["std"])[np.newaxis]
    with torch.no_grad():
        seen = [network(torch.from_numpy(view)).numpy()[0] for view in views(inputs, count)]
    fractions, spread = predict(network, card, pictures[:1], views=count)
    assert np.allclose(fractions[0], np.mean(seen, axis=0), atol=1e-6)
    assert np.allclose(spread[0], np.std(seen, axis=0), atol=1e-6)
    assert (spread.max() > 1e-5) == (count > 1)


def test_a_turned_picture_gets_the_same_numbers_from_all_eight_views(network, card, pictures):
    card = card | {"image_size": 64, "crop": 1.0}  # as the pictures are: resizing would round grey values
    turned = [np.rot90(picture).copy() for picture in pictures]
    assert np.abs(predict(network, card, pictures)[0] - predict(network, card, turned)[0]).max() < 1e-6


def test_averaged_fractions_obey_the_tree(network, card, pictures):
    fractions, _ = predict(network, card, pictures)
    for number, where in SLICES.items():
        assert np.allclose(fractions[:, where].sum(axis=1), mass_of(number, fractions), atol=1e-5)


def test_no_pictures_give_no_rows(network, card):
    fractions, spread = predict(network, card, [])
    assert fractions.shape == spread.shape == (0, len(COLUMNS))


def test_a_network_that_cannot_predict_is_refused_in_words(network, card, pictures):
    training = copy.deepcopy(network).train()
    with pytest.raises(ValueError, match="training mode"):
        predict(training, card, pictures)
    broken = copy.deepcopy(network)
    broken.to_answers.bias.fill_(torch.nan)
    with pytest.raises(ValueError, match="not finite"):
        predict(broken, card, pictures)
    with pytest.raises(ValueError, match="9 views"):
        predict(network, card, pictures, views=9)


def test_the_key_changes_with_weights_preprocessing_and_views_alone(network, card):
    key = prediction_key(network, card, 8)
    assert key == prediction_key(copy.deepcopy(network), card | {"date": "today"}, 8)
    other = copy.deepcopy(network)
    other.to_answers.bias[0] += 1e-3
    others = {
        prediction_key(other, card, 8),
        prediction_key(network, card | {"crop": 0.7}, 8),
        prediction_key(network, card, 4),
    }
    assert len(others | {key}) == 4


def test_pictures_decoded_in_parallel_come_in_their_order(network, card, pictures):
    def slowly(n):
        time.sleep(0.02 * (n % 3))  # later pictures are ready before earlier ones
        return pictures[n % len(pictures)]

    sources = [Source(str(n), lambda n=n: slowly(n)) for n in range(25)]
    batches = list(predict_pictures(network, card, sources, views=1, batch_size=4, workers=8))
    assert [len(batch) for batch in batches] == [4] * 6 + [1]
    assert [galaxy_id for batch in batches for galaxy_id in batch.ids] == [str(n) for n in range(25)]
    fractions = np.concatenate([batch.fractions for batch in batches])
    expected, _ = predict(network, card, [pictures[n % len(pictures)] for n in range(25)], views=1)
    assert np.allclose(fractions, expected, atol=1e-6)


def test_only_a_few_pictures_are_opened_ahead_of_the_network(network, card, picture):
    opened = []

    def endless():
        n = 0
        while True:
            yield Source(str(n), lambda n=n: opened.append(n) or picture)
            n += 1

    batches = predict_pictures(network, card, endless(), views=1, batch_size=5, workers=2)
    for number in range(1, 8):
        next(batches)
        time.sleep(0.02)
        assert len(opened) <= 5 * number + 10
    batches.close()
    assert not any(thread.name.startswith("decode") for thread in threading.enumerate())


def test_decoding_goes_on_while_the_network_works(network, card, picture):
    working, decoded = threading.Event(), threading.Event()

    def wait_for_the_network():
        if not working.wait(10):
            raise ImageError("the network waits for this picture")
        decoded.set()
        return picture

    def work(*_):
        working.set()
        decoded.wait(10)

    hook = network.register_forward_pre_hook(work)
    sources = [Source("0", lambda: picture), Source("1", wait_for_the_network)]
    batches = list(predict_pictures(network, card, sources, views=1, batch_size=1, workers=1))
    hook.remove()
    assert [batch.failures for batch in batches] == [{}, {}]


@pytest.mark.parametrize("batch_size", [1, 4, 32])
def test_a_bad_picture_costs_that_one(network, card, pictures, folder, batch_size):
    found = predict_catalogue(network, card, open_catalogue(folder), batch_size=batch_size)
    assert sorted(found.failures) == ["0003", "0008"]
    assert all(reason for reason in found.failures.values())
    good = [n for n in range(11) if n not in (3, 8)]
    assert found.fractions.index.tolist() == [f"{n:04}" for n in good]
    assert np.allclose(found.fractions, predict(network, card, [pictures[n] for n in good])[0], atol=1e-6)


def test_a_picture_that_vanishes_costs_that_one(network, card, folder):
    catalogue = open_catalogue(folder)
    (folder / "0000.png").unlink()
    assert sorted(predict_catalogue(network, card, catalogue, views=1).failures) == ["0000", "0003", "0008"]


def test_pictures_cropped_before_are_taken_for_what_they_are(network, card, folder, pictures):
    (folder / "field.json").write_text(json.dumps({"centre": 400, "of": 424}))
    found = predict_catalogue(network, card, open_catalogue(folder), views=2)
    expected, _ = predict(network, card, pictures[:1], views=2, field=400 / 424)
    assert np.allclose(found.fractions.loc["0000"], expected[0], atol=1e-6)


def test_a_stopped_catalogue_goes_on_without_predicting_anything_twice(network, card, folder, tmp_path, passes):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    whole = predict_catalogue(network, card, catalogue, views=2, batch_size=2)
    passes.clear()
    stop, seen = threading.Event(), []

    def stop_in_the_middle(done, total):
        seen.append((done, total))
        if done >= 4:
            stop.set()

    options = {"views": 2, "batch_size": 2, "store": store}
    part = predict_catalogue(network, card, catalogue, **options, progress=stop_in_the_middle, stop=stop)
    assert seen == [(2, 11), (4, 11)]
    assert part.fractions.index.tolist() == ["0000", "0001", "0002"]
    assert part.failures.keys() == {"0003"}
    assert not store.exists()
    rest = predict_catalogue(network, card, catalogue, **options)
    assert sum(passes) == 2 * 9  # nine readable pictures, two views each
    assert np.allclose(rest.fractions, whole.fractions, atol=1e-6)
    assert np.allclose(rest.spread, whole.spread, atol=1e-6)
    assert rest.fractions.index.equals(whole.fractions.index)
    assert rest.failures == whole.failures
    assert sorted(path.name for path in tmp_path.iterdir()) == ["galaxies", "kept.parquet", "kept.parquet.failed.csv"]


def test_a_finished_store_is_read_and_not_predicted_again(network, card, folder, tmp_path, passes):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    first = predict_catalogue(network, card, catalogue, views=1, store=store)
    passes.clear()
    second = predict_catalogue(network, card, catalogue, views=1, store=store)
    assert passes == []
    pd.testing.assert_frame_equal(first.fractions, second.fractions)
    assert first.failures == second.failures
    some = predict_catalogue(network, card, catalogue.subset(["0004", "0001", "0003"]), views=1, store=store)
    assert some.fractions.index.tolist() == ["0004", "0001"]
    assert some.failures.keys() == {"0003"}


def test_what_is_done_survives_an_interruption(network, card, folder, tmp_path):
    kept = PredictionStore(tmp_path / "kept.parquet", prediction_key(network, card, 1))

    def interrupt(done, total):
        raise KeyboardInterrupt

    sources = list(sources_of(open_catalogue(folder)))
    with pytest.raises(KeyboardInterrupt):
        catalogues.fill(kept, network, card, sources, total=11, views=1, batch_size=4, progress=interrupt)
    assert kept.predicted_ids() == {"0000", "0001", "0002"}


def test_a_kill_loses_no_more_than_what_followed_the_last_chunk(network, card, folder, tmp_path, monkeypatch):
    kept = PredictionStore(tmp_path / "kept.parquet", prediction_key(network, card, 1))
    monkeypatch.setattr(catalogues, "CHUNK_SECONDS", 0.0)
    found = []

    def look(done, total):
        found.append((done, len(kept.read().fractions) + len(kept.read().failures)))

    sources = list(sources_of(open_catalogue(folder)))
    assert catalogues.fill(kept, network, card, sources, total=11, views=1, batch_size=4, progress=look)
    assert found == [(4, 4), (8, 8), (11, 11)]


def test_a_mended_picture_is_predicted_when_the_work_goes_on(network, card, folder, pictures, tmp_path):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    stop = threading.Event()
    options = {"views": 1, "batch_size": 4, "store": store}
    predict_catalogue(network, card, catalogue, **options, stop=stop, progress=lambda *_: stop.set())
    Image.fromarray(pictures[3]).save(folder / "0003.png")
    found = predict_catalogue(network, card, catalogue, **options)
    assert found.failures.keys() == read_failures(tmp_path / "kept.parquet.failed.csv").keys() == {"0008"}
    assert found.fractions.index.tolist() == [f"{n:04}" for n in range(11) if n != 8]


def test_predictions_of_other_weights_or_views_are_never_mixed_in(network, card, folder, tmp_path):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    stop = threading.Event()
    predict_catalogue(
        *(network, card, catalogue), views=2, batch_size=4, store=store, stop=stop, progress=lambda *_: stop.set()
    )
    with pytest.raises(PredictionError, match="other weights or another number of views"):
        predict_catalogue(network, card, catalogue, views=4, store=store)
    predict_catalogue(network, card, catalogue, views=2, store=store)
    with pytest.raises(PredictionError, match="other weights or another number of views"):
        predict_catalogue(network, card, catalogue, views=4, store=store)


def test_a_store_of_other_galaxies_is_refused(network, card, folder, tmp_path, sample):
    store = tmp_path / "kept.parquet"
    predict_catalogue(network, card, open_catalogue(folder), views=1, store=store)
    with pytest.raises(PredictionError, match="lacks 9 of the 9 galaxies of sample"):
        predict_catalogue(network, card, sample, views=1, store=store)
    with pytest.raises(PredictionError, match="is no Parquet file"):
        predict_catalogue(network, card, sample, views=1, store=tmp_path / "kept.csv")


def test_a_stop_before_anything_leaves_nothing(network, card, folder, tmp_path):
    stop = threading.Event()
    stop.set()
    found = predict_catalogue(network, card, open_catalogue(folder), store=tmp_path / "kept.parquet", stop=stop)
    assert len(found.fractions) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["galaxies"]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_ids_and_numbers_survive_the_table(network, card, pictures, tmp_path, ending):
    store = PredictionStore(tmp_path / f"scores{ending}", "key")
    sources = [Source(name, lambda n=n: pictures[n]) for n, name in enumerate(AWKWARD_IDS)]
    batches = list(predict_pictures(network, card, sources, views=1, batch_size=2))
    store.add(batches)
    assert store.finish(spread=False) == {}
    table = read_fractions(store.path)
    assert table.index.tolist() == AWKWARD_IDS
    assert np.array_equal(table.to_numpy(), np.concatenate([batch.fractions for batch in batches]))


def test_a_table_is_written_whole_or_not_at_all(network, card, folder, tmp_path, monkeypatch):
    store = PredictionStore(tmp_path / "scores.csv", "key")
    store.path.write_text("what was there before")
    store.add(list(predict_pictures(network, card, sources_of(open_catalogue(folder)), views=1)))

    def full(*arguments, **options):
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pd.DataFrame, "to_csv", full)
        with pytest.raises(OSError, match="no space left"):
            store.finish()
    assert store.path.read_text() == "what was there before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["galaxies", "scores.csv", "scores.csv.partial"]
    store.finish()
    assert len(read_fractions(store.path)) == 9


def test_a_file_that_is_no_table_of_predictions_is_refused_in_words(tmp_path):
    with pytest.raises(PredictionError, match=r"ends in \.txt; name a file that ends in \.csv or \.parquet"):
        PredictionStore(tmp_path / "scores.txt", "key")
    with pytest.raises(PredictionError, match="there is no file"):
        read_fractions(tmp_path / "none.parquet")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(PredictionError, match="cannot be read as a Parquet table"):
        read_fractions(tmp_path / "torn.parquet")
    pd.DataFrame({"GalaxyID": ["1"], "Class1.1": [0.5]}).to_parquet(tmp_path / "short.parquet")
    with pytest.raises(PredictionError, match=r"no column Class1\.2"):
        read_fractions(tmp_path / "short.parquet")
