"""The benchmarks run and print their figures, whatever these are on a busy machine."""

import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tiny_prediction import write_tiny_weights
from tiny_training import TINY_FLAGS, in_one_thread

from galaxy_explorer.cli import main as galaxy_explorer
from galaxy_explorer.training import cli

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)


def test_prediction_prints_its_ratios(benchmark_named, tmp_path, capsys):
    flags = ["--pictures", "9", "--memory-pictures", "40", "--repeats", "1", "--device", "cpu"]
    benchmark_named("prediction").main(["--weights", write_tiny_weights(tmp_path), *flags])
    printed = capsys.readouterr().out
    assert printed.count("wanted: ") == (4 if sys.platform == "linux" else 3)
    assert "predict against the slower of the two" in printed
    assert "with embeddings against without, as time" in printed


def test_opening_a_catalogue_prints_its_figures(benchmark_named, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", "")  # the benchmark sets its own
    benchmark_named("catalogue").main(["--galaxies", "30", "--folder", str(tmp_path)])
    printed = capsys.readouterr().out
    assert printed.startswith("30 galaxies, ")
    assert printed.count("wanted: ") == (3 if sys.platform == "linux" else 2)


def test_training_prints_its_ratios(benchmark_named, capsys):
    recipe = ["--model", "fcn", "--size", "32", "--widths", "8", "8", "8", "--batch-size", "8", "--hold-out", "2"]
    benchmark_named("training").main(["--galaxies", "18", "--repeats", "1", "--device", "cpu", *recipe])
    printed = capsys.readouterr().out
    assert printed.count("wanted: ") == 2
    assert "16 galaxies" in printed
    assert printed.count("s per epoch") == 4
    assert "reading alone" in printed


def test_shares_prints_the_check_of_each_group(benchmark_named, tmp_path, sample, capsys):
    table = tmp_path / "predictions.parquet"
    weights = write_tiny_weights(tmp_path)
    flags = ["--weights", weights, "--views", "1", "--output", str(table)]
    assert galaxy_explorer(["predict", str(sample.root), *flags]) == 0
    capsys.readouterr()
    benchmark_named("studies/shares").main(
        ["--data", "sample", "--predictions", str(table), "--weights", weights, "--views", "1"]
    )
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("all", "mass 0.1 to 0.3", "below upper, %"))
    row = next(line.split() for line in printed.splitlines() if line.startswith("question 1 "))
    assert 0 < int(row[2]) <= 3 * len(sample)


def test_saliency_prints_the_losses_of_the_deletion_test(benchmark_named, tmp_path, capsys):
    benchmark_named("studies/saliency").main(["--weights", write_tiny_weights(tmp_path), "--galaxies", "3"])
    printed = capsys.readouterr().out
    assert "Grad-CAM, 3 galaxies" in printed
    assert printed.splitlines()[-2].split()[0] == "all"


def test_saliency_is_judged_by_the_components_of_simulated_galaxies(benchmark_named, tmp_path, capsys):
    truth = benchmark_named("studies/saliency_truth")
    mask = np.zeros((60, 60), bool)
    mask[10:20, 10:20] = True
    assert truth.judge(mask.astype(float), mask) == {"pointing": 1, "energy": 1, "overlap": 1}
    assert truth.judge(mask[::-1].astype(float), mask) == {"pointing": 0, "energy": 0, "overlap": 0}
    assert truth.judge(np.zeros((60, 60)), mask)["pointing"] == 0  # an empty map
    flags = ["--work", str(tmp_path / "maps.csv"), "--weights", write_tiny_weights(tmp_path), "--count", "6"]
    truth.main([*flags, "--methods", "Grad-CAM"])
    written = (tmp_path / "maps.csv").read_text()
    truth.main([*flags, "--methods", "Grad-CAM"])
    assert (tmp_path / "maps.csv").read_text() == written  # nothing is computed twice
    assert "(brightness)" in capsys.readouterr().out


def test_the_page_of_behaviour_names_the_failures(benchmark_named, tmp_path):
    behaviour = benchmark_named("studies/behaviour")
    rows = [
        {"curve": curve.title, "value": value, "who": who, "galaxy": 0, "figure": 0.5}
        for curve in behaviour.curves()
        for value in curve.values
        for who in ("blind", behaviour.VOLUNTEERS)
    ]
    page = tmp_path / "page.md"
    behaviour.write_page(page, pd.DataFrame(rows), {"blind": SimpleNamespace(fingerprint="12345678")}, None)
    text = page.read_text()
    assert "1 of 17 curves are as expected" in text  # the position angle should change nothing
    assert "**Inclination and edge-on**, `blind`: rises by 0.00; at least 0.60 is expected" in text
    assert (tmp_path / "page.svg").read_text().count("<path") == 17 * 2 + 2


