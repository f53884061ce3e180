"""The questions of a vote in `AppTest`: order, undo, submission, and that nobody's answers are shown."""

from app_page import run
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.vote.questions import _longest


def page() -> None:
    """Ask about a galaxy of the sample."""
    import streamlit as st

    from galaxy_explorer.app.panel.shown_galaxy import galaxy_of
    from galaxy_explorer.app.vote.questions import ask

    answers = ask(galaxy_of("sample", "100008"), note="Galaxy 1 of 10", purpose=st.query_params.get("purpose", ""))
    st.write(f"given: {answers}")


def visit() -> AppTest:
    """The page for a new visitor."""
    return run(AppTest.from_function(page, default_timeout=60))


def press(app: AppTest, key: str = "", label: str = "") -> AppTest:
    """Press a button by its key or label."""
    next(one for one in app.button if (key and one.key == key) or (label and one.label == label)).click()
    return run(app)


def heading(app: AppTest) -> str:
    """The HTML of the question."""
    return next(html.value for html in app.html if "<h2>" in html.value)


def test_a_vote_from_the_first_question_to_the_submission() -> None:
    app = visit()
    assert "simply smooth and rounded" in heading(app)
    assert not any(button.label == "Back" for button in app.button)
    for place, words in ((0, "How rounded"), (2, "anything odd"), (0, "ring")):
        press(app, key=f"answer_{place}")
        assert words in heading(app)
    press(app, label="Back")
    press(app, label="Back")
    assert "How rounded" in heading(app)
    press(app, key="answer_1")
    press(app, key="answer_1")
    assert "Submit them?" in heading(app)
    assert app.markdown[-1].value == "given: None"
    press(app, label="Submit")
    assert app.markdown[-1].value == "given: ('Class1.1', 'Class7.2', 'Class6.2')"


def test_another_purpose_asks_again() -> None:
    app = visit()
    press(app, key="answer_2")
    press(app, label="Submit")
    assert "Class1.3" in app.markdown[-1].value
    app.query_params["purpose"] = "class ABC"
    assert "simply smooth" in heading(run(app))


def test_before_the_submission_no_share_is_on_the_page() -> None:
    app = visit()
    press(app, key="answer_1")
    shown = " ".join(
        [*(html.value for html in app.html if "<style>" not in html.value), *(b.label for b in app.button)]
    )
    assert "%" not in shown
    assert "olunteers" not in shown


def test_the_longest_path_has_eleven_steps_less_the_two_of_other_branches() -> None:
    assert _longest(1) == 9
