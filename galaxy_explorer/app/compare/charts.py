"""The charts of Compare, as plotly figures: errors per question, coverage, densities. Numbers in, figures out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from galaxy_explorer.decision_tree import QUESTIONS
from galaxy_explorer.flow_chart.figure import FONT
from galaxy_explorer.flow_chart.palette import palette

ROW_PX = 34  # the height of a question's row
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross")  # networks differ by shape as well as by colour
# Beyond the network's blue and the accent's green: reddish purple, yellow and sky blue of Okabe and Ito.
FURTHER = {True: ("#cc79a7", "#f0e442", "#8ab4e8"), False: ("#a8487f", "#8a7a00", "#3f78c0")}
# From few to many, in one hue: from just off the page's colour to the network's blue and beyond.
SCALES = {
    True: ((0.0, "#1b3350"), (0.35, "#2a6a9e"), (0.7, "#56b4e9"), (1.0, "#e6f5ff")),
    False: ((0.0, "#d3e5f2"), (0.35, "#7fb6da"), (0.7, "#0072b2"), (1.0, "#062f4b")),
}
NAMES = [f"{question.number} {question.short}" for question in QUESTIONS]
MANY_POWERS = 5
ROWS = list(range(len(QUESTIONS)))


@dataclass(frozen=True)
class Axes:
    """What stands along the two axes of a density."""

    across: str
    up: str
    counted: str  # what is counted in a bin, in the plural


def colours_of(count: int, dark: bool) -> list[str]:
    """Give the colours of some networks, in their order."""
    colours = palette(dark)
    return [colours.network, colours.accent, *FURTHER[dark]][:count]


def errors_per_question(
    by_network: Mapping[str, Mapping[int, float]], mean: Mapping[int, float], mean_name: str, dark: bool
) -> go.Figure:
    """Draw each question's RMSE as a point for each network, over a bar of what the mean predictor gets.

    Parameters
    ----------
    by_network : mapping of str to mapping of int to float
        The RMSE by question number, of each network.
    mean : mapping of int to float
        That of the mean predictor; empty where it is unknown.
    mean_name : str
        What the legend calls it.
    dark : bool
        Whether the theme is dark.

    Returns
    -------
    go.Figure
        A row for each question, the first at the top.
    """
    colours = palette(dark)
    figure = go.Figure()
    if mean:
        figure.add_bar(
            name=mean_name, y=ROWS, x=_by_row(mean), customdata=NAMES, orientation="h", width=0.66,
            marker={"color": colours.track, "line": {"color": colours.quiet, "width": 1}},
            hovertemplate="%{customdata}<br>" + mean_name + " %{x:.4f}<extra></extra>",
        )  # fmt: skip
    _add_points(figure, by_network, "%{x:.4f}", dark)
    _lay_out_rows(figure, "RMSE: further left is better", dark)
    return figure


def coverage_per_question(by_network: Mapping[str, Mapping[int, float]], level: float, dark: bool) -> go.Figure:
    """Draw the part of each question's votes within the networks' intervals, beside the part that they promise.

    Parameters
    ----------
    by_network : mapping of str to mapping of int to float
        The part of the votes in [0, 1] by question number, of each network.
    level : float
        The part that was promised.
    dark : bool
        Whether the theme is dark.
    """
    figure = go.Figure()
    figure.add_vline(level, line={"color": palette(dark).volunteers, "width": 2, "dash": "dot"})
    _add_points(figure, by_network, "%{x:.0%}", dark)
    _lay_out_rows(figure, f"votes within (dotted: {level:.0%})", dark)
    figure.update_xaxes(range=[0, 1], dtick=0.25, tickformat=".0%")
    return figure


def density_chart(counts: np.ndarray, axes: Axes, dark: bool, calibration: pd.DataFrame | None = None) -> go.Figure:
    """Draw how often two vote fractions go together, with the diagonal on which both are equal.

    Parameters
    ----------
    counts : (B, B) np.ndarray of int
        As `comparison.density` gives it.
    axes : Axes
        What stands along the axes.
    dark : bool
        Whether the theme is dark.
    calibration : pd.DataFrame, optional
        As `comparison.calibration` gives it: drawn as a line of mean votes.

    Returns
    -------
    go.Figure
        A square map in colours that grow with the logarithm of the count; bins without any are left blank.
    """
    colours = palette(dark)
    figure = go.Figure()
    figure.add_trace(_heat_map(counts, axes, dark))
    figure.add_scatter(
        name="equal", x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip",
        line={"color": colours.quiet, "dash": "dot", "width": 1.5},
    )  # fmt: skip
    if calibration is not None:
        figure.add_scatter(
            name="mean vote", x=calibration["predicted"], y=calibration["voted"], customdata=calibration["count"],
            mode="lines+markers", line={"color": colours.volunteers, "width": 2.5},
            marker={"size": 9, "symbol": "diamond", "color": colours.volunteers,
                    "line": {"color": colours.page, "width": 1.5}},
            hovertemplate="predicted %{x:.3f} on average<br>mean vote %{y:.3f}<br>%{customdata:,} "
            + axes.counted + "<extra></extra>",
        )  # fmt: skip
    _lay_out(figure, dark, height=500)
    figure.update_xaxes(title=axes.across, range=[0, 1], constrain="domain", dtick=0.2)
    figure.update_yaxes(title=axes.up, range=[0, 1], scaleanchor="x", constrain="domain", dtick=0.2)
    return figure


def _heat_map(counts: np.ndarray, axes: Axes, dark: bool) -> go.Heatmap:
    """Colour the bins by the logarithm of their counts."""
    logarithms = np.full(counts.shape, np.nan)
    np.log10(counts, out=logarithms, where=counts > 0)
    centres = (np.arange(len(counts)) + 0.5) / len(counts)
    highest = max(float(np.log10(max(counts.max(), 1))), 1.0)
    # Of many powers of ten every second has a number: on a phone they would stand aslant, one over the other.
    ticks = np.arange(0, int(highest) + 1, 1 if highest < MANY_POWERS else 2)
    ink = palette(dark).quiet
    return go.Heatmap(
        x=centres, y=centres, z=np.round(logarithms, 3), customdata=counts, zmin=0, zmax=highest,
        colorscale=[list(step) for step in SCALES[dark]], hoverongaps=False,
        hovertemplate="%{customdata:,} " + axes.counted + "<br>around %{x:.2f} across, %{y:.2f} up<extra></extra>",
        colorbar={
            "orientation": "h", "y": -0.17, "yanchor": "top", "thickness": 8, "len": 0.7, "outlinewidth": 0,
            "tickvals": ticks, "ticktext": [f"{10**int(tick):,}" for tick in ticks],
            "tickfont": {"color": ink, "size": 12}, "title": {"text": axes.counted, "font": {"color": ink, "size": 12},
                                                              "side": "bottom"},
        },
    )  # fmt: skip


def _by_row(values: Mapping[int, float]) -> list[float | None]:
    """Put values by question into the order of the rows; None where there is none."""
    return [values.get(question.number) for question in QUESTIONS]


def _add_points(figure: go.Figure, by_network: Mapping[str, Mapping[int, float]], shown: str, dark: bool) -> None:
    """Add a point for each network to each question's row."""
    outline = palette(dark).page
    colours = colours_of(len(SYMBOLS), dark)
    count = len(by_network)
    apart = np.linspace(-0.2, 0.2, count) if count > 1 else np.zeros(1)  # so that none hides another
    for i, (name, values) in enumerate(by_network.items()):
        around, symbol = divmod(i, len(SYMBOLS))  # each time round, the symbols have other colours
        figure.add_scatter(
            name=name, y=[row + apart[i] for row in ROWS], x=_by_row(values), customdata=NAMES, mode="markers",
            marker={"color": colours[(symbol + around) % len(colours)], "symbol": SYMBOLS[symbol], "size": 11, "line": {"color": outline, "width": 1.5}},
            hovertemplate=f"%{{customdata}}<br>{name} {shown}<extra></extra>",
        )  # fmt: skip


