"""The walk of the quiz, and its comparison with volunteers and network."""

import re

import numpy as np
import pytest

from galaxy_explorer.app.services import sources
from galaxy_explorer.app.start import answer_pictures
from galaxy_explorer.app.start.quiz import (
    ORDER,
    PROMPTS,
    SHAPES,
    TOPICS,
    kind_of,
    next_question,
    path_of,
    questions_of,
    steps_left,
    verdict_in_words,
)
from galaxy_explorer.app.start.reveal import path_html
from galaxy_explorer.catalogue import SIMULATED, Catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTION_OF, columns_of, fractions_from_shares

SPIRAL = ["Class1.2", "Class2.2", "Class3.2", "Class4.1", "Class6.2"]
SMOOTH = ["Class1.1", "Class7.2", "Class6.2"]
EDGE_ON = ["Class1.2", "Class2.1", "Class9.1", "Class6.2"]


def votes_for(path: list[str]) -> np.ndarray:
    """Vote fractions with 90 % for each answer on a path."""
    shares = np.full(len(COLUMNS), np.nan)
    for number in range(1, 12):
        columns = columns_of(number)
        chosen = next((column for column in columns if column in path), columns[-1])
        for column in columns:
            shares[INDEX[column]] = 0.9 if column == chosen else 0.1 / (len(columns) - 1)
    return fractions_from_shares(shares)


def walks(answers: list[str]) -> list[list[str]]:
    """All complete walks that begin with some answers."""
    number = next_question(answers)
    return [answers] if number is None else [one for c in columns_of(number) for one in walks([*answers, c])]


def test_every_walk_is_short_asks_for_anything_odd_last_and_has_a_kind() -> None:
    everything = walks([])
    assert max(map(len, everything)) == steps_left([]) == 5
    for answers in everything:
        assert answers == ["Class1.3"] or QUESTION_OF[answers[-1]].number == 6
        assert steps_left(answers) == 0
        assert kind_of(answers)


@pytest.mark.parametrize("path", [SPIRAL, SMOOTH, EDGE_ON, ["Class1.3"]])
def test_the_path_of_votes_is_a_walk_of_the_quiz(path: list[str]) -> None:
    found = path_of(votes_for(path))
    assert [column for column, _ in found] == path
    assert [share for _, share in found] == pytest.approx([0.9] * len(path))


BARRED_AND_ODD = ["Class1.2", "Class2.2", "Class3.1", "Class4.1", "Class6.1"]
NO_ARMS = ["Class1.2", "Class2.2", "Class3.2", "Class4.2", "Class6.2"]


@pytest.mark.parametrize(
    ("answers", "network", "sentence"),
    [
        (SPIRAL, SPIRAL, "You, the volunteers and the network agree: a spiral."),
        (SPIRAL, SMOOTH, "You and the volunteers agree: a spiral. The network predicts a smooth galaxy."),
        (SPIRAL, None, "You and the volunteers agree: a spiral."),
        (BARRED_AND_ODD, SPIRAL, "Same on 3 of 5: you differ on bar, odd."),
        (NO_ARMS, EDGE_ON, "Same on 4 of 5: you differ on spiral arms. The network predicts an edge-on disk."),
        (
            SMOOTH,
            SMOOTH,
            "You saw a smooth galaxy, as the network predicts; 90 % of the volunteers saw features or a disk.",
        ),
        (
            SMOOTH,
            SPIRAL,
            "You saw a smooth galaxy; 90 % of the volunteers saw features or a disk, as the network predicts.",
        ),
        (
            EDGE_ON,
            SMOOTH,
            "You saw an edge-on disk; 90 % of the volunteers saw a disk that is not edge-on."
            " The network predicts a smooth galaxy.",
        ),
        (SMOOTH, None, "You saw a smooth galaxy; 90 % of the volunteers saw features or a disk."),
    ],
)
def test_the_verdict_names_who_agrees(answers: list[str], network: list[str] | None, sentence: str) -> None:
    predicted = None if network is None else votes_for(network)
    assert verdict_in_words(answers, votes_for(SPIRAL), predicted).replace("\u00a0", " ") == sentence


def test_no_verdict_says_agree_unless_the_kinds_are_equal() -> None:
    everything = walks([])
    votes = {tuple(walk): votes_for(walk) for walk in everything}
    for mine in everything:
        for theirs in everything:
            words = verdict_in_words(mine, votes[tuple(theirs)], None)
            assert ("agree" in words) == (mine == theirs)
            assert "agree" not in words or kind_of(mine) == kind_of(theirs)
            assert words.startswith("You saw") == (kind_of(mine) != kind_of(theirs))
    for network in everything:
        words = verdict_in_words(SPIRAL, votes[tuple(SPIRAL)], votes[tuple(network)])
        assert "the network agree" not in words or kind_of(network) == kind_of(SPIRAL)


def test_votes_without_a_kind_agree_with_no_one() -> None:
    unknown = np.full(len(COLUMNS), np.nan)
    assert verdict_in_words(SMOOTH, unknown, None) == "You saw a smooth galaxy; the volunteers' votes do not tell."


def test_something_odd_says_nothing_about_the_kind() -> None:
    assert kind_of([*SMOOTH[:-1], "Class6.1"]) == kind_of(SMOOTH) == "Class1.1"
    assert kind_of(NO_ARMS) == kind_of(SPIRAL)


def test_each_question_has_one_place() -> None:
    assert questions_of([SMOOTH, SPIRAL]) == [1, 7, 2, 3, 4, 6]
    html = path_html("Network", [(column, 0.9) for column in SPIRAL], [*SMOOTH[:-1], "Class6.2"], [1, 7, 2, 3, 4, 6])
    assert re.findall(r'class="([^"]+)" style="--place:(\d)', html) == [
        ("step differs", "1"),
        ("step", "3"),
        ("step", "4"),
        ("step", "5"),
        ("step same", "6"),
    ]


def test_the_table_names_columns_that_exist() -> None:
    assert {*SHAPES} <= {*COLUMNS}
    assert PROMPTS.keys() == TOPICS.keys() == {*ORDER} == {1, 2, 3, 4, 6, 7, 9}


def test_the_galaxies_of_the_sample_have_votes_and_differ(sample: Catalogue) -> None:
    from galaxy_explorer.app.start.rounds import SAMPLE_ORDER

    votes = [sample.table.loc[galaxy_id, list(COLUMNS)].to_numpy(dtype=float) for galaxy_id in SAMPLE_ORDER]
    seen = [tuple(column for column, _ in path_of(fractions)) for fractions in votes]
    assert len(set(seen[:4])) == 4


def test_an_answer_is_pictured_by_a_galaxy_without_anything_else_to_see() -> None:
    fractions = sources.open_source(SIMULATED).volunteer_fractions
    for column in ("Class4.1", "Class6.2"):
        row = answer_pictures.clearest_row(fractions, column)
        assert fractions[row, INDEX[column]] > 0.7
        assert fractions[row, INDEX["Class1.3"]] < 0.1
        assert fractions[row, INDEX["Class6.1"]] < 0.2
    assert fractions[answer_pictures.clearest_row(fractions, "Class8.6"), INDEX["Class6.1"]] > 0.5
