"""``classify``: scores of images by a saved class."""

import json

import numpy as np
import pandas as pd
import pytest
from tiny_prediction import WIDTHS, interrupt_after_a_batch, write_tiny_weights

from galaxy_explorer.cli import main
from galaxy_explorer.commands import classify
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction import read_about, read_fractions
from galaxy_explorer.similarity.class_files import SavedClass
from galaxy_explorer.similarity.classifier import Classifier


@pytest.fixture
def run(weights, one_thread):
    """Run a command with the tiny network; return its exit status."""

    def command(name, *arguments):
        views = ["--tta-views", "2"] if name == "predict" else []  # a class has its own
        return main([name, *map(str, arguments), "--weights", weights, *views])

    return command


@pytest.fixture
def class_file(weights, tmp_path):
    """A class file of the tiny network, with two TTA views."""
    rng = np.random.default_rng(0)
    model = Classifier(rng.normal(size=WIDTHS[-1] + len(COLUMNS)).astype(np.float32), 0.1, WIDTHS[-1])
    path = tmp_path / "rings.class.json"
    path.write_bytes(SavedClass("rings", "tiny", load(weights).fingerprint, 2, model).to_bytes())
    return path


def scores(path):
    """The scores of a CSV table, by id."""
    return pd.read_csv(path, dtype={"GalaxyID": str}).set_index("GalaxyID")["class_score"]


def expected(class_file, run, galaxies, tmp_path):
    """The scores computed from what ``predict`` writes."""
    output, file = tmp_path / "expected.csv", tmp_path / "expected.parquet"
    run("predict", galaxies, "--output", output, "--embeddings", file)
    fractions, table = read_fractions(output), pd.read_parquet(file)
    content = json.loads(class_file.read_bytes())
    model = Classifier(np.array(content["weights"], np.float32), content["bias"], WIDTHS[-1])
    found = model.scores(np.stack(table["embedding"]), fractions.loc[table["GalaxyID"]].to_numpy())
    return pd.Series(found, table["GalaxyID"].to_numpy())


def test_the_scores_are_those_of_the_class_and_failures_are_listed(run, galaxies, class_file, tmp_path, capsys):
    (galaxies / "0002.png").write_text("no picture")
    output = tmp_path / "scores.csv"
    assert run("classify", class_file, galaxies, "--output", output) == 1
    said = capsys.readouterr()
    assert "5 of 6 galaxies are in" in said.out
    assert "of “rings” of at least 0.5" in said.out
    assert "galaxy 0002 failed" in said.err
    found = scores(output)
    assert found.index.tolist() == ["0001", "0003", "0004", "0005", "0006"]
    wanted = expected(class_file, run, galaxies, tmp_path)
    np.testing.assert_allclose(found, wanted.loc[found.index], atol=2e-3)  # embeddings are stored as float16
    about = json.loads(output.with_name("scores.csv.json").read_text())
    assert (about["class"], about["views"], about["crop"]) == ("rings", 2, "auto")
    assert {"scores.csv", "scores.csv.json", "scores.csv.failed.csv"} == {
        path.name for path in tmp_path.iterdir() if "scores" in path.name and not path.name.endswith(".lock")
    }
    assert read_fractions(output).shape == (5, len(COLUMNS))  # as any table of predictions


@pytest.mark.parametrize("ending", [".parquet", ".fits", ".ecsv"])
def test_every_format_holds_scores_and_origin(run, galaxies, class_file, tmp_path, ending):
    output = tmp_path / f"scores{ending}"
    assert run("classify", class_file, galaxies, "--output", output) == 0
    about = read_about(output)
    assert about["class"] == "rings"
    assert len(about["class_sha256"]) == 64
    assert len(read_fractions(output)) == 6


def test_an_interrupted_run_is_resumed(run, galaxies, class_file, tmp_path, monkeypatch, capsys):
    output = tmp_path / "scores.csv"
    command = ("classify", class_file, galaxies, "--output", output, "--batch-size", 2)
    interrupt_after_a_batch(monkeypatch)
    assert run(*command) == 130
    assert not output.exists()
    assert run(*command) == 2
    assert "add --resume" in capsys.readouterr().err
    assert run(*command, "--resume") == 0
    assert len(scores(output)) == 6
    assert run(*command, "--resume") == 0
    assert "is finished already" in capsys.readouterr().out
    (galaxies / "0007.png").write_bytes((galaxies / "0001.png").read_bytes())
    assert run(*command, "--resume") == 2
    assert "without 1 of the galaxies, the first of them 0007" in capsys.readouterr().err
    class_file.write_bytes(class_file.read_bytes() + b"\n")
    assert run(*command, "--resume") == 2
    assert "not with this class file" in capsys.readouterr().err


def test_what_cannot_be_classified_has_a_reason(run, galaxies, class_file, tmp_path, capsys):
    output = tmp_path / "scores.csv"
    content = json.loads(class_file.read_bytes())
    class_file.write_text(json.dumps(content | {"network_fingerprint": "f" * 64}))
    assert run("classify", class_file, galaxies, "--output", output) == 2
    assert "learned with other weights of the network tiny" in capsys.readouterr().err
    class_file.write_text("{}")
    assert run("classify", class_file, galaxies, "--output", output) == 2
    assert "is not a class file" in capsys.readouterr().err
    assert run("classify", tmp_path / "none.json", galaxies, "--output", output) == 2
    assert not output.exists()


def test_without_a_readable_picture_no_table_is_written(run, galaxies, class_file, tmp_path, capsys):
    for picture in galaxies.iterdir():
        picture.write_text("no picture")
    output = tmp_path / "scores.csv"
    assert run("classify", class_file, galaxies, "--output", output) == 2
    assert "no galaxy could be predicted" in capsys.readouterr().err
    assert not output.exists()
    assert len(pd.read_csv(output.with_name("scores.csv.failed.csv"))) == 6


def test_a_run_that_was_killed_while_it_wrote_the_scores_is_resumed(
    run, galaxies, class_file, tmp_path, monkeypatch, capsys
):
    output = tmp_path / "scores.csv"
    with monkeypatch.context() as killed:
        killed.setattr(classify, "write_table", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run("classify", class_file, galaxies, "--output", output) == 130
    (galaxies / "0001.png").unlink()
    assert run("classify", class_file, galaxies, "--output", output, "--resume") == 2
    assert "not in the given paths, one of them 0001" in capsys.readouterr().err
    (galaxies / "0001.png").write_bytes((galaxies / "0003.png").read_bytes())
    assert run("classify", class_file, galaxies, "--output", output, "--resume") == 0
    assert len(scores(output)) == 6


def test_a_class_outlives_another_interval_model_and_ood_reference(run, galaxies, class_file, tmp_path):
    weights = write_tiny_weights(tmp_path, interval_models={}, ood_reference=None)
    output = tmp_path / "scores.csv"
    assert main([*map(str, ("classify", class_file, galaxies, "--weights", weights, "--output", output))]) == 0
    assert len(scores(output)) == 6
    assert not {"ood_score", "out_of_distribution"} & {*pd.read_csv(output).columns}  # not False: unknown
