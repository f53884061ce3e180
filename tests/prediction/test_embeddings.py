"""Embeddings are stored with the predictions of a catalogue, and stay with their galaxies."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import tta_views
from galaxy_explorer.models import Model, networks
from galaxy_explorer.prediction import (
    Batch,
    Embeddings,
    PredictionStore,
    PredictOptions,
    cached,
    chunks,
    open_embeddings,
    predict_catalogue,
    predict_pictures,
    sources_of,
)
from galaxy_explorer.prediction.embeddings import from_bytes, to_half
from galaxy_explorer.prediction.inference import predict_inputs
from galaxy_explorer.prediction.tables import PredictionError

TWO_VIEWS = PredictOptions(2, batch_size=2)
GOOD = [n for n in range(11) if n not in (3, 8)]  # rows with a picture that can be read


@pytest.fixture
def catalogue(folder):
    """Eleven galaxies, two of them damaged."""
    return open_catalogue(folder)


@pytest.fixture
def store(tmp_path):
    """The path of a table."""
    return tmp_path / "kept.parquet"


@pytest.fixture(scope="module")
def expected(model, pictures):
    """The (11, D) embeddings of the eleven galaxies: the mean over two views."""
    inputs = np.stack([model.inputs(picture) for picture in pictures])
    return np.mean([model.network.embedding(torch.from_numpy(view)).numpy() for view in tta_views(inputs, 2)], axis=0)


def opened(catalogue, *stores) -> Embeddings | None:
    """Open the embeddings of tables, the newest last."""
    files = tuple(file for store in stores for file in cached.files_of(store))
    return open_embeddings(catalogue, cached.Tables("tiny", files))


def check(found, rows, expected):
    """Check that rows have their own embeddings."""
    assert (found.network, found.rows.dtype, found.rows.tolist()) == ("tiny", np.int32, rows)
    assert found.vectors.dtype == np.float16
    np.testing.assert_allclose(found.vectors, expected[rows], atol=2e-3)


def arrays(store):
    """The arrays next to a table."""
    return sorted(store.parent.glob("*.npy"))


def predict(model, catalogue, store, only=None, **options):
    """Predict galaxies with their embeddings."""
    return predict_catalogue(model, catalogue, TWO_VIEWS, store=store, only=only, embeddings=True, **options)


def test_a_finished_table_maps_the_mean_over_the_views_of_each_galaxy(model, catalogue, store, expected) -> None:
    predict(model, catalogue, store)
    found = opened(catalogue, store)
    check(found, GOOD, expected)
    assert isinstance(found.vectors, np.memmap)
    assert opened(catalogue.subset(["0004", "0001"]), store).rows.tolist() == [0, 1]
    assert len(predict_catalogue(model, catalogue, TWO_VIEWS, store=store).fractions) == 9  # read without them


def test_embeddings_grow_with_the_table_and_end_in_the_order_of_the_catalogue(
    model, catalogue, store, expected, passes, monkeypatch
) -> None:
    monkeypatch.setattr(chunks, "BLOCK", 4)
    assert opened(catalogue, store) is None
    predict(model, catalogue, store, ["0007", "0005", "0003"])
    check(opened(catalogue, store), [5, 7], expected)
    predict(model, catalogue, store, ["0001"])
    check(opened(catalogue, store), [1, 5, 7], expected)
    whole = predict(model, catalogue, store)
    check(opened(catalogue, store), GOOD, expected)
    assert isinstance(opened(catalogue, store).vectors, np.memmap)
    assert sum(passes) == 2 * len(GOOD)
    alone = predict_catalogue(model, catalogue, TWO_VIEWS)
    np.testing.assert_allclose(whole.fractions, alone.fractions, atol=1e-6)
    assert whole.fractions.index.equals(alone.fractions.index)


def test_a_table_of_an_earlier_version_gets_embeddings_and_can_be_read_until_then(
    model, catalogue, store, expected, passes
) -> None:
    before = predict_catalogue(model, catalogue, TWO_VIEWS, store=store)
    assert opened(catalogue, store) is None
    stop = threading.Event()
    options = PredictOptions(2, batch_size=2, stop=stop, progress=lambda *_: stop.set())
    predict_catalogue(model, catalogue, options, store=store, embeddings=True)
    assert not store.exists()
    check(opened(catalogue, store), [0, 1], expected)
    column = cached.open_columns(catalogue.table.index, cached.Tables("tiny", cached.files_of(store)))
    assert np.flatnonzero(np.isfinite(column(COLUMNS[0]))).tolist() == GOOD
    passes.clear()
    after = predict(model, catalogue, store)
    assert sum(passes) == 2 * (len(GOOD) - 2)
    check(opened(catalogue, store), GOOD, expected)
    np.testing.assert_allclose(after.fractions, before.fractions, atol=1e-6)


def test_a_kill_between_array_and_table_loses_nothing(model, catalogue, store, expected, passes, monkeypatch) -> None:
    really = Path.replace

    def killed(path, target):
        if target == store:
            raise KeyboardInterrupt
        return really(path, target)

    with monkeypatch.context() as during:
        during.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            predict(model, catalogue, store)
    (first,) = arrays(store)
    assert not store.exists()
    check(opened(catalogue, store), GOOD, expected)  # of the chunks
    passes.clear()
    predict(model, catalogue, store)
    assert not passes
    check(opened(catalogue, store), GOOD, expected)
    (second,) = arrays(store)
    assert first != second


@pytest.mark.parametrize("damage", ["missing", "cut short", "empty", "other rows", "other numbers", "other table"])
def test_embeddings_that_do_not_fit_their_table_are_made_again(
    model, catalogue, store, expected, passes, damage
) -> None:
    predict(model, catalogue, store)
    (array,) = arrays(store)
    content = {
        "cut short": array.read_bytes()[:-2],
        "empty": b"",
    }.get(damage)
    if content is not None:
        array.write_bytes(content)
    elif damage == "missing":
        array.unlink()
    elif damage == "other rows":
        np.save(array, np.load(array)[:-1])
    elif damage == "other numbers":
        np.save(array, np.load(array).astype(np.float32))
    else:
        array.rename(store.with_name(f"{store.name}.0123abcd.npy"))
    assert opened(catalogue, store) is None
    passes.clear()
    predict(model, catalogue, store)
    assert sum(passes) == 2 * len(GOOD)
    check(opened(catalogue, store), GOOD, expected)
    assert len(arrays(store)) == 1


def test_a_picture_that_is_restored_gets_its_embedding_and_the_others_keep_theirs(
    model, catalogue, folder, pictures, store, expected, passes
) -> None:
    predict(model, catalogue, store)
    Image.fromarray(pictures[3]).save(folder / "0003.png")
    passes.clear()
    predict(model, catalogue, store)
    assert sum(passes) == 2
    check(opened(catalogue, store), sorted([*GOOD, 3]), expected)
    assert len(arrays(store)) == 1


def test_forgotten_galaxies_and_the_parts_of_other_ranks_keep_rows_and_embeddings_together(
    model, catalogue, store, expected
) -> None:
    kept = PredictionStore(store, model.key(2), embeddings=True)
    batches = list(predict_pictures(model, sources_of(catalogue), TWO_VIEWS))
    kept.add(batches[3:], kept.begin_part(1))  # rank 1 is first
    kept.add(batches[:3], "000000-00000")
    kept.forget({"0001", "0007"})
    kept.add(batches[:1], kept.begin_part(0))  # 0000 is there twice
    rest = [n for n in GOOD if n != 7]
    check(opened(catalogue, store), rest, expected)
    kept.finish()
    check(opened(catalogue, store), rest, expected)


def test_a_galaxy_in_two_tables_has_the_embedding_of_the_newer(catalogue, tmp_path) -> None:
    for name, ids, value in (("one", catalogue.ids[:5], 1.0), ("two", catalogue.ids[3:7], 2.0)):
        kept = PredictionStore(tmp_path / f"{name}.parquet", "key", embeddings=True)
        count = len(ids)
        numbers = np.full((count, 3, len(COLUMNS)), 0.5, np.float32)
        embeddings = np.full((count, 8), value, np.float16)
        kept.add([Batch(ids, numbers[:, 0], numbers[:, 1:], {}, embeddings=embeddings)])
        kept.finish()
    found = opened(catalogue, tmp_path / "one.parquet", tmp_path / "two.parquet")
    assert found.rows.tolist() == list(range(7))
    assert found.vectors[:, 0].tolist() == [1, 1, 1, 2, 2, 2, 2]


def test_a_wide_network_keeps_its_dimensions(model, catalogue, store) -> None:
    arguments = {"widths": [8, 8, 8, 300]}
    network = networks.build("fcn", **arguments).eval().requires_grad_(False)
    wide = Model(network, replace(model.card, arguments=arguments))
    predict(wide, catalogue, store, ["0000", "0001"])
    found = opened(catalogue, store)
    assert found.vectors.shape == (2, 300)
    inputs = np.stack([wide.inputs(catalogue.picture(galaxy_id)) for galaxy_id in ("0000", "0001")])
    expected = predict_inputs(network, inputs, 2)[1].mean(axis=0)
    np.testing.assert_allclose(found.vectors, expected, rtol=1e-3, atol=1e-4)


def test_large_embeddings_stay_finite_and_a_chunk_of_two_sizes_is_refused() -> None:
    assert to_half(np.array([[1e6, -1e6, 0.1]], np.float32)).tolist()[0] == [65504, -65504, np.float16(0.1)]
    with pytest.raises(PredictionError, match="embeddings of 2 and of 3 numbers"):
        from_bytes([b"1234", b"123456"])
