"""Predictions in the cache folder are found, joined and evicted without a network."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ends import around
from kept_predictions import keep_predictions

from galaxy_explorer.decision_tree import COLUMNS, INDEX
from galaxy_explorer.prediction import PredictionStore, cached
from galaxy_explorer.prediction.stream import Batch
from galaxy_explorer.storage import evict_prediction_tables


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint next to an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "one.pt"
    path.write_bytes(b"weights")
    return path


@pytest.mark.parametrize("finish", [True, False])
def test_tables_of_parts_are_joined_the_newer_over_the_older(sample, weights, finish) -> None:
    keep_predictions(sample, sample.ids[:5], 0.1, "one-a", weights)
    keep_predictions(sample, sample.ids[3:7], 0.3, "one-b", weights, finish=finish)
    folder = cached.folder()
    files = [folder / "one-a.parquet", *folder.glob("one-b.parquet*/*"), *folder.glob("one-b.parquet")]
    for time, path in enumerate(files):
        os.utime(path, (1e9 + time, 1e9 + time))
    (tables,) = cached.tables_of(sample)
    assert tables.network == "one"
    values = cached.open_columns(sample.table.index, tables)(COLUMNS[0])
    np.testing.assert_allclose(values, [0.1, 0.1, 0.1, 0.3, 0.3, 0.3, *[np.nan] * 3], rtol=1e-6)


def test_predictions_of_other_galaxies_or_older_weights_do_not_count(sample, weights, picture_folder) -> None:
    from galaxy_explorer.catalogue import open_catalogue

    keep_predictions(sample, sample.ids, 0.1, "one-a", weights)
    assert cached.tables_of(open_catalogue(picture_folder)) == []
    weights.write_bytes(b"trained again")
    assert cached.tables_of(sample) == []


@pytest.mark.parametrize("finish", [True, False])
def test_each_galaxy_gets_its_own_predictions_whatever_their_order(sample, weights, finish) -> None:
    ids = [sample.ids[number] for number in (4, 1, 7, 0)]
    fractions = np.random.default_rng(0).random((4, len(COLUMNS))).astype(np.float32)
    store = PredictionStore(cached.folder() / "one.parquet", "key")
    cached.write_manifest(store.path, sample, "one", weights)
    for start in (0, 2):
        there = slice(start, start + 2)
        store.add(
            [Batch(ids[there], fractions[there], around(fractions[there], 0.1), {sample.ids[2 + start]: "damaged"})]
        )
    if finish:
        store.finish()
    (tables,) = cached.tables_of(sample)
    column = cached.open_columns(pd.Index(ids[::-1]), tables, [*COLUMNS, "Class11.6_upper"])
    np.testing.assert_array_equal(np.stack([column(name) for name in COLUMNS], axis=1), fractions[::-1])
    np.testing.assert_array_equal(column("Class11.6_upper"), (fractions[::-1, -1] + np.float32(0.1)).clip(0, 1))
    assert np.flatnonzero(np.isfinite(cached.open_columns(sample.table.index, tables)("Class4.1"))).tolist() == [
        0,
        1,
        4,
        7,
    ]


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"pictures": 1, "network": 2, "weights": []})])
def test_a_damaged_manifest_or_table_is_ignored(sample, weights, content) -> None:
    keep_predictions(sample, sample.ids, 0.1, "one-a", weights)
    (cached.folder() / "damaged.json").write_text(content)
    broken = cached.folder() / "one-b.parquet"
    cached.write_manifest(broken, sample, "one", weights)
    broken.write_bytes(b"no table")
    (tables,) = cached.tables_of(sample)
    column = cached.open_columns(sample.table.index, tables)
    assert [np.isfinite(column(name)).sum() for name in COLUMNS] == [8] * len(COLUMNS)


def test_the_difference_is_over_what_both_know(sample) -> None:
    one = np.full((4, len(COLUMNS)), 0.5, dtype=np.float32)
    other = one + np.float32(0.1)
    one[0], other[1], other[2, 5:] = np.nan, np.nan, np.nan
    apart = cached.rms_difference(*(lambda name, side=side: side[:, INDEX[name]] for side in (one, other)))
    np.testing.assert_allclose(apart, [np.nan, np.nan, 0.1, 0.1], rtol=1e-5)


def test_all_that_belongs_to_the_oldest_tables_is_evicted(sample, weights, tmp_path) -> None:
    for name in ("one-a", "one-b", "one-c"):
        path = keep_predictions(sample, sample.ids, 0.1, name, weights, finish=name != "one-b")
        age = {"one-a": 1e9, "one-b": 2e9, "one-c": 3e9}[name]
        for part in (*path.parent.glob(f"{name}.*"), *path.parent.glob(f"{name}.*/*")):
            os.utime(part, (age, age))
    (path.parent / ".one-a.parquet.partial.123").mkdir()
    os.utime(path.parent / ".one-a.parquet.partial.123", (1e9, 1e9))
    evict_prediction_tables(path.parent, 1)
    left = sorted(part.name for part in path.parent.iterdir())
    assert left == ["one-c.json", "one-c.parquet", "one-c.parquet.failed.csv"]
    assert len(pd.read_parquet(path)) == 8


def test_the_bytes_of_tables_are_bounded_and_embeddings_are_evicted_with_their_table(tmp_path) -> None:
    for age, name in enumerate(["newest", "growing", "oldest", "resumed"]):
        (tmp_path / f"{name}.json").write_bytes(b"{}")
        (tmp_path / f"{name}.parquet.partial").mkdir()
        table = f"{name}.parquet.partial/1.parquet" if name == "growing" else f"{name}.parquet"
        (tmp_path / table).write_bytes(bytes(100))
        (tmp_path / f"{name}.parquet.0123abcd.npy").write_bytes(bytes(400))
        for part in tmp_path.glob(f"{name}.*"):
            os.utime(part, (1e9 - age, 1e9 - age))
    evict_prediction_tables(tmp_path, 9, {tmp_path / "resumed.parquet"}, max_bytes=1010)
    assert {path.name.partition(".")[0] for path in tmp_path.iterdir()} == {"newest", "growing", "resumed"}
    evict_prediction_tables(tmp_path, 9, max_bytes=600)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("newest.json", "newest.parquet", "newest.parquet.0123abcd.npy", "newest.parquet.partial")
    ]


def test_a_chunk_that_is_deleted_while_tables_are_measured_is_no_obstacle(tmp_path) -> None:
    folder = tmp_path / "growing.parquet.partial"
    folder.mkdir()
    (folder / "1.parquet").symlink_to(tmp_path / "deleted")  # listed, and not there
    (tmp_path / "other.parquet").write_bytes(bytes(100))
    evict_prediction_tables(tmp_path, 0)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_predictions_of_pictures_that_were_replaced_do_not_count(picture_folder, weights) -> None:
    from galaxy_explorer.catalogue import open_catalogue

    before = open_catalogue(picture_folder)
    keep_predictions(before, before.ids, 0.1, "one-a", weights)
    assert len(cached.tables_of(before)) == 1
    (picture_folder / "field.json").write_text('{"centre": 288, "of": 424}')
    assert cached.tables_of(open_catalogue(picture_folder)) == []


@pytest.mark.parametrize("finish", [True, False])
def test_failures_are_read_with_their_reasons(sample, weights, finish) -> None:
    keep_predictions(sample, sample.ids[:5], 0.1, "one-a", weights, finish=finish)
    (tables,) = cached.tables_of(sample)
    assert cached.failures_of(tables) == {sample.ids[4]: "damaged"}
