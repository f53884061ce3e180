"""Browse by the answers of a network: a folder without votes, predicted from the page."""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest
from app_page import new_app, opened, press, run, texts, url_values
from browse_page import captions, chips, tiles
from compare_page import labels, wait_for
from kept_predictions import keep_fractions, keep_predictions
from streamlit.testing.v1 import AppTest
from tiny_prediction import folder_with_two_damaged, tiny_card, tiny_reference, write_tiny_weights
from tiny_training import in_one_thread

from galaxy_explorer.app.query.downloads import table_as_csv
from galaxy_explorer.app.query.filters.ood import OodRange
from galaxy_explorer.app.query.filters.rmse import RmseRange
from galaxy_explorer.app.query.matching import Matches
from galaxy_explorer.app.query.query import BrowseQuery
from galaxy_explorer.app.services import networks, prediction_jobs
from galaxy_explorer.app.services.answers import answers_of
from galaxy_explorer.catalogue import Catalogue, Measure, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX, kind_of, shares_from_fractions
from galaxy_explorer.evaluation.interval_fit import fit_interval_model
from galaxy_explorer.models import checkpoints
from galaxy_explorer.prediction import predict_catalogue

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)


@pytest.fixture
def own(
    app: AppTest, tmp_path: Path, draw_galaxy: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Catalogue]:
    """Eleven pictures of one's own, two of them damaged, and a tiny network in place of the quick one."""
    folder = folder_with_two_damaged(tmp_path, [draw_galaxy(seed) for seed in range(11)])
    weights = Path(write_tiny_weights(tmp_path, ood_reference=tiny_reference()))
    model = checkpoints.load(weights)
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(folder))
    monkeypatch.setattr(checkpoints, "available", lambda: {"fcn": weights})
    monkeypatch.setattr(networks, "names", lambda: ["fcn"])
    monkeypatch.setattr(networks, "networks", lambda: ["fcn"])
    monkeypatch.setattr(networks, "cards", lambda: {"fcn": model.card})
    monkeypatch.setattr(networks, "network", lambda name: model)
    key = model.key()  # the app caches keys by name, for all tests of this process
    monkeypatch.setattr(prediction_jobs, "network_key", lambda name: key)
    worker = prediction_jobs.Worker()
    monkeypatch.setattr(prediction_jobs, "worker", lambda: worker)
    yield open_catalogue(folder)
    for job in worker.jobs.values():
        job.stop.set()


@pytest.fixture
def predicted(own: Catalogue, app: AppTest) -> np.ndarray:
    """The vote fractions of the own pictures, (11, 37), predicted from the page."""
    opened(app)
    press(app, "Predict 11 galaxies (about 11 seconds, once)")
    wait_for(app, lambda: "could not be read" in texts(app))
    return predict_catalogue(networks.network("fcn"), own).fractions.reindex(own.ids).to_numpy()


def test_own_pictures_are_predicted_once_named_filtered_sorted_and_linked(
    app: AppTest, own: Catalogue, predicted: np.ndarray
) -> None:
    known = np.isfinite(predicted[:, 0])
    assert known.sum() == 9
    assert tiles(app) == own.ids
    assert "2 pictures could not be read." in texts(app)
    expected = [kind_of(row) if voted else "not predicted" for row, voted in zip(predicted, known, strict=True)]
    assert [caption.split(" **")[0] for caption in captions(app)] == expected

    shares = shares_from_fractions(predicted)[:, INDEX["Class1.1"]]
    bound = int(100 * np.nanmedian(shares))
    app.selectbox(key="new_answer").set_value("Class1.1")
    app.slider(key="new_bounds").set_value((bound, 100))
    press(app, "Add filter")
    app.selectbox(key="sort_by").set_value("Class1.1")
    run(app)
    order = [row for row in np.argsort(-shares, kind="stable") if shares[row] >= bound / 100 - 1e-6]
    assert 0 < len(order) < 9
    assert tiles(app) == [own.ids[row] for row in order]
    assert "Hidden: 2 galaxies without predictions." in texts(app)
    assert captions(app)[0].split("*")[1] == f"smooth {100 * shares[order[0]]:.0f} %"
    assert url_values(app, "answers") == ["fcn"]
    link = {name: app.query_params[name] for name in ("source", "answers", "filter", "sort")}
    assert tiles(opened(new_app(), **link)) == tiles(app)
    galaxy_links = [parse_qs(one.proto.query_string) for one in app.page_link if "galaxy=" in one.proto.query_string]
    assert {one["network"][0] for one in galaxy_links} == {"fcn"}


