"""Changed answers and responses along a parameter, as numbers, charts and tables."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest

from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.state import WorkbenchState
from galaxy_explorer.app.workbench import varying
from galaxy_explorer.app.workbench.changed_answers import change_chart, changed_answers, summary
from galaxy_explorer.app.workbench.sliders import changed_text, format_of
from galaxy_explorer.app.workbench.sweep import Sweep, sweep, values_of
from galaxy_explorer.app.workbench.varying import response_chart
from galaxy_explorer.decision_tree import COLUMNS, INDEX
from galaxy_explorer.images import CHANGES, PictureChanges, change_picture
from galaxy_explorer.simulation import FIELDS

INTERVALS = np.array([np.full(37, 0.2), np.full(37, 0.6)])


def fractions(**others: float) -> np.ndarray:
    """Vote fractions of 0.4 but for some answers, as ``Class1_1``."""
    found = np.full(37, 0.4)
    for name, value in others.items():
        found[INDEX[name.replace("_", ".")]] = value
    return found


def test_the_answers_that_changed_most_come_first_one_per_question() -> None:
    after = fractions(Class3_1=0.9, Class1_1=0.5, Class1_2=0.31, Class4_1=0.405)
    found = changed_answers(fractions(), after, INTERVALS)
    assert [one.column for one in found] == ["Class3.1", "Class1.1"]
    assert [one.is_beyond for one in found] == [True, False]
    assert found[0].text.replace("\u202f", " ") == "40 % → 90 %"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "No answer changes"),
        ({"Class3_1": 0.5}, "stays within"),
        ({"Class3_1": 0.7, "Class1_1": 0.1, "Class4_1": 0.59}, "**2 of 11 questions**"),
    ],
)
def test_the_summary_counts_questions_whose_answers_leave_their_intervals(
    changed: dict[str, float], expected: str
) -> None:
    assert expected in summary(fractions(), fractions(**changed), INTERVALS)


def test_without_intervals_no_answer_is_beyond_one() -> None:
    unknown = np.full((2, 37), np.nan)
    assert not changed_answers(fractions(), fractions(Class3_1=0.9), unknown)[0].is_beyond


@pytest.mark.parametrize("dark", [True, False])
def test_the_chart_of_changes_is_valid_and_marks_what_left_its_interval(dark: bool) -> None:
    answers = changed_answers(fractions(), fractions(Class3_1=0.9, Class1_1=0.5), INTERVALS)
    figure = go.Figure(change_chart(answers, dark).to_dict())  # validated here
    after = figure.data[-1]
    assert list(after.x) == [0.9, 0.5]
    assert list(after.marker.symbol) == ["diamond", "circle"]
    assert [list(line.x) for line in figure.data[:2]] == [[0.2, 0.6], [0.2, 0.6]]
    assert "bar" in figure.layout.annotations[0].text


def sweep_of(**moving: tuple[float, float]) -> Sweep:
    """Responses to noise that move linearly from one value to another."""
    values = values_of(CHANGES["noise"], 5)
    predicted = np.tile(fractions(), (len(values), 1))
    for name, (low, high) in moving.items():
        predicted[:, INDEX[name.replace("_", ".")]] = np.linspace(low, high, len(values))
    return Sweep(CHANGES["noise"], values, predicted, np.stack([predicted - 0.1, predicted + 0.1], axis=1), None)


def test_answers_that_move_are_drawn_those_that_move_most_first() -> None:
    swept = sweep_of(Class3_1=(0.1, 0.3), Class4_1=(0.9, 0.1), Class4_2=(0.1, 0.9), Class6_1=(0.4, 0.42))
    assert swept.moved() == ["Class4.1", "Class3.1"]  # “no spiral arms” only mirrors “spiral arms”
    figure = go.Figure(response_chart(swept, swept.moved(), 10.0, True).to_dict())
    lines = [trace for trace in figure.data if trace.fill is None]
    assert [line.name for line in lines] == ["spiral arms", "bar"]
    assert list(lines[0].y) == pytest.approx([0.9, 0.7, 0.5, 0.3, 0.1])
    assert figure.layout.shapes[0].x0 == 10.0


def test_the_table_holds_all_answers_and_the_votes_of_simulated_volunteers() -> None:
    swept = sweep_of(Class3_1=(0.1, 0.3))
    voted = Sweep(swept.field, swept.values, swept.fractions, swept.intervals, swept.fractions / 2)
    table = voted.table()
    assert table.shape == (5, 1 + 4 * len(COLUMNS))
    assert table["Noise"].tolist() == swept.values.tolist()
    assert table["Class3.1_simulated_volunteers"].iloc[-1] == pytest.approx(0.15)
    assert swept.table().shape == (5, 1 + 3 * len(COLUMNS))
    dotted = [trace for trace in response_chart(voted, ["Class3.1"], 0, False).data if trace.line.dash == "dot"]
    assert [list(trace.y) for trace in dotted] == [pytest.approx(voted.votes[:, INDEX["Class3.1"]])]


@pytest.mark.parametrize("name", [*CHANGES, *FIELDS])
def test_values_of_a_range_lie_on_the_slider(name: str) -> None:
    field = CHANGES.get(name) or FIELDS[name]
    values = values_of(field)
    assert (values[0], values[-1]) == (field.low, pytest.approx(field.high, abs=field.step))
    assert len(values) > 2
    steps = (values - field.low) / field.step
    assert steps == pytest.approx(np.rint(steps), abs=1e-3)
    assert float(format_of(field).split("f")[0].join(["", "f"]) % field.step) == pytest.approx(field.step)


def test_a_sweep_predicts_each_picture_as_it_would_be_alone(draw_galaxy: Callable) -> None:
    picture, done = draw_galaxy(3, 96, 96), []
    field = CHANGES["brightness"]._replace(low=40, high=100, step=30)

    def changed(value: float) -> np.ndarray:
        return change_picture(picture, PictureChanges(brightness=value))

    swept = sweep(field, "fcn", changed, lambda value: None, lambda count, of: done.append((count, of)))
    assert swept.values.tolist() == [40, 70, 100]
    assert swept.votes is None
    alone = sweep(field._replace(low=70, high=70), "fcn", changed, lambda value: np.ones(37), lambda count, of: None)
    assert swept.fractions[1] == pytest.approx(alone.fractions[0], abs=1e-5)
    assert alone.votes is not None
    assert done == [(1, 3), (2, 3), (3, 3)]
    assert (swept.intervals[:, 0] <= swept.intervals[:, 1]).all()


def test_changed_values_are_named_with_their_units() -> None:
    text = changed_text(CHANGES, PictureChanges(rotation=30, brightness=40, zoom=0.6), PictureChanges())
    assert text == "rotation 30°, zoom 0.60 ×, brightness 40 %"


def test_the_plot_of_another_galaxy_is_not_shown_even_if_its_id_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, made = WorkbenchState(is_real=True), []
    monkeypatch.setattr(varying.state, "workbench", lambda: mine)
    monkeypatch.setattr(varying, "_sweep", lambda *_: made.append(mine.changed_galaxy) or sweep_of())
    galaxy = ShownGalaxy("1", np.zeros((4, 4, 3), np.uint8), 1.0, None, mine.results, ("1",))
    for source in ("sample", "sample", "own"):
        mine.changed_galaxy = (source, "1")
        varying._responses("fcn", galaxy, PictureChanges(), "noise", CHANGES["noise"], lambda _: galaxy)
    assert made == [("sample", "1"), ("own", "1")]
