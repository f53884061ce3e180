"""Answers that changed with a picture, against their 68 % prediction intervals."""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTIONS, label_of
from galaxy_explorer.evaluation.metrics import largest_differences
from galaxy_explorer.flow_chart import percent
from galaxy_explorer.flow_chart.figure import FONT
from galaxy_explorer.flow_chart.palette import Palette, blend, palette

MIN_CHANGE = 0.01  # of a vote fraction that is listed
MOST = 5  # answers that are listed
ROW_PX, AXIS_PX = 46, 30
FONT_PX = 13
BEYOND = {True: "#cc79a7", False: "#a8487f"}  # by theme: reddish purple of Okabe and Ito, apart from blue in every eye


class ChangedAnswer(NamedTuple):
    """An answer's vote fraction before and after a change, with its earlier 68 % interval."""

    column: str
    before: float
    after: float
    lower: float  # NaN if unknown
    upper: float

    @property
    def is_beyond(self) -> bool:
        """Whether it left the interval; False if that is unknown."""
        return self.after < self.lower or self.after > self.upper

    @property
    def text(self) -> str:
        """Before and after: ``78 % → 31 %``."""
        return f"{percent(self.before)} → {percent(self.after)}"


def changed_answers(
    before: np.ndarray, after: np.ndarray, intervals: np.ndarray, most: int = MOST
) -> list[ChangedAnswer]:
    """Return the answers that changed most, at most one per question.

    Parameters
    ----------
    before, after : (37,) np.ndarray
        Predicted vote fractions.
    intervals : (2, 37) np.ndarray
        The 68 % prediction intervals before the change; NaN if unknown.
    most : int
        Largest number of answers.

    Returns
    -------
    list of ChangedAnswer
        The largest change first, none below `MIN_CHANGE`.
    """
    rows = [INDEX[column] for column in largest_differences(after, before, most)]
    return [
        ChangedAnswer(COLUMNS[row], float(before[row]), float(after[row]), *map(float, intervals[:, row]))
        for row in rows
        if abs(after[row] - before[row]) >= MIN_CHANGE
    ]


def summary(before: np.ndarray, after: np.ndarray, intervals: np.ndarray) -> str:
    """Return a sentence on the answers that left their 68 % prediction intervals."""
    answers = changed_answers(before, after, intervals, len(QUESTIONS))
    if not answers:
        return "No answer changes by 1 % or more."
    beyond = [one for one in answers if one.is_beyond]
    if not beyond:
        return f"Every answer stays within its 68 % interval. Largest change: {label_of(answers[0].column)}."
    return f"In **{len(beyond)} of {len(QUESTIONS)} questions** an answer leaves its 68 % interval."


def change_chart(answers: list[ChangedAnswer], dark: bool) -> go.Figure:
    """Draw a row for each answer: a band for the interval before, a ring before, a disk after."""
    colours, rows = palette(dark), range(len(answers))
    after = [BEYOND[dark] if one.is_beyond else colours.network for one in answers]
    ring = {"color": colours.page, "line": {"color": colours.quiet, "width": 2}}
    disk = {"color": after, "symbol": ["diamond" if one.is_beyond else "circle" for one in answers]}
    traces = [
        *(_line([one.lower, one.upper], row, 12, colours.bar) for row, one in enumerate(answers)),
        *(_line([one.before, one.after], row, 2, after[row]) for row, one in enumerate(answers)),
        _points([one.before for one in answers], rows, ring),
        _points([one.after for one in answers], rows, disk),
    ]
    words = [_annotation(one, row, colours) for row, one in enumerate(answers)]
    return go.Figure({"data": traces, "layout": _frame(len(answers), words, colours)}, _validate=False)


def _line(ends: list[float], row: int, width: int, colour: str) -> dict[str, Any]:
    """Return a horizontal line in a row."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": ends,
        "y": [row, row],
        "line": {"color": colour, "width": width},
        "hoverinfo": "skip",
    }


def _points(values: list[float], rows: range, marker: dict[str, Any]) -> dict[str, Any]:
    """Return one point in each row."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": list(rows),
        "marker": {"size": 12, **marker},
        "hovertemplate": "%{x:.1%}<extra></extra>",
    }


def _annotation(one: ChangedAnswer, row: int, colours: Palette) -> dict[str, Any]:
    """Return the text over a row: the answer, before and after, and the interval."""
    interval = "" if np.isnan(one.lower) else f"68 % interval {100 * one.lower:.0f} to {percent(one.upper)}"
    quiet = f"<span style='color:{colours.quiet}'>{interval}</span>"
    text = f"<b>{label_of(one.column)}</b>  {one.text}  {quiet}"
    position = {"x": 0, "xref": "paper", "xanchor": "left", "y": row - 0.42, "yanchor": "middle"}
    return {"text": text, "showarrow": False, "align": "left", **position}


def _frame(rows: int, words: list[dict[str, Any]], colours: Palette) -> dict[str, Any]:
    """Return the layout: vote fractions from 0 to 100 %, the first row at the top."""
    grid = blend(colours.page, colours.quiet, 0.2)
    across = {"range": [-0.02, 1.02], "dtick": 0.25, "tickformat": ".0%", "gridcolor": grid, "zeroline": False}
    return {
        "xaxis": across | {"fixedrange": True},
        "yaxis": {"range": [rows - 0.6, -0.8], "visible": False, "fixedrange": True},
        "annotations": words,
        "height": ROW_PX * rows + AXIS_PX,
        "margin": {"l": 4, "r": 4, "t": 0, "b": AXIS_PX},
        "font": {"family": FONT, "size": FONT_PX, "color": colours.ink},
        "paper_bgcolor": colours.page,
        "plot_bgcolor": colours.page,
        "showlegend": False,
    }
