"""Ballots, their weights, and the data set they make."""

import numpy as np
import pandas as pd
import pytest

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import INDEX, SLICES
from galaxy_explorer.votes import (
    Ballot,
    consistency_weights,
    counts_of,
    merge,
    read_ballots,
    scores_of,
    write_data_set,
)

ROUND = ("Class1.1", "Class7.1", "Class6.2")
SPIRAL = ("Class1.2", "Class2.2", "Class3.2", "Class4.1", "Class10.1", "Class11.2", "Class5.2", "Class6.1", "Class8.6")
STAR = ("Class1.3",)


def ballot(answers: tuple[str, ...], voter: str = "ann", galaxy: str = "0012", time: str = "2026-01-01T00:00:00Z"):
    return Ballot(galaxy, answers, voter, time)


@pytest.mark.parametrize("answers", [(), ("Class1.1",), ("Class7.1",), (*ROUND, "Class8.1"), ("smooth",)])
def test_an_incomplete_or_impossible_path_is_refused(answers):
    with pytest.raises(ValueError, match=r"ballot|expected|not an answer"):
        ballot(answers)


def test_scores_are_shares_times_mass_with_question_6_at_1():
    scores = scores_of([ballot(ROUND, "a"), ballot(SPIRAL, "b"), ballot(SPIRAL, "c"), ballot(STAR, "d")])
    assert scores[INDEX["Class1.1"]] == 0.25
    assert scores[INDEX["Class4.1"]] == 0.5
    assert scores[SLICES[6]].sum() == 1
    assert scores[INDEX["Class6.1"]] == pytest.approx(2 / 3)
    assert scores[INDEX["Class8.6"]] == pytest.approx(2 / 3)
    assert not np.isnan(scores).any()
    assert np.isnan(scores_of([ballot(STAR)])[SLICES[6]]).all()  # in the scores, votes reach it; nobody was asked


def test_counts_are_votes():
    counts = counts_of([ballot(ROUND, "a"), ballot(ROUND, "b"), ballot(STAR, "c")])
    assert counts[INDEX["Class7.1"]] == 2
    assert counts.sum() == 7


def test_someone_who_answers_at_random_weighs_less():
    fair = [ballot(ROUND, voter, str(galaxy)) for voter in "abcd" for galaxy in range(10)]
    weights = consistency_weights([*fair, *(ballot(STAR, "joker", str(galaxy)) for galaxy in range(10))])
    assert weights["a"] == 1
    assert weights["joker"] < 0.5
    assert consistency_weights([ballot(ROUND, "a"), ballot(STAR, "b")]) == {"a": 1, "b": 1}


def test_the_latest_ballot_of_a_voter_counts():
    first, second = ballot(ROUND), ballot(STAR, time="2026-01-02T00:00:00Z")
    assert merge([second], [first]) == [second]


def test_a_data_set_opens_as_a_catalogue_and_its_votes_are_read_back(picture_folder):
    galaxy = open_catalogue(picture_folder).ids[0]
    ballots = [ballot(SPIRAL, "a", galaxy), ballot(ROUND, "b", galaxy)]
    write_data_set(picture_folder, ballots)
    assert read_ballots(picture_folder / "votes.csv") == ballots
    assert pd.read_csv(picture_folder / "counts.csv")["votes"].tolist() == [2]
    catalogue = open_catalogue(picture_folder)
    assert catalogue.subset([galaxy]).votes.values("Class1.2").tolist() == [0.5]


def test_a_wrong_line_of_a_log_is_named(tmp_path):
    (tmp_path / "votes.csv").write_text("GalaxyID,voter,time,answers\n1,a,t,Class1.3\n1,b,t,Class7.1\n")
    with pytest.raises(ValueError, match=r"line 3: Class7.1"):
        read_ballots(tmp_path / "votes.csv")
    (tmp_path / "votes.csv").write_text("id\n1\n")
    with pytest.raises(ValueError, match="no column GalaxyID"):
        read_ballots(tmp_path / "votes.csv")