def test_recipes_are_compared_galaxy_by_galaxy(benchmark_named):
    recipes = benchmark_named("studies/recipes")
    random = np.random.default_rng(0)
    baseline = random.gamma(2.0, 0.004, 800)
    errors = {"as it is": baseline, "worse": baseline * 1.1, "unlike": random.gamma(2.0, 0.004, 800)}
    compared = recipes.compare(errors, np.ones(800))
    assert compared.loc["as it is", ["difference", "error"]].tolist() == [0, 0]
    assert compared.loc["worse", "difference"] == pytest.approx(compared.loc["as it is", "rmse"] * (1.1**0.5 - 1))
    assert compared.loc["worse", "error"] < compared.loc["unlike", "error"] / 10  # the same galaxies are hard
    halved = recipes.compare(errors, np.repeat([1.0, 0.0], 400))
    assert halved.loc["as it is", "rmse"] == pytest.approx(baseline[:400].mean() ** 0.5)


@pytest.fixture
def recipes(benchmark_named, monkeypatch):
    """The benchmark of recipes, which trains in this process instead of in others."""
    module = benchmark_named("studies/recipes")

    def run_here(command, check, **_):
        module.trained.append(command)
        done = subprocess.CompletedProcess(command, cli.main(command[2:]))
        if check:
            done.check_returncode()
        return done

    module.trained = []
    monkeypatch.setattr(module.subprocess, "run", run_here)
    return module


@pytest.fixture
def recipe_flags(kaggle_folder, tmp_path):
    """A function that gives the flags of two tiny runs, with what is common to both."""
    common = ["--cache", str(tmp_path / "cache"), "--device", "cpu", *TINY_FLAGS, "--epochs", "1"]

    def flags(*more, data=kaggle_folder):
        work = str(tmp_path / "runs")
        return ["--data", str(data), "--work", work, "--only", "no dropout", "--", *common, *more]

    return flags


def test_recipes_trains_each_change_once_and_writes_a_table(recipes, recipe_flags, kaggle_folder, tmp_path, capsys):
    recipes.main(recipe_flags())
    printed = capsys.readouterr().out
    assert "| no dropout | `--drop-rate 0` | 0." in printed
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["as-it-is", "no-dropout"]
    recipes.main(recipe_flags("--cache", str(tmp_path / "elsewhere")))
    assert capsys.readouterr().out == printed[printed.index("| change |") :]
    assert len(recipes.trained) == 2
    shutil.copytree(kaggle_folder, tmp_path / "copy")
    with pytest.raises(SystemExit, match=r"“as it is” is already in .*as-it-is, with other flags \(data .*use an"):
        recipes.main(recipe_flags(data=tmp_path / "copy"))
    with pytest.raises(SystemExit, match=r"with other flags \(learning_rate 0\.002 there, 0\.1 here\)"):
        recipes.main(recipe_flags("--learning-rate", "0.1"))
    with pytest.raises(SystemExit, match=r"\(teacher \[\] there, \['fcn'\] here\)"):
        recipes.main(recipe_flags("--teacher", "fcn"))
    recipes.main(recipe_flags("--growth-rate", "8"))  # of the other network
    assert len(recipes.trained) == 2


def test_recipes_goes_on_without_a_picture_that_cannot_be_read(recipes, recipe_flags, kaggle_folder, capsys):
    (kaggle_folder / "images_training_rev1" / "200009.jpg").write_text("no picture")
    recipes.main(recipe_flags())
    said = capsys.readouterr()
    assert "| no dropout |" in said.out
    assert said.err.count("skipped: galaxy 200009") == 2


def test_recipes_names_a_run_that_failed(recipes, recipe_flags):
    with pytest.raises(SystemExit, match=r"“as it is” failed with exit status 2; .*as-it-is/output\.txt"):
        recipes.main(recipe_flags("--hold-out", "9999"))


@pytest.fixture
def survey_made_here(monkeypatch):
    """The catalogue of survey size is made in this process, which has torch already."""
    monkeypatch.setattr(subprocess, "run", lambda command, check: sys.modules["make_survey"].main(command[2:]))


@pytest.mark.parametrize(
    ("name", "count", "wanted", "others"),
    [("browse", 300, 16, {"the complete page": 6}), ("compare", 1200, 5, {"all numbers as": 2})],
)
def test_a_page_at_survey_scale_prints_its_figures(
    benchmark_named, survey_made_here, name, count, wanted, others, capsys
):
    benchmark_named(name).main(["--galaxies", str(count)])
    printed = capsys.readouterr().out
    assert f"{count:,} galaxies, opened in" in printed
    for words, times in ({"wanted: ": wanted} | others).items():
        assert printed.count(words) == times


def test_the_map_prints_what_the_server_sends(benchmark_named, capsys):
    benchmark = benchmark_named("map")
    points, key = benchmark.measure_server(*benchmark.clusters(2000))
    assert key.encode() in points
    assert capsys.readouterr().out.count("(wanted: below") == 2
