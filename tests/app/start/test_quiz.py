"""The walk of the quiz, and its comparison with volunteers and network."""

import numpy as np
import pytest

from galaxy_explorer.app.start.quiz import (
    DRAWING_OF,
    PROMPTS,
    VERDICTS,
    next_question,
    path_of,
    steps_left,
    verdict_in_words,
    verdict_of,
)
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTION_OF, columns_of, fractions_from_shares
from galaxy_explorer.drawn_galaxies import DRAWINGS

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


def test_every_walk_is_short_asks_for_anything_odd_last_and_has_a_verdict() -> None:
    everything = walks([])
    assert max(map(len, everything)) == steps_left([]) == 5
    for answers in everything:
        assert answers == ["Class1.3"] or QUESTION_OF[answers[-1]].number == 6
        assert steps_left(answers) == 0
        assert verdict_of(answers)


@pytest.mark.parametrize("path", [SPIRAL, SMOOTH, EDGE_ON, ["Class1.3"]])
def test_the_path_of_votes_is_a_walk_of_the_quiz(path: list[str]) -> None:
    found = path_of(votes_for(path))
    assert [column for column, _ in found] == path
    assert [share for _, share in found] == pytest.approx([0.9] * len(path))


@pytest.mark.parametrize(
    ("answers", "network", "sentence"),
    [
        (SPIRAL, SPIRAL, "You, 73 % of the volunteers and the network agree: a spiral."),
        (SPIRAL, SMOOTH, "You and 73 % of the volunteers saw a spiral; the network predicts a smooth galaxy."),
        (SMOOTH, SMOOTH, "You and the network agree: a smooth galaxy. 73 % of the volunteers saw a spiral."),
        (
            SMOOTH,
            SPIRAL,
            "You saw a smooth galaxy; 73 % of the volunteers saw a spiral, and the network predicts the same.",
        ),
        (
            SMOOTH,
            EDGE_ON,
            "You saw a smooth galaxy; 73 % of the volunteers saw a spiral, and the network predicts an edge-on disk.",
        ),
        (SPIRAL, None, "You and 73 % of the volunteers saw a spiral."),
        (SMOOTH, None, "You saw a smooth galaxy; 73 % of the volunteers saw a spiral."),
    ],
)
def test_the_verdict_names_who_agrees(answers: list[str], network: list[str] | None, sentence: str) -> None:
    predicted = None if network is None else votes_for(network)
    assert verdict_in_words(answers, votes_for(SPIRAL), predicted).replace("\u00a0", " ") == sentence


def test_something_odd_comes_before_the_shape() -> None:
    assert verdict_of([*SMOOTH[:-1], "Class6.1"]) == "Class6.1"


def test_the_table_names_columns_and_drawings_that_exist() -> None:
    assert {*VERDICTS} <= {*COLUMNS}
    assert all(number < len(DRAWINGS[column]) for column, number in DRAWING_OF.items())
    assert PROMPTS.keys() == {1, 2, 3, 4, 6, 7, 9}


def test_the_galaxies_of_the_sample_have_votes_and_differ(sample: Catalogue) -> None:
    from galaxy_explorer.app.start.rounds import SAMPLE_ORDER

    votes = [sample.table.loc[galaxy_id, list(COLUMNS)].to_numpy(dtype=float) for galaxy_id in SAMPLE_ORDER]
    verdicts = [verdict_of([column for column, _ in path_of(fractions)]) for fractions in votes]
    assert len(set(verdicts[:4])) == 4