def test_the_ends_of_the_interval_are_filters_and_sorts(
    app: AppTest, own: Catalogue, random_fractions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fit_interval_model(random_fractions(200), random_fractions(200))
    monkeypatch.setattr(networks, "cards", lambda: {"fcn": tiny_card(interval_models={8: model})})
    keep_fractions(own, own.ids[:9], random_fractions(9), "fcn-a", tmp_path / "tiny.pt")
    lower = answers_of(own, "fcn").votes.values("Class1.1", Measure.LOWER)
    bound = float(f"{np.nanmedian(lower):.4g}")
    opened(app, filter=f"t01_smooth~{100 * bound:.4g}-100l", sort="t01_smooth~l")
    rows = [row for row in np.argsort(-lower, kind="stable") if lower[row] >= bound - 1e-6]
    assert 0 < len(rows) < 9
    assert tiles(app) == [own.ids[row] for row in rows]
    assert chips(app) == [f"smooth, lower end ≥ {100 * bound:.4g} %"]
    assert app.segmented_control(key="measure").options == ["share", "vote fraction", "lower end", "upper end"]
    upper = answers_of(own, "fcn").votes.values("Class1.1", Measure.UPPER)
    assert captions(app)[0].split("*")[1] == f"smooth {100 * lower[rows[0]]:.0f} to {100 * upper[rows[0]]:.0f} %"


def test_a_download_holds_the_selection_with_its_answers(own: Catalogue, predicted: np.ndarray) -> None:
    rows = np.array([7, 0, 3])
    matches = Matches(rows, answers_of(own, "fcn"), "fcn")
    written = table_as_csv(own, BrowseQuery(answers="fcn", filters=(OodRange(1.0), RmseRange())), matches)
    table = pd.read_csv(io.BytesIO(written), dtype={"GalaxyID": str})
    assert table["GalaxyID"].tolist() == ["0007", "0000", "0003"]
    np.testing.assert_allclose(table[list(COLUMNS)].to_numpy(), predicted[rows], rtol=1e-5)
    assert table["ood_score"].notna().tolist() == [True, True, False]
    assert table.columns.tolist() == ["GalaxyID", *COLUMNS, "ood_score", "rmse"]


def test_what_is_predicted_so_far_can_be_used_and_the_rest_is_resumed(
    app: AppTest, own: Catalogue, random_fractions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = prediction_jobs.store_of(own, "fcn").stem
    monkeypatch.setattr("kept_predictions.KEY", prediction_jobs.network_key("fcn"))
    keep_fractions(own, own.ids[:3], random_fractions(3), key, tmp_path / "tiny.pt", finish=False, network="fcn")
    opened(app, sort="t01_smooth")
    assert sorted(tiles(app)[:3]) == own.ids[:3]
    assert "Last: 8 galaxies without predictions." in texts(app)
    gate, load = threading.Event(), networks.network
    with monkeypatch.context() as patched:
        patched.setattr(networks, "network", lambda name: load(name) if gate.wait(60) else None)
        press(app, "Predict the other 8 (about 8 seconds, once)")
        assert "Stop prediction" in labels(app)
        assert sorted(tiles(app)[:3]) == own.ids[:3]  # usable while the job waits
        gate.set()
        wait_for(app, lambda: "Stop prediction" not in labels(app))
    assert answers_of(own, "fcn").predicted == 9
    assert "Last: 2 galaxies without predictions." in texts(app)


def test_a_failed_prediction_shows_its_reason_and_can_be_retried(
    app: AppTest, own: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(app)
    prediction_jobs.network_key("fcn")

    def fail(name: str) -> object:
        raise checkpoints.CheckpointError("the weights are damaged; fetch them again")

    with monkeypatch.context() as patched:
        patched.setattr(networks, "network", fail)
        press(app, "Predict 11 galaxies (about 11 seconds, once)")
        wait_for(app, lambda: bool(app.error))
    assert "**quick** network failed: the weights are damaged" in app.error[0].value
    press(app, "Retry 11 galaxies (about 11 seconds, once)")
    wait_for(app, lambda: "2 pictures could not be read." in texts(app))
    assert not app.error


def test_the_answers_can_be_chosen_where_volunteers_voted(
    app: AppTest, sample: Catalogue, random_fractions, tmp_path: Path
) -> None:
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"weights")
    fractions = random_fractions(9)
    keep_fractions(sample, sample.ids, fractions, "fcn-a", weights)
    opened(app, filter="t01_smooth~0-100s", sort="t01_smooth")
    assert len(tiles(app)) == 6
    app.selectbox(key="answers_of").set_value("fcn")
    run(app)
    assert url_values(app, "answers") == ["fcn"]
    shares = shares_from_fractions(fractions)[:, INDEX["Class1.1"]]
    assert tiles(app) == [sample.ids[row] for row in np.argsort(-shares)]
    app.segmented_control(key="measure").set_value("lower end")
    run(app)
    app.selectbox(key="answers_of").set_value("volunteers")
    run(app)
    assert "answers" not in app.query_params
    assert url_values(app, "sort") == ["t01_smooth"]  # votes have no intervals
    assert len(tiles(app)) == 6


def test_presets_are_those_that_match_by_the_answers(app: AppTest, sample: Catalogue, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"weights")
    fractions = np.zeros((9, len(COLUMNS)), dtype=np.float32)
    fractions[:, [INDEX["Class1.1"], INDEX["Class6.2"], INDEX["Class7.1"]]] = 1.0
    keep_fractions(sample, sample.ids, fractions, "fcn-a", weights)
    opened(app, answers="fcn")
    assert app.pills(key="ready_made").options == ["The roundest"]
    app.pills(key="ready_made").set_value("The roundest")
    run(app)
    assert len(tiles(app)) == 9
    assert "Predicted by the quick network: at least 80 %" in texts(app)
    assert url_values(app, "answers") == ["fcn"]


def test_the_rmse_to_the_volunteers_is_a_filter(app: AppTest, sample: Catalogue, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"weights")
    keep_predictions(sample, [*sample.ids, "elsewhere"], 0.5, "fcn-a", weights)
    votes = sample.volunteer_fractions
    rmse = np.sqrt(np.nanmean((votes[np.isfinite(votes[:, 0])] - 0.5) ** 2, axis=1))
    bound = round(float(np.median(rmse)), 2)
    opened(app, rmse=f"{bound:g}-")
    voted = sample.table.index[np.isfinite(votes[:, 0])]
    assert tiles(app) == voted[rmse > bound].tolist()
    assert chips(app) == [f"RMSE to the volunteers > {bound:g}"]
    assert all("*RMSE 0." in caption for caption in captions(app))


def test_unknown_answers_in_the_url_are_reported(app: AppTest, sample: Catalogue) -> None:
    opened(app, answers="nobody")
    assert "`answers=nobody` is ignored" in app.warning[0].value
    assert app.selectbox(key="answers_of").value == "volunteers"
