"""``predict --embeddings``: a table of ids and embeddings next to the predictions."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tiny_prediction import WIDTHS, interrupt_after_a_batch

from galaxy_explorer.prediction import read_about, read_fractions


@pytest.fixture
def files(tmp_path):
    """The paths of the predictions and of the embeddings."""
    return tmp_path / "scores.csv", tmp_path / "embeddings.parquet"


def embeddings(path):
    """The embeddings in a file, (N, D), by id."""
    table = pd.read_parquet(path)
    assert table.columns.tolist() == ["GalaxyID", "embedding"]
    return pd.DataFrame(np.stack(table["embedding"]), table["GalaxyID"])


def test_embeddings_are_written_with_their_galaxies_and_their_origin(run, galaxies, files) -> None:
    (galaxies / "0002.png").write_text("no picture")
    output, file = files
    assert run("predict", galaxies, "--output", output, "--embeddings", file) == 1
    found = embeddings(file)
    assert found.shape == (5, WIDTHS[-1])
    assert found.to_numpy().dtype == np.float32
    assert found.index.tolist() == read_fractions(output).index.tolist()
    about = read_about(file)
    assert (about["network"][:5], about["views"], about["crop"]) == ("tiny-", "2", "auto")
    assert about["prediction_key"] == read_about(output)["prediction_key"]
    assert about["embedding"] == "mean over the TTA views of the means of the network's last maps"
    assert str(pq.read_schema(file).field("embedding").type) == f"fixed_size_list<element: float>[{WIDTHS[-1]}]"
    assert sorted(path.name for path in output.parent.iterdir()) == [
        *("embeddings.parquet", "galaxies", "scores.csv", "scores.csv.failed.csv", "scores.csv.json")
    ]


@pytest.mark.parametrize("from_the_start", [True, False])
def test_an_interrupted_run_is_resumed_with_all_embeddings(
    run, galaxies, files, tmp_path, monkeypatch, capsys, from_the_start
) -> None:
    output, file = files
    interrupt_after_a_batch(monkeypatch)
    begun = ("predict", galaxies, "--output", output, "--batch-size", 2)
    with_embeddings = (*begun, "--embeddings", file)
    assert run(*(with_embeddings if from_the_start else begun)) == 130
    assert not file.exists()
    assert run(*with_embeddings, "--resume") == 0
    assert ("without embeddings is predicted again" in capsys.readouterr().err) != from_the_start
    whole = tmp_path / "whole.parquet"
    assert run("predict", galaxies, "--output", tmp_path / "whole.csv", "--embeddings", whole) == 0
    pd.testing.assert_frame_equal(embeddings(file), embeddings(whole), atol=1e-3)
    assert run(*with_embeddings, "--resume") == 0
    assert "is finished already" in capsys.readouterr().out
    file.unlink()
    assert run(*with_embeddings, "--resume") == 2
    assert "embeddings.parquet does not hold the embeddings of its galaxies; leave out" in capsys.readouterr().err


def test_a_file_that_cannot_hold_embeddings_is_refused(run, galaxies, files, capsys) -> None:
    output, file = files
    for named, reason in (
        (output.with_name("embeddings.csv"), "embeddings are written as Parquet; name a file that ends in .parquet"),
        (output.with_name("none") / file.name, "create it, or name another --embeddings"),
    ):
        assert run("predict", galaxies, "--output", output, "--embeddings", named) == 2
        assert reason in capsys.readouterr().err
    assert run("predict", galaxies, "--output", file, "--embeddings", file) == 2
    assert "are both" in capsys.readouterr().err
    assert not output.exists()
