"""Files of a class, and its votes as scores."""

import csv
import io
import zipfile

import numpy as np
import pytest

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.classroom import ClassGalaxy, Pupil, Vote
from galaxy_explorer.classroom.tables import ballots_of, class_scores, data_set_zip, votes_csv
from galaxy_explorer.decision_tree import COLUMNS, INDEX
from galaxy_explorer.images import to_png

ROUND = ("Class1.1", "Class7.1", "Class6.2")
STAR = ("Class1.3",)
SPIRAL = ("Class1.2", "Class2.2", "Class3.2", "Class4.1", "Class10.1", "Class11.2", "Class5.2", "Class6.1", "Class8.1")


@pytest.fixture
def galaxies(picture):
    return [ClassGalaxy(each, 1.0, to_png(picture), np.full(37, 0.5)) for each in ("0012", "=1+1", "unseen")]


@pytest.fixture
def ballots(galaxies):
    pupils = [Pupil(1, "Mia", 1, False, 2), Pupil(2, "rude", 2, True, 2), Pupil(3, "Pupil 2", 3, False, 1)]
    votes = [Vote(1, 0, ROUND, 0.0), Vote(2, 0, SPIRAL, 60.0), Vote(1, 1, STAR, 1.5), Vote(3, 1, ROUND, 2.0)]
    return ballots_of(galaxies, pupils, [*votes, Vote(9, 0, STAR, 3.0)])  # the last pupil was removed meanwhile


def test_a_vote_is_a_ballot_under_the_shown_name(ballots):
    assert [(ballot.galaxy, ballot.voter) for ballot in ballots] == [
        ("0012", "Mia"),
        ("0012", "Pupil 2 (nickname hidden)"),
        ("=1+1", "Mia"),
        ("=1+1", "Pupil 2"),
    ]
    assert ballots[1].time == "1970-01-01T00:01:00+00:00"


def test_scores_of_a_class_are_its_vote_fractions(galaxies, ballots):
    first, second, unseen = class_scores(galaxies, ballots)
    assert unseen is None
    assert first[[INDEX[column] for column in ("Class1.1", "Class1.2", "Class1.3")]].tolist() == [0.5, 0.5, 0.0]
    assert first[INDEX["Class11.2"]] == 0.5
    assert second[INDEX["Class1.3"]] == 0.5


def test_the_csv_has_every_vote_in_words_and_no_formula(galaxies, ballots):
    rows = list(csv.DictReader(io.StringIO(votes_csv(galaxies, ballots).decode("utf-8-sig"))))
    assert [(row["galaxy"], row["GalaxyID"], row["pupil"]) for row in rows] == [
        ("1", "0012", "Mia"),
        ("1", "0012", "Pupil 2 (nickname hidden)"),
        ("2", "'=1+1", "Mia"),
        ("2", "'=1+1", "Pupil 2"),
    ]
    assert rows[0]["question 1"] == "smooth"
    assert rows[0]["question 2"] == ""
    assert rows[1]["answers"] == " ".join(SPIRAL)
    assert "rude" not in str(rows)


def test_the_data_set_opens_as_a_catalogue(galaxies, ballots, tmp_path):
    kept = [galaxy for galaxy in galaxies if galaxy.galaxy_id != "=1+1"]
    content = data_set_zip(kept, [ballot for ballot in ballots if ballot.galaxy == "0012"])
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        packed.extractall(tmp_path / "5b")
    assert (tmp_path / "5b" / "volunteers" / "scores.csv").is_file()
    assert not (tmp_path / "5b" / "network").exists()
    opened = open_catalogue(tmp_path / "5b")
    assert sorted(opened.ids) == ["0012", "unseen"]
    assert opened.table.loc["0012", list(COLUMNS)].to_numpy(float)[INDEX["Class1.1"]] == pytest.approx(0.5)
