"""Compare without a browser, with tiny networks: prediction jobs and sections."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from app_page import plain
from compare_page import (
    NETWORKS,
    SECONDS,
    app_with_two,
    headings,
    labels,
    opened,
    predict_at_once,
    press,
    sixty_drawn,
    texts,
    two_tiny_networks,
    wait_for,
)
from ends import around
from streamlit.testing.v1 import AppTest
from tiny_training import in_one_thread

from galaxy_explorer.app.compare import comparison as compare_comparison
from galaxy_explorer.app.compare import tables
from galaxy_explorer.app.services import networks, prediction_jobs
from galaxy_explorer.app.services.selection import Selection
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models import checkpoints
from galaxy_explorer.prediction import Batch, PredictionStore
from galaxy_explorer.training.distillation.leakage import training_fingerprint

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)
weights = pytest.fixture(scope="module")(two_tiny_networks)
many = pytest.fixture(scope="module")(sixty_drawn)
app = pytest.fixture(app_with_two)


def test_the_top_explains_its_terms_and_shows_the_figures_of_the_cards(app: AppTest) -> None:
    opened(app)
    said = texts(app)
    for term in ("**vote fraction**", "root-mean-square error (RMSE)", "**average answers**", "model card"):
        assert term in said
    assert {metric.label: metric.value for metric in app.metric}["Typical error of first"].startswith("12.3 ")
    assert "**600 galaxies**" in said


def test_the_time_is_estimated_first_and_the_prediction_fills_every_section(app: AppTest) -> None:
    opened(app)
    assert "Predict 60 galaxies with first and second: about" in texts(app)
    press(app, "Start prediction")
    wait_for(app, lambda: "Downloads" in headings(app))
    assert headings(app) == [
        "Errors by question",
        "Largest disagreements",
        "Downloads",
    ]
    assert len([link for link in app.page_link if link.label.startswith("copy")]) == 24
    assert {"Start prediction", "Stop prediction"} & labels(app) == set()


def test_a_rerun_predicts_nothing_and_reads_nothing_again(
    app: AppTest, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict_at_once(many)
    opened(app)
    reads = []
    monkeypatch.setattr(compare_comparison, "open_columns", lambda *_: reads.append(1))
    app.selectbox(key="votes_question").set_value(4)
    app.run()
    assert not app.exception
    assert "Largest disagreements" in headings(app)
    assert reads == []
    assert prediction_jobs.worker().jobs == {}


def test_the_largest_disagreements_are_in_words(app: AppTest, many: Path) -> None:
    catalogue = predict_at_once(many)
    opened(app)
    app.selectbox(key="worst_question").set_value(4)
    app.segmented_control(key="worst_network_first_second").set_value("second")
    app.run()
    comparison = compare_comparison.compare(
        catalogue, np.arange(60), compare_comparison.origins_of(catalogue, NETWORKS, {})
    )
    row = comparison.disagreements("second", None, 4).iloc[0]
    words = tables.disagreement_in_words(row, "second", "volunteers")
    assert "spiral arms" in words.split("  ")[0]
    assert f"volunteers {100 * row['voted']:.0f}\u00a0%, second {100 * row['predicted']:.0f}\u00a0%" in words
    assert words.replace("\n", " ") in texts(app)


def test_a_prediction_that_was_stopped_is_resumed(app: AppTest, many: Path) -> None:
    predict_at_once(many, but=8)
    opened(app)
    assert "Predicted so far: first 52 of 60 and second 52 of 60." in texts(app)
    assert "Largest disagreements" in headings(app)  # of the 52
    press(app, "Resume prediction")
    wait_for(app, lambda: not {"Resume prediction", "Stop prediction"} & labels(app))
    assert "Below: **60 galaxies** with votes, of 60 in many." in texts(app)
    assert all(store.is_file() for name in NETWORKS for store in [prediction_jobs.store_of(open_catalogue(many), name)])


def test_a_visitor_sees_the_progress_and_can_stop(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(app)
    gate, load = threading.Event(), networks.network
    monkeypatch.setattr(networks, "network", lambda name: load(name) if gate.wait(SECONDS) else None)
    press(app, "Start prediction")
    press(app, "Stop prediction")
    gate.set()
    wait_for(app, lambda: "Start prediction" in labels(app))


def test_a_failed_job_shows_its_reason_and_can_be_retried(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(app)

    def fail(name: str) -> object:
        raise checkpoints.CheckpointError("the weights are damaged; fetch them again")

    with monkeypatch.context() as patched:
        patched.setattr(networks, "network", fail)
        press(app, "Start prediction")
        wait_for(app, lambda: bool(app.error))
    assert "**first** network failed: the weights are damaged" in app.error[0].value
    press(app, "Retry prediction")
    wait_for(app, lambda: "Downloads" in headings(app))
    assert not app.error


def selected(app: AppTest, rows: np.ndarray, of: int) -> AppTest:
    """Run Compare with a selection of Browse."""
    app.session_state["SharedState"].selection = Selection("many", rows, of)
    return app.run()


def test_browses_selection_can_be_compared_alone(app: AppTest, many: Path) -> None:
    catalogue = predict_at_once(many)
    app.run()
    selected(opened(app), np.arange(57, 2, -1), len(catalogue))
    assert "Below: **55 galaxies** with votes, of 60 in many." in texts(app)
    app.segmented_control(key="compare_of").set_value("catalogue")
    app.run()
    assert "Below: **60 galaxies**" in texts(app)


@pytest.fixture
def with_validation_list(many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sixty galaxies, predicted, in a folder whose validation.txt names 55 of them and one from elsewhere."""
    folder = tmp_path / "listed"
    folder.mkdir()
    for file in many.iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "validation.txt").write_text("\n".join([*(f"copy{i}" for i in range(5, 60)), "elsewhere"]))
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(folder))
    predict_at_once(folder)
    return folder


