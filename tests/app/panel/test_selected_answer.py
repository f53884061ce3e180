"""The answer that is explained first."""

import numpy as np
import pytest

from galaxy_explorer.app.panel.selected_answer import most_telling
from galaxy_explorer.decision_tree import COLUMNS, INDEX, most_likely_path

USUAL = {"Class1.1": 0.45, "Class1.2": 0.5, "Class2.2": 0.45, "Class4.1": 0.2, "Class6.2": 0.8, "Class3.2": 0.35}


def fractions(**votes: float) -> np.ndarray:
    """Vote fractions that are 0 except for some answers."""
    values = np.zeros(len(COLUMNS))
    for name, value in votes.items():
        values[INDEX[name.replace("_", ".")]] = value
    return values


SPIRAL = fractions(Class1_2=0.9, Class2_2=0.85, Class3_1=0.1, Class3_2=0.75, Class4_1=0.8, Class6_2=0.9)
BARRED = SPIRAL + fractions(Class3_1=0.6) - fractions(Class3_2=0.6)
EDGE_ON = fractions(Class1_2=0.8, Class2_1=0.7, Class2_2=0.1, Class6_2=0.9)


@pytest.mark.parametrize(("galaxy", "answer"), [(SPIRAL, "Class4.1"), (BARRED, "Class3.1"), (EDGE_ON, "Class2.1")])
def test_the_most_telling_answer_is_furthest_above_what_is_usual(galaxy: np.ndarray, answer: str) -> None:
    usual = fractions(**{name.replace(".", "_"): value for name, value in USUAL.items()})
    assert most_telling(galaxy, usual) == answer


def test_without_usual_fractions_it_is_the_first_of_the_path() -> None:
    assert most_telling(EDGE_ON, None) == most_likely_path(EDGE_ON)[0][0]
