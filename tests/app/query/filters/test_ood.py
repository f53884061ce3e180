"""The filter of Browse by out-of-distribution scores, over the predictions that exist."""

import math
from pathlib import Path

import numpy as np
import pytest
from app_page import new_app, opened, run, texts, url_values
from browse_page import captions, chips, tiles
from kept_predictions import keep_predictions
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.query.filters.ood import IN_DISTRIBUTION, OUT_OF_DISTRIBUTION, OodRange
from galaxy_explorer.app.query.query import query_from_url
from galaxy_explorer.catalogue import Catalogue, open_catalogue

SCORES = (0.4, 1.0, 1.5, 3.5)  # of the first four galaxies


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pt"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def scored(app: AppTest, sample: Catalogue, weights: Path) -> list[str]:
    """The sample's first four galaxies, which are predicted with scores; the fifth failed."""
    keep_predictions(sample, sample.ids[:5], 0.5, "one-a", weights, ood_scores=SCORES)
    return sample.ids[:4]


@pytest.mark.parametrize(("flag", "rows", "chip"), [("yes", [2, 3], "differs from"), ("no", [0, 1], "similar to")])
def test_the_flag_is_a_filter_with_a_chip_a_url_and_captions(
    app: AppTest, scored: list[str], flag: str, rows: list[int], chip: str
) -> None:
    opened(app)
    app.segmented_control(key="ood_flag").set_value(flag)
    run(app)
    assert tiles(app) == [scored[row] for row in rows]
    assert chips(app)[0].startswith(chip)
    assert url_values(app, "ood") == ["1-" if flag == "yes" else "0-1"]
    assert [caption.split("*")[1] for caption in captions(app)] == [f"OOD score {SCORES[row]:.2f}" for row in rows]
    assert "By predictions of the one network; galaxies without one are hidden." in texts(app)
    app.button(key="chip_0").click()
    run(app)
    assert len(tiles(app)) == 9
    assert "ood" not in app.query_params


def test_the_score_is_a_filter_that_holds_with_others(app: AppTest, scored: list[str]) -> None:
    opened(app, search=",".join(scored[1:]))
    app.slider(key="ood_score").set_value((0.95, 3.0))
    run(app)
    assert url_values(app, "ood") == ["0.95-"]
    assert tiles(app) == scored[1:]
    app.slider(key="ood_score").set_value((0.95, 1.5))
    run(app)
    assert chips(app)[0] == "OOD score between 0.95 and 1.5"
    assert tiles(app) == scored[1:3]


def test_without_predictions_nothing_matches_and_they_are_offered(app: AppTest, sample: Catalogue) -> None:
    opened(app, ood="1-")
    assert "None of these galaxies has a prediction" in texts(app)
    assert "Predict 9 galaxies (about 9 seconds, once)" in [button.label for button in app.button]
    app.button(key="relax_0").click()
    run(app)
    assert tiles(app) == sample.ids


def test_predictions_without_scores_are_described_as_such(app: AppTest, sample: Catalogue, weights: Path) -> None:
    keep_predictions(sample, sample.ids[:5], 0.5, "one-a", weights)
    opened(app, ood="0-1")
    assert tiles(app) == []
    assert "No prediction by the one network has such a score." in texts(app)


def test_galaxies_without_votes_can_be_filtered(
    app: AppTest, picture_folder: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(picture_folder))
    catalogue = open_catalogue(picture_folder)
    keep_predictions(catalogue, [*catalogue.ids, "elsewhere"], 0.5, "one-a", weights, ood_scores=SCORES)
    opened(app)
    app.segmented_control(key="ood_flag").set_value("yes")
    run(app)
    assert tiles(app) == catalogue.ids[2:]
    assert all(caption.startswith("smooth") for caption in captions(app))  # as predicted
    assert app.selectbox(key="answers_of").value == "one"
    assert url_values(app, "answers") == ["one"]


def test_the_network_of_the_scores_can_be_chosen(app: AppTest, sample: Catalogue, scored, weights: Path) -> None:
    keep_predictions(sample, sample.ids[3:7], 0.5, "two-a", weights, ood_scores=(0.2, 2.0, 2.5), finish=False)
    opened(app, ood="1-")
    assert tiles(app) == scored[2:]
    app.segmented_control(key="against").set_value("two")
    run(app)
    assert tiles(app) == sample.ids[4:6]
    assert url_values(app, "network") == ["two"]
    assert tiles(opened(new_app(), ood="1-", network="two")) == sample.ids[4:6]


def test_a_sort_by_the_score_has_galaxies_without_one_last(app: AppTest, scored: list[str]) -> None:
    opened(app, sort="ood")
    assert tiles(app)[:4] == scored[::-1]
    values = [caption.split("*")[1] for caption in captions(app)]
    assert values == [*(f"OOD score {score:.2f}" for score in SCORES[::-1]), *["OOD score unknown"] * 5]
    assert "Sorted by the out-of-distribution score by one. 4 of 9 galaxies are predicted" in texts(app)


def test_a_sort_by_disagreement_shows_both_values(app: AppTest, scored: list[str]) -> None:
    opened(app, ood="1-", sort="volunteers")
    caption = captions(app)[0]
    assert "RMSE" in caption
    assert "OOD score" in caption


def test_a_damaged_table_has_no_scores(app: AppTest, sample: Catalogue, weights: Path) -> None:
    path = keep_predictions(sample, sample.ids[:5], 0.5, "one-a", weights, ood_scores=SCORES)
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + b"\xff" * (len(content) // 2) + content[len(content) // 2 + 4 :])
    opened(app, ood="1-")
    assert tiles(app) == []


@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        ("1-", OUT_OF_DISTRIBUTION, "differs from the training pictures"),
        ("0-1", IN_DISTRIBUTION, "similar to the training pictures"),
        ("1.2-", OodRange(1.2), "OOD score > 1.2"),
        ("0-", OodRange(), "OOD score: known"),
        ("0-0.5", OodRange(0, 0.5), "OOD score ≤ 0.5"),
    ],
)
def test_a_range_survives_its_url_and_has_words(text: str, expected: OodRange, words: str) -> None:
    assert OodRange.from_url(text) == expected
    assert (expected.to_url(), expected.in_words()) == (text, words)


@pytest.mark.parametrize("text", ["", "1", "yes", "-1", "2-1", "1-1", "nan-", "inf-", "0-nan", "-1-2"])
def test_a_malformed_range_is_ignored_with_a_message(text: str) -> None:
    query, messages = query_from_url({"ood": [text]})
    assert query.filters == ()
    assert len(messages) == 1


def test_the_bounds_meet_at_1_and_nan_is_in_none() -> None:
    scores = np.array([0.0, 1.0, np.nextafter(1.0, 2), np.nan])
    assert OodRange(1.0, math.inf).within(scores).tolist() == [False, False, True, False]
    assert OodRange(0.0, 1.0).within(scores).tolist() == [True, True, False, False]
    assert OodRange().within(scores).tolist() == [True, True, True, False]
