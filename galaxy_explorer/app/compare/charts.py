"""Charts of Compare as plotly figures: errors and coverage by question, densities."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from galaxy_explorer.decision_tree import QUESTIONS
from galaxy_explorer.flow_chart.figure import FONT
from galaxy_explorer.flow_chart.palette import palette

ROW_PX = 34  # height of a question's row
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross")  # networks differ in shape as well as in colour
# Next to the network's blue and the accent's green: reddish purple, yellow and sky blue of Okabe and Ito.
FURTHER = {True: ("#cc79a7", "#f0e442", "#8ab4e8"), False: ("#a8487f", "#8a7a00", "#3f78c0")}
# From few to many, in one hue: from near the page's colour to the network's blue and beyond.
SCALES = {
    True: ((0.0, "#1b3350"), (0.35, "#2a6a9e"), (0.7, "#56b4e9"), (1.0, "#e6f5ff")),
    False: ((0.0, "#d3e5f2"), (0.35, "#7fb6da"), (0.7, "#0072b2"), (1.0, "#062f4b")),
}
NAMES = [f"{question.number} {question.short}" for question in QUESTIONS]
ROWS = list(range(len(QUESTIONS)))
MANY_POWERS = 5
FONT_PX = 13


def colours_of(count: int, dark: bool) -> list[str]:
    """Return the colours of networks, in their order."""
    colours = palette(dark)
    return [colours.network, colours.accent, *FURTHER[dark]][:count]


def errors_per_question(
    by_network: Mapping[str, Mapping[int, float]], mean: Mapping[int, float], mean_name: str, dark: bool
) -> go.Figure:
    """Draw the RMSE by question: a point per network, over a bar for the mean predictor."""
    figure = _row_chart("typical error in percentage points<br>(lower is better)", dark)
    figure.update_xaxes(tickvals=[step / 20 for step in range(21)], ticktext=[str(5 * step) for step in range(21)])
    if mean:
        colours = palette(dark)
        bar = {"color": colours.track, "line": {"color": colours.quiet, "width": 1}}
        hover = "%{customdata}<br>" + mean_name + " %{x:.4f}<extra></extra>"
        rows = {"y": ROWS, "x": _by_row(mean), "customdata": NAMES, "orientation": "h", "width": 0.66}
        figure.add_bar(name=mean_name, marker=bar, hovertemplate=hover, **rows)
    _add_points(figure, by_network, "%{x:.4f}", dark)
    return figure


def coverage_per_question(by_network: Mapping[str, Mapping[int, float]], level: float, dark: bool) -> go.Figure:
    """Draw the empirical coverage by question: a point per network, and the nominal level."""
    figure = _row_chart(f"votes within the interval (dotted: {level:.0%})", dark)
    figure.add_vline(level, line={"color": palette(dark).volunteers, "width": 2, "dash": "dot"})
    _add_points(figure, by_network, "%{x:.0%}", dark)
    return figure.update_xaxes(range=[0, 1], dtick=0.25, tickformat=".0%")


def density_chart(
    counts: np.ndarray, across: str, up: str, dark: bool, calibration: pd.DataFrame | None = None
) -> go.Figure:
    """Draw the joint density of two vote fractions on a logarithmic scale, with the diagonal.

    `counts` is the (B, B) result of `metrics.density`; `calibration`, that of `metrics.calibration`, adds a line.
    """
    colours, figure = palette(dark), _figure(500, dark)
    figure.add_trace(_heat_map(counts, dark))
    diagonal = {"color": colours.quiet, "dash": "dot", "width": 1.5}
    figure.add_scatter(name="equal", x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", line=diagonal)
    if calibration is not None:
        marker = {"size": 9, "symbol": "diamond", "line": {"color": colours.page, "width": 1.5}}
        figure.add_scatter(
            name="mean vote",
            x=calibration["predicted"],
            y=calibration["voted"],
            customdata=calibration["count"],
            mode="lines+markers",
            line={"color": colours.volunteers, "width": 2.5},
            marker=marker | {"color": colours.volunteers},
            hovertemplate="mean prediction %{x:.3f}<br>mean vote %{y:.3f}<br>%{customdata:,} answers<extra></extra>",
        )
    square = {"range": [0, 1], "constrain": "domain", "dtick": 0.2}
    return figure.update_xaxes(title=across, **square).update_yaxes(title=up, scaleanchor="x", **square)


def _heat_map(counts: np.ndarray, dark: bool) -> go.Heatmap:
    """Return the bins in colours by the logarithm of their counts; empty ones are blank."""
    logarithms = np.full(counts.shape, np.nan)
    np.log10(counts, out=logarithms, where=counts > 0)
    centres = (np.arange(len(counts)) + 0.5) / len(counts)
    highest = max(float(np.log10(max(counts.max(), 1))), 1.0)
    # Of many powers of ten every second one has a label: on a phone more would overlap.
    ticks = np.arange(0, int(highest) + 1, 1 if highest < MANY_POWERS else 2)
    font = {"color": palette(dark).quiet, "size": 12}
    bar = {"orientation": "h", "y": -0.17, "yanchor": "top", "thickness": 8, "len": 0.7, "outlinewidth": 0}
    labels = {"tickvals": ticks, "ticktext": [f"{10 ** int(tick):,}" for tick in ticks], "tickfont": font}
    return go.Heatmap(
        x=centres,
        y=centres,
        z=np.round(logarithms, 3),
        customdata=counts,
        zmin=0,
        zmax=highest,
        colorscale=[list(step) for step in SCALES[dark]],
        hoverongaps=False,
        hovertemplate="%{customdata:,} answers<br>around %{x:.2f} across, %{y:.2f} up<extra></extra>",
        colorbar=bar | labels | {"title": {"text": "answers", "font": font, "side": "bottom"}},
    )


def _by_row(values: Mapping[int, float]) -> list[float | None]:
    """Return values by question in the order of the rows; None if unknown."""
    return [values.get(question.number) for question in QUESTIONS]


def _add_points(figure: go.Figure, by_network: Mapping[str, Mapping[int, float]], form: str, dark: bool) -> None:
    """Add a point for each network to each question's row."""
    colours, count = colours_of(len(SYMBOLS), dark), len(by_network)
    offsets = np.linspace(-0.2, 0.2, count) if count > 1 else np.zeros(1)  # so that none hides another
    outline = {"color": palette(dark).page, "width": 1.5}
    for i, (network, values) in enumerate(by_network.items()):
        cycle, symbol = divmod(i, len(SYMBOLS))  # in each cycle the symbols have other colours
        marker = {"color": colours[(symbol + cycle) % len(colours)], "symbol": SYMBOLS[symbol], "size": 11}
        rows = {"y": [row + offsets[i] for row in ROWS], "x": _by_row(values), "customdata": NAMES}
        hover = f"%{{customdata}}<br>{network} {form}<extra></extra>"
        figure.add_scatter(name=network, mode="markers", marker=marker | {"line": outline}, hovertemplate=hover, **rows)


def _row_chart(title: str, dark: bool) -> go.Figure:
    """Return an empty chart with a row for each question, the first at the top."""
    labels = [f"{name}  " for name in NAMES]
    figure = _figure(ROW_PX * len(QUESTIONS) + 100, dark).update_xaxes(title=title, rangemode="tozero")
    return figure.update_yaxes(tickvals=ROWS, ticktext=labels, range=[len(ROWS) - 0.5, -0.5], showgrid=False)


def _figure(height: int, dark: bool) -> go.Figure:
    """Return an empty chart in the page's font and colours, with the legend above it."""
    colours = palette(dark)
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 22, "t": 36, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": FONT_PX, "color": colours.ink},
        dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "top", "yref": "container"},
        hoverlabel={"bgcolor": colours.tile, "bordercolor": colours.outline},
    )
    lines = {"gridcolor": colours.outline, "zeroline": False, "automargin": True, "fixedrange": True}
    fonts = {"title_font": {"size": FONT_PX, "color": colours.quiet}, "tickfont": {"size": FONT_PX - 0.5}}
    return figure.update_xaxes(**lines, **fonts).update_yaxes(**lines, **fonts)
