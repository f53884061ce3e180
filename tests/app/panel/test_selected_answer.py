"""The answer that is explained first."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.panel.selected_answer import most_telling
from galaxy_explorer.decision_tree import COLUMNS, INDEX

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


def test_nothing_odd_is_never_the_most_telling_but_something_odd_may_be() -> None:
    usual = fractions(Class1_1=0.5, Class6_2=0.5)
    assert most_telling(fractions(Class1_1=0.6, Class6_2=1.0), usual) == "Class1.1"
    assert most_telling(fractions(Class1_1=0.6, Class6_1=1.0), usual) == "Class6.1"


def test_without_usual_fractions_it_is_the_first_of_the_path_that_names_something() -> None:
    assert most_telling(EDGE_ON, None) == "Class2.1"


def test_it_never_says_what_a_galaxy_lacks_nor_what_only_leads_on() -> None:
    disk = fractions(Class1_2=1.0, Class2_2=1.0, Class3_2=1.0, Class4_2=1.0, Class5_3=0.6, Class6_2=1.0)
    assert most_telling(disk, fractions(Class5_3=0.7)) == "Class5.3"
    assert most_telling(fractions(Class1_2=1.0), None) == "Class1.2"  # the path ends there


def page_of_a_galaxy() -> None:
    """Open two questions of one galaxy and fold one again; then show the next galaxy."""
    import numpy as np
    import streamlit as st

    from galaxy_explorer.app import state
    from galaxy_explorer.app.panel.chart import opened_questions
    from galaxy_explorer.app.panel.selected_answer import select_answer, start_answer, toggle_question

    fractions = np.full(37, 0.01)
    start_answer("one", fractions, None)
    for pressed in (9, 10, 9, "10", None, 12):
        toggle_question(pressed)
    st.text(str(sorted(state.panel().opened)))
    select_answer("Class11.2")
    st.text(str(sorted(opened_questions())))
    select_answer("Class1.1")
    st.text(str(sorted(opened_questions())))
    start_answer("two", fractions, None)
    st.text(str(sorted(state.panel().opened)))


def test_opened_questions_stay_open_until_another_galaxy_is_shown() -> None:
    app = AppTest.from_function(page_of_a_galaxy, default_timeout=60).run()
    assert not app.exception
    assert [text.value for text in app.text] == ["[10]", "[10, 11]", "[1, 10, 11]", "[]"]
