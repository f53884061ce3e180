"""Page of model cards next to the checkpoints."""

import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest
from tiny_training import CPU, TINY, without_hold_out

from galaxy_explorer.evaluation.answers import plain_answers, score_answers
from galaxy_explorer.evaluation.intervals import Coverage
from galaxy_explorer.evaluation.metrics import score
from galaxy_explorer.models import Model, build
from galaxy_explorer.models.card import CalibrationBins, HoldOut, Validation
from galaxy_explorer.models.checkpoints import WEIGHTS, available, read_card, save
from galaxy_explorer.models.placements import fingerprint_of
from galaxy_explorer.training import Run, fit
from galaxy_explorer.training.model_card import page as page_module
from galaxy_explorer.training.model_card.calibration_plot import calibration_plot
from galaxy_explorer.training.model_card.card import make_card
from galaxy_explorer.training.model_card.page import cards_in_markdown, write_cards

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def model(trained):
    card = make_card(trained(), data="drawn", command="python train.py --size 32")
    return Model(build("fcn", **TINY.model_arguments()), card)


def with_card(model, **entries):
    return replace(model, card=replace(model.card, **entries))


def test_has_the_form_of_hugging_face(model, tmp_path):
    save(tmp_path / "mine.pt", model)
    page = cards_in_markdown(tmp_path)
    front_matter = page.split("---\n")[1]
    assert page.startswith("---\n")
    assert {"license: mit", "datasets:", "metrics:", "tags:"} <= set(front_matter.splitlines())
    assert re.findall(r"^### (.*)$", page, flags=re.MULTILINE) == [
        "Intended use",
        "Training data",
        "Evaluation",
        "Calibration",
        "Prediction intervals",
        "Out-of-distribution",
        "Limitations",
        "How to use",
        "Citation",
    ]
    assert hashlib.sha256((tmp_path / "mine.pt").read_bytes()).hexdigest() in page
    assert 'load("mine")' in page
    assert "`python train.py --size 32`" in page


def test_has_the_figures_of_the_evaluation(model, tmp_path, random_fractions):
    votes = random_fractions(4, seed=1)
    measured = score(random_fractions(4, seed=2), votes, votes.mean(axis=0))
    validation = Validation(**vars(measured), tta_views=8, interval_coverage=Coverage(0.8069))
    hold_out = HoldOut(800, 8, 0.0816, Coverage(0.806))
    ends = {"upper": 0.861, "upper_inside": 0.842, "upper_change": 0.004, "lower_above_0": 0.157, "lower_change": 0.002}
    checks = {views: {"fractions": {"question 7": ends}, "shares": {"all": {"upper": 0.93}}} for views in (1, 8)}
    measures = {"validation": validation, "hold_out": hold_out, "interval_checks": checks, "vote_noise": {7: 0.0429}}
    save(tmp_path / "fcn.pt", with_card(model, **measures))
    page = cards_in_markdown(tmp_path)
    assert f"| **4 of the validation set** | 8 | **{measured.rmse:.4f}** |" in page
    assert f"| {measured.rmse_by_question[7]:.4f} | {measured.mean_rmse_by_question[7]:.4f} | 0.0429 |" in page
    assert "hold 80.7 % of the votes of the validation set, and 80.6 % of those of the hold-out" in page
    assert "| question 7 | 86.1, 84.2, 15.7 (±0.4) | 86.1, 84.2, 15.7 (±0.4) |" in page
    assert "| all | 93.0, –, – (±0.0) |" in page


def test_has_bias_counts_precision_and_recall_of_each_answer(model, tmp_path, random_fractions):
    predicted, votes = random_fractions(40, seed=2), random_fractions(40, seed=1)
    measured, answers = score(predicted, votes, standard_errors=True), score_answers(predicted, votes)
    save(tmp_path / "a.pt", with_card(model, validation=Validation(**vars(measured), answers=plain_answers(answers))))
    assert read_card(tmp_path / "a.pt").validation.answers == plain_answers(answers)
    page = cards_in_markdown(tmp_path)
    assert f"standard error of the RMSE on validation is {measured.rmse_standard_error:.4f}" in page
    for name, row in answers.iterrows():
        line = next(line for line in page.splitlines() if line.startswith(f"| {name} "))
        assert f"| {row['difference']:+.3f} ± {row['standard_error']:.3f} |" in line
        assert f"| {row['predicted_0.5']:.0f} | {row['voted_0.5']:.0f} |" in line
        assert line.count("|") == 11