def _lay_out_rows(figure: go.Figure, title: str, dark: bool) -> None:
    """Lay out a chart with a row for each question."""
    _lay_out(figure, dark, height=ROW_PX * len(QUESTIONS) + 100)
    figure.update_yaxes(
        tickvals=ROWS, ticktext=[f"{name}  " for name in NAMES], range=[len(ROWS) - 0.5, -0.5], showgrid=False
    )
    figure.update_xaxes(title=title, rangemode="tozero")


def _lay_out(figure: go.Figure, dark: bool, height: int) -> None:
    """Give a chart the page's type and colours, and a legend above it that leaves its width to the data."""
    colours = palette(dark)
    figure.update_layout(
        height=height, margin={"l": 8, "r": 22, "t": 36, "b": 8}, paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)", font={"family": FONT, "size": 13, "color": colours.ink}, dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "top", "yref": "container", "font": {"size": 13}},
        hoverlabel={"bgcolor": colours.tile, "bordercolor": colours.outline,
                    "font": {"family": FONT, "color": colours.ink}},
    )  # fmt: skip
    lines = {"gridcolor": colours.outline, "zeroline": False, "automargin": True, "fixedrange": True,
             "title_font": {"size": 13, "color": colours.quiet}, "tickfont": {"size": 12.5}}  # fmt: skip
    figure.update_xaxes(**lines)
    figure.update_yaxes(**lines)