def test_galaxies_of_a_validation_list_are_compared_by_default(app: AppTest, with_validation_list: Path) -> None:
    opened(app)
    assert app.toggle(key="compare_unseen").label == "Unseen only (55 of 60)"
    assert "Below: **55 galaxies** with votes, of 60 in listed." in texts(app)
    app.toggle(key="compare_unseen").set_value(False).run()
    assert "Below: **60 galaxies**" in texts(app)
    app.toggle(key="compare_unseen").set_value(True)
    app.session_state["SharedState"].selection = Selection("listed", np.arange(52), 60)
    app.run()
    assert "Below: **47 galaxies**" in texts(app)  # of Browse's selection too


@pytest.mark.parametrize("ids", ["elsewhere", "", "\n".join(f"copy{i}" for i in range(60))])
def test_a_validation_list_of_none_or_all_offers_no_choice(app: AppTest, with_validation_list: Path, ids: str) -> None:
    (with_validation_list / "validation.txt").write_text(ids)
    opened(app)
    assert "Below: **60 galaxies**" in texts(app)
    assert not app.toggle
    assert len(app.warning) == (ids == "")


def test_each_network_is_described_as_trained_on_the_galaxies_or_not(
    app: AppTest, many: Path, weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = predict_at_once(many)
    card = checkpoints.read_card(weights["first"])
    seen = replace(card, training_fingerprint=training_fingerprint(catalogue.ids[:40]))
    other = replace(card, training_fingerprint=training_fingerprint(["elsewhere"]))
    monkeypatch.setattr(networks, "cards", lambda: {"first": seen, "second": other})
    said = shown(app)
    assert "Not among the training galaxies of second." in said
    assert "errors look too small (first 40 of 60 galaxies). See the unseen galaxies above." in said
    monkeypatch.setattr(networks, "cards", lambda: {"first": card, "second": card})
    compare_comparison._compare.clear()
    assert "Whether first or second was trained on these galaxies is unknown." in shown(app)


def shown(app: AppTest) -> str:
    """Open Compare, and return its texts without escapes."""
    return plain(texts(opened(app)))


def test_a_sample_is_offered_first_and_is_always_the_same(
    app: AppTest, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_comparison, "SAMPLE_SIZE", 55)
    rows = np.arange(60)
    assert np.array_equal(compare_comparison.sample_of(rows), compare_comparison.sample_of(rows))
    assert len(np.unique(compare_comparison.sample_of(rows))) == 55
    predict_at_once(many)
    opened(app)
    assert "Below: **55 galaxies** with votes, of 60 in many." in texts(app)
    app.segmented_control(key="compare_extent").set_value("all")
    app.run()
    assert "Below: **60 galaxies**" in texts(app)


def test_few_galaxies_are_shown_one_by_one(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GALAXY_EXPLORER_DATA")
    predict_at_once("sample")
    opened(app)
    assert "6 galaxies, one by one." in texts(app)
    assert "Largest disagreements" not in headings(app)


def test_galaxies_without_votes_are_compared_between_the_networks(
    app: AppTest, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unvoted = tmp_path / "unvoted"
    unvoted.mkdir()
    for picture in many.glob("*.png"):
        (unvoted / picture.name).symlink_to(picture)
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(unvoted))
    predict_at_once(unvoted)
    opened(app)
    assert "60 galaxies** without votes" in texts(app)
    assert headings(app) == ["Downloads"]
    assert "Network against network" in [expander.label for expander in app.expander]


@pytest.mark.parametrize("finish", [True, False])
def test_failures_are_listed_and_not_predicted_again(app: AppTest, many: Path, finish: bool) -> None:
    catalogue = open_catalogue(many)
    store = PredictionStore(prediction_jobs.store_of(catalogue, "first"), prediction_jobs.network_key("first"))
    fractions = np.full((50, len(COLUMNS)), 0.2, dtype=np.float32)
    store.add(
        [Batch(catalogue.ids[:50], fractions, around(fractions, 0.1), {"copy58": "damaged", "elsewhere": "gone"})]
    )
    if finish:
        store.finish()
    rows = np.arange(40, 60)
    comparison = compare_comparison.compare(catalogue, rows, compare_comparison.origins_of(catalogue, ["first"], {}))
    assert comparison.failures == {"copy58": "damaged"}
    assert comparison.missing == {"first": [galaxy_id for galaxy_id in catalogue.ids[50:] if galaxy_id != "copy58"]}
    assert comparison.ids.tolist() == catalogue.ids[40:50]
    assert np.array_equal(comparison.volunteers, catalogue.volunteer_fractions[40:50])


def test_one_picture_that_could_not_be_read_is_one(app: AppTest, many: Path) -> None:
    catalogue = predict_at_once(many, but=1)
    for name in NETWORKS:
        path, key = prediction_jobs.store_of(catalogue, name), prediction_jobs.network_key(name)
        store = PredictionStore(path, key, embeddings=True)
        nothing = np.empty((0, len(COLUMNS)), dtype=np.float32)
        store.add([Batch([], nothing, around(nothing, 0), {catalogue.ids[-1]: "damaged"})])
        store.finish()
    opened(app)
    assert "1 picture could not be read" in [expander.label for expander in app.expander]
    press(app, "Retry these pictures")
    wait_for(
        app, lambda: not [one for one in app.expander if "could not be read" in one.label]
    )  # it was damaged for a moment
    assert "Below: **60 galaxies**" in texts(app)
    assert prediction_jobs.store_of(catalogue, "first").is_file()


def test_the_url_follows_the_source_that_is_chosen(app: AppTest, many: Path) -> None:
    app.query_params["source"] = "many"
    opened(app)
    app.selectbox(key="compare_source").set_value("sample").run()
    assert app.query_params["source"] in ("sample", ["sample"])
    app.query_params["source"] = "many"  # Back
    app.run()
    assert app.selectbox(key="compare_source").value == "many"
    assert "of 60 in many" in texts(app)


@pytest.mark.parametrize("sample_size", [60, 59])
def test_a_sample_is_offered_only_of_more_galaxies(
    app: AppTest, sample_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_comparison, "SAMPLE_SIZE", sample_size)
    opened(app)
    assert f"Below: **{sample_size} galaxies**" in texts(app)
    assert len([box for box in app.segmented_control if box.key == "compare_extent"]) == (sample_size < 60)


def test_one_galaxy_is_in_the_singular(app: AppTest) -> None:
    selected(opened(app), np.array([3]), 60)
    assert "Below: **1 galaxy** with votes" in texts(app)
