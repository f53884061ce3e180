"""Tests of ``evaluate``: what it measures, and its messages when it cannot."""

import json

import numpy as np
import pandas as pd
import pytest
from tiny_prediction import tiny_card, tiny_network

from galaxy_explorer.catalogue import open_catalogue, read_ids
from galaxy_explorer.cli import main
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS
from galaxy_explorer.evaluation.metrics import score
from galaxy_explorer.images import Finding, Square, cut_square
from galaxy_explorer.models import Model, checkpoints
from galaxy_explorer.prediction import as_bytes, predict, provenance
from galaxy_explorer.training.distillation.leakage import training_fingerprint


def test_evaluate_gives_the_score_of_the_validation_galaxies(run, kaggle_folder, weights, capsys):
    assert run("evaluate", kaggle_folder, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    catalogue = open_catalogue(kaggle_folder)
    chosen = catalogue.subset(read_ids(kaggle_folder / "validation.txt"))
    others = catalogue.subset([galaxy_id for galaxy_id in catalogue.ids if galaxy_id not in chosen])
    predicted, _ = predict(
        checkpoints.load(weights), [chosen.picture(galaxy_id) for galaxy_id in chosen.ids], tta_views=2
    )
    mean = np.nanmean(others.volunteer_fractions.astype(float), axis=0)
    expected = score(predicted, chosen.volunteer_fractions, mean)
    assert found.items() >= {"galaxies": 3, "weights": weights, "views": 2, "data": str(kaggle_folder)}.items()
    assert found["rmse"] == pytest.approx(expected.rmse, abs=1e-7)
    assert found["mean_rmse"] == pytest.approx(expected.mean_rmse, abs=1e-12)
    by_question = {str(number): rmse for number, rmse in expected.rmse_by_question.items()}
    assert found["rmse_by_question"] == pytest.approx(by_question, abs=1e-6)


def test_evaluate_prints_every_question_next_to_the_training_mean(run, kaggle_folder, capsys):
    assert run("evaluate", kaggle_folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["RMSE", "over", "3", "galaxies", "network", "±", "s.e.", "training", "mean"]
    assert lines[1].startswith("all answers")
    for question, line in zip(QUESTIONS, lines[2:13], strict=True):
        assert question.text in line
        rmse, error, mean_rmse = (float(number) for number in line.replace("±", "").split()[-3:])
        assert 0 < error < rmse < 1
        assert 0 < mean_rmse < 1


def test_evaluate_prints_bias_counts_precision_and_recall_of_every_answer(run, kaggle_folder, capsys):
    assert run("evaluate", kaggle_folder, "--all") == 0
    printed = capsys.readouterr().out
    assert run("evaluate", kaggle_folder, "--all", "--json") == 0
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert list(answers) == list(COLUMNS)
    for column, row in answers.items():
        line = next(line for line in printed.splitlines() if line.startswith(f"{column} "))
        shown = [f"{row['difference']:+.5f}", *(str(row[f"{name}_0.5"]) for name in ("predicted", "voted"))]
        assert set(shown) <= set(line.split())
    assert answers["Class1.1"]["galaxies"] == 14
    assert answers["Class4.1"]["galaxies"] == 12  # two have partial scores
    assert sum(answers[name]["voted_0.5"] for name in ("Class6.1", "Class6.2")) == 14


def test_evaluate_counts_scores_and_pictures_without_a_match(run, kaggle_folder, capsys):
    table = kaggle_folder / "training_solutions_rev1.csv"
    table.write_text(table.read_text().replace("\n200001,", "\n'200001,"))  # as Excel marks text
    assert run("evaluate", kaggle_folder, "--all") == 0
    captured = capsys.readouterr()
    assert "RMSE over 13 galaxies" in captured.out
    assert "scores without a picture: 1; pictures without scores: 4" in captured.err


def test_evaluate_names_a_table_that_may_have_been_meant(run, galaxies, capsys):
    (galaxies / "scores.csv.txt").write_text("GalaxyID,Class1.1\n0001,1\n")
    assert run("evaluate", galaxies) == 2
    message = capsys.readouterr().err
    assert "holds no scores.csv" in message
    assert "Tables that are not read: scores.csv.txt. If one holds votes, save it as scores.csv" in message


def test_evaluate_takes_other_galaxies_when_asked_to(run, kaggle_folder, tmp_path, capsys):
    assert run("evaluate", kaggle_folder, "--all", "--json") == 0
    everything = json.loads(capsys.readouterr().out)
    assert everything["galaxies"] == 14
    assert everything["mean_rmse"] is not None  # of the mean on the card: no galaxy is left
    (tmp_path / "some.txt").write_text("200004\n200005\n300001\n")
    assert run("evaluate", kaggle_folder, "--ids", tmp_path / "some.txt", "--json") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["galaxies"] == 2
    assert "without scores of volunteers: 1 of the 3 galaxies" in captured.err


def test_evaluate_measures_a_table_that_predict_wrote(run, kaggle_folder, tmp_path, capsys):
    table, wanted = tmp_path / "scores.csv", kaggle_folder / "validation.txt"
    assert run("predict", kaggle_folder, "--ids", wanted, "--output", table) == 0
    assert run("evaluate", kaggle_folder) == 0
    printed = capsys.readouterr().out
    assert main(["evaluate", str(kaggle_folder), "--predictions", str(table)]) == 0
    assert capsys.readouterr().out in printed
    assert main(["evaluate", str(kaggle_folder), "--predictions", str(table), "--all"]) == 0
    captured = capsys.readouterr()
    assert "RMSE over 3 galaxies" in captured.out
    assert f"11 of the 14 galaxies to evaluate are not in {table}" in captured.err
    assert "failed" not in captured.err
    assert "unknown" not in captured.out.partition("network minus votes")[0]  # of the 11 others there is a mean


def test_evaluate_of_a_table_without_validation_galaxies_measures_those_that_are_there(
    run, kaggle_folder, tmp_path, capsys
):
    (tmp_path / "ids.txt").write_text("200006\n200007\n")
    assert run("predict", kaggle_folder, "--ids", tmp_path / "ids.txt", "--output", tmp_path / "p.csv") == 0
    assert main(["evaluate", str(kaggle_folder), "--predictions", str(tmp_path / "p.csv")]) == 0
    captured = capsys.readouterr()
    assert "RMSE over 2 galaxies" in captured.out
    assert "p.csv holds none of the 3 galaxies of validation.txt" in captured.err
    assert "as with --all" in captured.err
    assert "12 of the 14 galaxies to evaluate are not in" in captured.err


def test_evaluate_of_galaxies_without_scores_names_the_options_that_choose(run, kaggle_folder, capsys):
    (kaggle_folder / "validation.txt").write_text("300001\nnone\n")
    assert run("evaluate", kaggle_folder) == 2
    assert "none of the 2 to evaluate; add --all" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ending", "origin"),
    [*((ending, "sha256") for ending in (".csv", ".parquet", ".fits", ".ecsv")), (".csv", "key"), (".fits", "nothing")],
)
def test_evaluate_finds_the_training_galaxies_of_the_network_that_made_a_table(
    kaggle_folder, tmp_path, capsys, ending, origin
):
    card = tiny_card(training_fingerprint=training_fingerprint(["200002", "200003", "200004"]))
    checkpoints.save(tmp_path / "own.pt", Model(tiny_network(), card))
    about = provenance(tmp_path / "own.pt", checkpoints.load(tmp_path / "own.pt"), 3)
    kept = {"sha256": ("weights_sha256",), "key": ("prediction_key",), "nothing": ()}[origin]
    rows = pd.DataFrame(0.5, pd.Index(open_catalogue(kaggle_folder).ids, name="GalaxyID"), list(COLUMNS), np.float32)
    table, about = tmp_path / f"p{ending}", {name: about[name] for name in kept}
    table.write_bytes(as_bytes(rows, ending, about))
    if ending == ".csv":
        (tmp_path / "p.csv.json").write_text(json.dumps(about))
    command = ["evaluate", str(kaggle_folder), "--predictions", str(table)]
    assert main(command) == 0  # the network is not a bundled one
    assert "unknown whether the network was trained on these galaxies" in capsys.readouterr().err
    assert main([*command, "--weights", str(tmp_path / "own.pt"), "--json"]) == 0
    captured = capsys.readouterr()
    known = origin != "nothing"
    assert ("own was trained on 2 of the 3 galaxies" in captured.err) == known
    assert json.loads(captured.out)["trained_on"] == (2 if known else None)


def test_evaluate_finds_a_bundled_network_by_its_table(run, kaggle_folder, tmp_path, capsys):
    rows = pd.DataFrame(0.5, pd.Index(["200001"], name="GalaxyID"), list(COLUMNS), np.float32)
    about = {"prediction_key": checkpoints.load("fcn").key(2)}  # all that a table of an earlier version has
    (tmp_path / "p.parquet").write_bytes(as_bytes(rows, ".parquet", about))
    assert main(["evaluate", str(kaggle_folder), "--predictions", str(tmp_path / "p.parquet")]) == 0
    captured = capsys.readouterr()
    assert "fcn was trained on none of the 1 galaxies" in captured.err
    assert "± unknown" in captured.out  # one galaxy has no standard error


def test_evaluate_names_columns_that_are_not_read(run, kaggle_folder, capsys):
    table = kaggle_folder / "training_solutions_rev1.csv"
    table.write_text(table.read_text().replace("Class1.1", "smooth").replace("Class2.1", " Class2.1 "))
    assert run("evaluate", kaggle_folder, "--all", "--json") == 0
    captured = capsys.readouterr()
    assert "Columns of the score table that are not read: 1 (smooth)." in captured.err
    answers = json.loads(captured.out)["answers"]
    assert (answers["Class1.1"]["galaxies"], answers["Class2.1"]["galaxies"]) == (2, 14)


def test_evaluate_counts_skipped_files_by_ending(run, kaggle_folder, capsys):
    (kaggle_folder / "images_training_rev1" / "notes.docx").touch()
    assert run("evaluate", kaggle_folder) == 0
    assert "Files that are not pictures by their names: 1 (.docx: 1)." in capsys.readouterr().err


@pytest.mark.parametrize("address", ["s3://bucket/galaxies", "https://example.org/a.zip"])
def test_evaluate_of_an_address_is_an_error_that_repeats_it(run, capsys, address):
    assert run("evaluate", address) == 2
    assert f"{address} is an address; download it" in capsys.readouterr().err


def test_evaluate_takes_no_mean_over_fewer_galaxies_than_it_evaluates(run, kaggle_folder, tmp_path, capsys):
    (tmp_path / "most.txt").write_text("\n".join(open_catalogue(kaggle_folder).ids[:-4]))
    run("evaluate", kaggle_folder, "--ids", tmp_path / "most.txt", "--json")
    by_the_card = json.loads(capsys.readouterr().out)["mean_rmse"]
    table = tmp_path / "scores.csv"
    assert run("predict", kaggle_folder, "--output", table) == 0
    capsys.readouterr()
    main(["evaluate", str(kaggle_folder), "--ids", str(tmp_path / "most.txt"), "--predictions", str(table), "--json"])
    assert by_the_card is not None
    assert json.loads(capsys.readouterr().out)["mean_rmse"] is None


def test_evaluate_reports_how_many_galaxies_the_network_was_trained_on(kaggle_folder, tmp_path, capsys):
    fingerprint = training_fingerprint(["200002", "200003", "200004"])
    card = tiny_card(training_mean=[0.3] * len(COLUMNS), training_fingerprint=fingerprint)
    checkpoints.save(tmp_path / "knowing.pt", Model(tiny_network(), card))
    assert main(["evaluate", str(kaggle_folder), "--weights", str(tmp_path / "knowing.pt"), "--views", "1"]) == 0
    assert "trained on 2 of the 3 galaxies" in capsys.readouterr().err


def test_evaluate_leaves_out_a_galaxy_without_a_number(run, kaggle_folder, tmp_path, capsys):
    table = tmp_path / "scores.csv"
    assert run("predict", kaggle_folder, "--output", table) == 0
    rows = pd.read_csv(table, dtype=str)
    rows.loc[rows["GalaxyID"] == "200002", "Class7.1"] = ""
    rows.to_csv(table, index=False)
    assert main(["evaluate", str(kaggle_folder), "--predictions", str(table)]) == 1
    captured = capsys.readouterr()
    assert "RMSE over 2 galaxies" in captured.out
    assert "galaxy 200002 failed:" in captured.err
    assert "scores.csv lacks some of its 37 fractions" in captured.err


def test_evaluate_skips_a_bad_image(run, kaggle_folder, capsys):
    (kaggle_folder / "images_training_rev1" / "200001.jpg").write_text("no picture")
    (kaggle_folder / "images_training_rev1" / "200002.jpg").unlink()
    assert run("evaluate", kaggle_folder, "--json") == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["galaxies"] == 1
    assert "galaxy 200001 failed: a file of text is not a picture" in captured.err
    assert "galaxy 200002 failed: there is no image of it" in captured.err


def test_evaluate_without_votes_names_the_table_that_is_missing(run, galaxies, kaggle_folder, capsys):
    assert run("evaluate", galaxies) == 2
    assert f"{galaxies} holds no scores.csv" in capsys.readouterr().err
    pd.DataFrame({"GalaxyID": ["1", "2"], "Class1.1": 0.5}).to_csv(galaxies / "scores.csv", index=False)
    assert run("evaluate", galaxies) == 2
    assert "holds the scores of 2 galaxies, and images of 6 others" in capsys.readouterr().err
    for table in kaggle_folder.glob("training_solutions_*.csv"):
        table.unlink()
    assert run("evaluate", kaggle_folder) == 2
    assert f"{kaggle_folder} holds no training_solutions_rev1.csv" in capsys.readouterr().err


@pytest.mark.parametrize("written", ["{}.jpg", "{}.0"])
def test_evaluate_of_a_table_with_other_ids_shows_one_of_either(kaggle_folder, tmp_path, capsys, written):
    ids = map(written.format, open_catalogue(kaggle_folder).ids)
    table = pd.DataFrame({"GalaxyID": list(ids), **dict.fromkeys(COLUMNS, 0.5)})
    table.to_csv(tmp_path / "scores.csv", index=False)
    assert main(["evaluate", str(kaggle_folder), "--predictions", str(tmp_path / "scores.csv"), "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        f"scores.csv, the first of them {table['GalaxyID'][0]}, is among the 3 to evaluate, the first of"
        in captured.err
    )
    assert "them 200001;" in captured.err
    table[:0].to_parquet(tmp_path / "empty.parquet")
    assert main(["evaluate", str(kaggle_folder), "--predictions", str(tmp_path / "empty.parquet")]) == 2
    assert "none of the 0 galaxies of" in capsys.readouterr().err


def test_evaluate_takes_a_table_that_pandas_wrote_with_its_index(kaggle_folder, tmp_path, capsys):
    ids = pd.Index(open_catalogue(kaggle_folder).ids, name="GalaxyID")
    pd.DataFrame(0.5, ids, list(COLUMNS)).to_parquet(tmp_path / "scores.parquet")
    assert main(["evaluate", str(kaggle_folder), "--predictions", str(tmp_path / "scores.parquet")]) == 0
    assert "RMSE over 3 galaxies" in capsys.readouterr().out


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".ecsv", ".fits"])
def test_evaluate_names_the_column_that_a_table_lacks_once(run, kaggle_folder, tmp_path, capsys, ending):
    table = tmp_path / f"scores{ending}"
    whole = pd.DataFrame({"GalaxyID": open_catalogue(kaggle_folder).ids, **dict.fromkeys(COLUMNS, 0.5)})
    table.write_bytes(as_bytes(whole.set_index("GalaxyID").drop(columns="Class7.1"), ending, {}))
    assert main(["evaluate", str(kaggle_folder), "--predictions", str(table)]) == 2
    assert f"{table} has no column Class7.1; give a table that predict wrote" in capsys.readouterr().err


def test_evaluate_sees_the_same_part_of_a_picture_as_predict(run, galaxies, tmp_path, monkeypatch, capsys):
    def find(picture):
        square = Square(30, 32, 40)
        return Finding(cut_square(picture, square), square)

    for module in ("galaxy_explorer.catalogue.catalogue", "galaxy_explorer.commands.sources"):
        monkeypatch.setattr(f"{module}.find_galaxy", find)
    votes = pd.DataFrame(0.1, index=[f"{number:04}" for number in range(1, 7)], columns=list(COLUMNS))
    votes.rename_axis("GalaxyID").to_csv(galaxies / "scores.csv")

    def rmse(*options):
        assert run("evaluate", galaxies, "--json", *options) == 0
        return json.loads(capsys.readouterr().out)["rmse"]

    for crop in ("auto", "none"):
        output = tmp_path / f"{crop}.csv"
        assert run("predict", galaxies, "--crop", crop, "--output", output) == 0
        capsys.readouterr()
        assert rmse("--crop", crop) == pytest.approx(rmse("--predictions", output), abs=1e-6)
    assert rmse() == rmse("--crop", "auto") != rmse("--crop", "none")
