"""The studies and the benchmark of similar galaxies run, whatever their figures."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_prediction import WIDTHS, write_tiny_weights
from tiny_training import in_one_thread

from galaxy_explorer.cli import main as galaxy_explorer
from galaxy_explorer.models import checkpoints
from galaxy_explorer.prediction.embeddings import table_writer, to_bytes
from galaxy_explorer.similarity import placement_of

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)


def test_the_search_is_compared_with_a_product_of_its_size(benchmark_named, tmp_path, capsys):
    np.save(tmp_path / "real.npy", np.random.default_rng(0).exponential(size=(50, 30)))
    flags = ["--galaxies", "500", "--repeats", "1"]
    for more in ([], ["--embeddings", str(tmp_path / "real.npy")]):
        benchmark_named("similarity").main([*flags, *more])
        printed = capsys.readouterr().out
        assert printed.startswith("500 galaxies, ")
        assert printed.count("wanted: ") == 2


def test_neighbours_are_compared_by_the_votes(benchmark_named, kaggle_folder, tmp_path, capsys):
    tables = {"--predictions": tmp_path / "predictions.parquet", "--embeddings": tmp_path / "embeddings.parquet"}
    flags = ["--weights", write_tiny_weights(tmp_path), "--views", "1", "--output", str(tables["--predictions"])]
    assert galaxy_explorer(["predict", str(kaggle_folder), *flags, "--embeddings", str(tables["--embeddings"])]) == 0
    capsys.readouterr()
    files = [str(value) for pair in tables.items() for value in pair]
    benchmark_named("studies/similarity").main(["--data", str(kaggle_folder), *files])
    printed = capsys.readouterr().out
    assert printed.startswith("3 validation galaxies, 17 candidates, 10 neighbours")
    distances = dict(re.findall(r"^\| (.+?) \| ([\d.]+) ±", printed, flags=re.MULTILINE))
    assert {"square roots, cosine (the app's)", "pixels", "colour and size", "chance"} <= distances.keys()
    votes = float(distances.pop("the volunteers' votes themselves"))
    assert all(votes <= float(distance) for distance in distances.values())  # none can be nearer


def test_a_placement_is_fitted_measured_and_written(benchmark_named, tmp_path, capsys):
    weights, random = Path(write_tiny_weights(tmp_path)), np.random.default_rng(0)
    key = checkpoints.load(weights).key()
    vectors = random.exponential(size=(160, WIDTHS[-1])).astype(np.float16)
    with table_writer(tmp_path / "embeddings.parquet", {}) as add:
        add(pd.Series(to_bytes(vectors), index=[f"{number:04}" for number in range(160)]))
    np.save(tmp_path / "layout.npy", 10 * random.normal(size=(140, 2)))  # instead of openTSNE, which need not be here
    files = ["--embeddings", str(tmp_path / "embeddings.parquet"), "--layout", str(tmp_path / "layout.npy")]
    benchmark_named("studies/placement").main(
        ["--update", str(weights), "--data", "sample", *files, "--held-out", "20", "--steps", "30"]
    )
    printed = capsys.readouterr().out
    assert len(re.findall(r"recall@10 \w+: [01]\.\d{4} ± ", printed)) == 4
    placed = placement_of(weights).place(vectors)
    assert placed.shape == (160, 2)
    assert (placed.min(axis=0) < 0.1).all()  # the map is filled
    assert (placed.max(axis=0) > 0.9).all()
    model = checkpoints.load(weights)
    assert model.key() == key
    assert model.placement["figures"].keys() >= {"galaxies", "placement", "tsne", "pca"}
