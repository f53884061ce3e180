"""Answers of the volunteers and of networks: values, intervals, and predictions that grow."""

from pathlib import Path

import numpy as np
import pytest
from kept_predictions import keep_fractions
from tiny_prediction import tiny_card, tiny_interval_model

from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.answers import VOLUNTEERS, answers_of, choices, default_answers
from galaxy_explorer.catalogue import Catalogue, Measure, VoteRange
from galaxy_explorer.decision_tree import COLUMNS, INDEX, shares_from_fractions
from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.prediction import cached


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a file that is taken for a checkpoint."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "weights.pt"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def galaxies(sample: Catalogue, random_fractions, tmp_path: Path) -> Catalogue:
    """Nine galaxies without votes."""
    table = sample.table.copy()
    table[list(COLUMNS)] = np.float32(np.nan)
    return Catalogue("mine", table, sample.root)


def test_the_volunteers_are_the_default_of_a_catalogue_with_votes(sample: Catalogue) -> None:
    answers = answers_of(sample)
    assert (answers.name, answers.network, answers.label, answers.predicted) == (VOLUNTEERS, "", VOLUNTEERS, 6)
    assert answers.votes is sample.votes
    assert choices(sample) == [VOLUNTEERS, "densenet", "fcn"]


def test_without_votes_the_first_network_with_predictions_is_the_default(
    galaxies: Catalogue, random_fractions, weights: Path
) -> None:
    assert choices(galaxies) == ["densenet", "fcn"]
    assert (default_answers(galaxies), answers_of(galaxies).predicted) == ("densenet", 0)
    assert not answers_of(galaxies).votes.known.any()
    keep_fractions(galaxies, galaxies.ids, random_fractions(9), "fcn-a", weights)
    assert (default_answers(galaxies), answers_of(galaxies).predicted) == ("fcn", 9)


def test_predicted_answers_have_the_values_of_the_table(galaxies, random_fractions, weights: Path) -> None:
    fractions = random_fractions(4)
    keep_fractions(galaxies, galaxies.ids[5:], fractions, "fcn-a", weights)
    answers = answers_of(galaxies, "fcn")
    shares = shares_from_fractions(fractions)
    for column in COLUMNS:
        values = answers.votes.values(column)
        assert np.isnan(values[:5]).all()
        np.testing.assert_allclose(values[5:], shares[:, INDEX[column]], rtol=1e-5)
        np.testing.assert_allclose(answers.votes.fractions(column)[5:], fractions[:, INDEX[column]], rtol=1e-6)
    np.testing.assert_allclose(answers.fractions_of(np.array([7, 5])), fractions[[2, 0]], rtol=1e-6)
    assert answers.votes.known.tolist() == [False] * 5 + [True] * 4
    low = float(np.median(shares[:, INDEX["Class4.1"]]))
    assert VoteRange("Class4.1", low).mask(answers.votes).sum() == 2


def test_answers_grow_with_the_predictions_and_stay_the_same_object_until_then(
    galaxies, random_fractions, weights: Path
) -> None:
    fractions = random_fractions(9)
    keep_fractions(galaxies, galaxies.ids[:4], fractions[:4], "fcn-a", weights, finish=False)
    first = answers_of(galaxies, "fcn")
    assert first.predicted == 4
    assert answers_of(galaxies, "fcn") is first
    keep_fractions(galaxies, galaxies.ids[4:], fractions[4:], "fcn-a", weights, finish=False)
    assert answers_of(galaxies, "fcn").predicted == 9


def test_ends_of_intervals_are_those_of_the_model_card(
    galaxies, random_fractions, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_interval_model()
    card = tiny_card(interval_models={DEFAULT_VIEWS: model})
    monkeypatch.setattr(networks, "cards", lambda: {"fcn": card})
    fractions = random_fractions(9).astype(np.float32)
    keep_fractions(galaxies, galaxies.ids, fractions, "fcn-a", weights)
    votes, expected = answers_of(galaxies, "fcn").votes, model.share_intervals(fractions)
    for column in COLUMNS:
        for end, measure in enumerate((Measure.LOWER, Measure.UPPER)):
            np.testing.assert_allclose(votes.values(column, measure), expected[:, end, INDEX[column]], atol=1e-6)


def test_ends_are_unknown_without_a_card(galaxies, random_fractions, weights: Path, monkeypatch) -> None:
    monkeypatch.setattr(networks, "cards", dict)
    keep_fractions(galaxies, galaxies.ids, random_fractions(9), "fcn-a", weights)
    assert np.isnan(answers_of(galaxies, "fcn").votes.values("Class3.1", Measure.LOWER)).all()


def test_a_damaged_table_has_no_answers(galaxies, random_fractions, weights: Path) -> None:
    path = keep_fractions(galaxies, galaxies.ids, random_fractions(9), "fcn-a", weights)
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + b"\xff" * (len(content) // 2) + content[len(content) // 2 + 4 :])
    assert answers_of(galaxies, "fcn").predicted == 0


def test_a_table_that_is_finished_while_it_is_read_is_read_again(
    galaxies, random_fractions, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fractions = random_fractions(9)
    keep_fractions(galaxies, galaxies.ids[:4], fractions[:4], "fcn-a", weights, finish=False)
    open_columns, calls = cached.open_columns, []

    def finished_first(*given):
        calls.append(given)
        if len(calls) == 1:  # the job removes the chunks that were found
            keep_fractions(galaxies, galaxies.ids, fractions, "fcn-a", weights)
        return open_columns(*given)

    monkeypatch.setattr(cached, "open_columns", finished_first)
    assert answers_of(galaxies, "fcn").predicted == 9
    assert len(calls) == 2