def test_leaves_out_what_a_card_lacks(model, trained, galaxies, tmp_path):
    run = Run(TINY, without_hold_out(galaxies), CPU, tmp_path / "none")
    fit(run, quiet=True)
    card = replace(make_card(run, data="drawn", command=""), command=None, excluded_galaxies=None)
    votes = np.full((2, 37), np.nan)
    votes[:, :3] = [0.5, 0.25, 0.25]
    validation = Validation(**vars(score(np.zeros((2, 37)), votes)), tta_views=1)
    save(tmp_path / "old.pt", replace(model, card=replace(card, validation=validation)))
    page = cards_in_markdown(tmp_path)
    assert "## old" in page
    assert "3 epochs in" in page
    assert "Command" not in page
    assert "the validation set." not in page
    assert "**0.3536**" in page
    assert "| not measured |" in page  # the other questions
    assert "standard error" not in page
    assert "Precision" not in page


def test_has_the_figures_of_a_placement(model, tmp_path):
    layers = [{"weights": np.zeros((model.network.to_answers.weight.shape[1], 2)), "biases": np.zeros(2)}]
    figures = {"galaxies": 32_092, "held_out": 2000, "placement": 0.0812, "pca": 0.0223, "tsne": 0.3671}
    own = fingerprint_of(model.network.state_dict(), model.card)
    save(tmp_path / "a.pt", model)
    assert "Placement" not in cards_in_markdown(tmp_path)
    save(tmp_path / "a.pt", replace(model, placement={"fingerprint": own, "layers": layers, "figures": figures}))
    assert "32,092 galaxies by t-SNE" in (page := cards_in_markdown(tmp_path))
    assert "8.1 % are among the ten nearest on the map; 2.2 % by" in page


def test_has_the_calibration_plot_and_writes_it(model, tmp_path):
    bins = {4: CalibrationBins([0.2], [0.3], [0.25], [0.5], [7])}
    save(tmp_path / "old.pt", model)
    save(tmp_path / "new.pt", with_card(model, calibration=bins))
    (tmp_path / "README.md").write_text("# Weights\n")
    write_cards(tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert page == cards_in_markdown(tmp_path)
    assert "(calibration-new.svg)" in page
    assert "calibration-old.svg" not in page
    assert (tmp_path / "calibration-new.svg").read_text(encoding="utf-8") == calibration_plot(bins, "new")
    assert not (tmp_path / "calibration-old.svg").exists()


def test_is_always_written_in_the_folder_of_the_bundled_models(model, tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "WEIGHTS", tmp_path.resolve())
    save(tmp_path / "a.pt", model)
    for _ in range(2):
        write_cards(tmp_path)
        assert (tmp_path / "README.md").read_text() == cards_in_markdown(tmp_path)
        (tmp_path / "README.md").write_text("")


def test_replaces_a_page_of_cards_and_no_other(model, tmp_path):
    save(tmp_path / "a.pt", model)
    write_cards(tmp_path)
    page = tmp_path / "README.md"
    assert not page.exists()
    page.write_text("# My project\n")
    write_cards(tmp_path)
    assert page.read_text() == "# My project\n"
    for earlier in (
        "# Weights\n\nThe page of an earlier version.\n",
        cards_in_markdown(tmp_path).replace("## a", "## b"),
    ):
        page.write_text(earlier)
        write_cards(tmp_path)
        assert page.read_text() == cards_in_markdown(tmp_path)


def test_has_the_error_of_an_unreadable_checkpoint(model, tmp_path):
    save(tmp_path / "a.pt", model)
    (tmp_path / "b.pt").write_bytes(b"junk")
    page = cards_in_markdown(tmp_path)
    assert "## a\n" in page
    assert re.search(r"## b\n\n.*b\.pt cannot be read as a checkpoint", page)


@pytest.mark.skipif(not available(), reason="no bundled models")
def test_of_the_bundled_models_is_up_to_date():
    assert (WEIGHTS / "README.md").read_text(encoding="utf-8") == cards_in_markdown(WEIGHTS)
