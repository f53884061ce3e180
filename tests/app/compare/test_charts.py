"""Tests of Compare's charts, which need no app."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from galaxy_explorer.app.compare.charts import (
    NAMES,
    colours_of,
    coverage_per_question,
    density_chart,
    errors_per_question,
)
from galaxy_explorer.decision_tree import QUESTIONS
from galaxy_explorer.flow_chart.palette import palette

AXES = ("predicted by fcn", "voted")


def by_question(value: float, but: int | None = None) -> dict[int, float]:
    """One value for each question but one."""
    return {question.number: value + question.number / 100 for question in QUESTIONS if question.number != but}


def luminance(colour: str) -> float:
    """The relative luminance of #rrggbb, as WCAG 2.2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def named(figure: go.Figure, name: str) -> dict:
    """The trace of a name."""
    (found,) = [trace for trace in figure.data if trace.name == name]
    return found


@pytest.mark.parametrize("dark", [True, False])
def test_each_network_has_a_point_and_the_mean_a_bar_in_every_question(dark: bool) -> None:
    figure = errors_per_question(
        {"fcn": by_question(0.1), "densenet": by_question(0.2)}, by_question(0.3), "mean", dark
    )
    assert [trace.name for trace in figure.data] == ["mean", "fcn", "densenet"]
    assert list(named(figure, "fcn").x) == pytest.approx([0.1 + n / 100 for n in range(1, 12)])
    assert list(named(figure, "mean").x) == pytest.approx([0.3 + n / 100 for n in range(1, 12)])
    assert [name.strip() for name in figure.layout.yaxis.ticktext] == NAMES
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # question 1 at the top


def test_points_of_networks_do_not_hide_one_another() -> None:
    same = by_question(0.1)
    figure = errors_per_question({"a": same, "b": same, "c": same}, {}, "mean", dark=True)
    rows = [np.array(trace.y) for trace in figure.data]
    assert min(abs(rows[0] - rows[1]).min(), abs(rows[1] - rows[2]).min()) >= 0.15
    assert all(abs(row - np.arange(len(NAMES))).max() < 0.33 for row in rows)  # and stay within their bar
    assert len({trace.marker.symbol for trace in figure.data}) == 3


def test_many_networks_all_have_points_that_can_be_told_apart() -> None:
    networks = {f"network {number}": by_question(0.1) for number in range(12)}
    figure = errors_per_question(networks, by_question(0.2), "mean", dark=True)
    marks = {(trace.marker.symbol, trace.marker.color) for trace in figure.data if trace.type == "scatter"}
    assert len(marks) == 12


def test_a_question_without_a_number_has_no_point() -> None:
    figure = errors_per_question({"fcn": by_question(0.1, but=3)}, {}, "mean", dark=True)
    assert named(figure, "fcn").x[2] is None
    assert [trace.name for trace in figure.data] == ["fcn"]


def test_coverage_is_drawn_with_the_nominal_level() -> None:
    figure = coverage_per_question({"fcn": by_question(0.6)}, 0.68, dark=False)
    (line,) = figure.layout.shapes
    assert line.x0 == line.x1 == 0.68
    assert "68%" in figure.layout.xaxis.title.text
    assert list(figure.layout.xaxis.range) == [0, 1]


@pytest.mark.parametrize("dark", [True, False])
def test_a_density_leaves_empty_bins_blank_and_keeps_the_counts_for_the_hover(dark: bool) -> None:
    counts = np.array([[0, 1], [100, 10]])
    heat = density_chart(counts, *AXES, dark).data[0]
    assert np.isnan(heat.z[0][0])
    assert [heat.z[0][1], heat.z[1][0], heat.z[1][1]] == [0, 2, 1]
    assert np.array_equal(heat.customdata, counts)
    assert list(heat.x) == list(heat.y) == [0.25, 0.75]
    assert list(heat.colorbar.ticktext) == ["1", "10", "100"]


def test_a_density_is_square_and_has_its_diagonal() -> None:
    figure = density_chart(np.eye(4, dtype=int), *AXES, dark=True)
    assert figure.layout.yaxis.scaleanchor == "x"
    assert list(named(figure, "equal").x) == list(named(figure, "equal").y) == [0, 1]
    assert figure.layout.xaxis.title.text == AXES[0]
    assert figure.layout.yaxis.title.text == AXES[1]


def test_a_density_of_nothing_is_an_empty_chart() -> None:
    heat = density_chart(np.zeros((3, 3), dtype=int), *AXES, dark=True).data[0]
    assert np.isnan(np.array(heat.z, dtype=float)).all()


def test_the_calibration_is_a_line_of_mean_votes() -> None:
    binned = pd.DataFrame({"predicted": [0.1, 0.6], "voted": [0.2, 0.5], "count": [30, 7]})
    line = named(density_chart(np.eye(2, dtype=int), *AXES, True, binned), "mean vote")
    assert list(line.x) == [0.1, 0.6]
    assert list(line.y) == [0.2, 0.5]
    assert list(line.customdata) == [30, 7]


@pytest.mark.parametrize("dark", [True, False])
def test_every_colour_stands_out_from_the_page(dark: bool) -> None:
    page = palette(dark).page
    assert len(set(colours_of(5, dark))) == 5
    assert min(contrast(colour, page) for colour in [*colours_of(5, dark), palette(dark).volunteers]) >= 3
    assert min(contrast(colour, page) for colour in (palette(dark).ink, palette(dark).quiet)) >= 4.5


@pytest.mark.parametrize("dark", [True, False])
def test_a_fuller_bin_always_stands_out_more(dark: bool) -> None:
    heat = density_chart(np.eye(2, dtype=int), *AXES, dark).data[0]
    away = [contrast(colour, palette(dark).page) for _, colour in heat.colorscale]
    assert away == sorted(away)
    assert away[0] > 1.15


@pytest.mark.parametrize(
    ("most", "told"), [(900, ["1", "10", "100"]), (5_000_000, ["1", "100", "10,000", "1,000,000"])]
)
def test_the_scale_of_a_density_has_as_many_numbers_as_a_phone_has_room_for(most: int, told: list[str]) -> None:
    (heat,) = (trace for trace in density_chart(np.diag([most, 1]), *AXES, dark=True).data if trace.type == "heatmap")
    assert list(heat.colorbar.ticktext) == told
    assert [10**value for value in heat.colorbar.tickvals] == [int(text.replace(",", "")) for text in told]
