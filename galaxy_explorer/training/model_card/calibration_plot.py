"""Calibration plot of a model as SVG: predicted against voted fractions, by question."""

from collections.abc import Iterator, Mapping
from html import escape

from galaxy_explorer.decision_tree import QUESTIONS
from galaxy_explorer.models.card import CalibrationBins

# Sizes in pixels; the legend takes the last panel. The colours are those of the light theme.
PANEL, LEFT, GAP, TOP, BELOW, COLUMNS = 170, 46, 50, 34, 28, 4
NETWORK, INK, QUIET, OUTLINE = "#0072b2", "#172033", "#556074", "#d3dbe7"
LEGEND = (
    "Across: the predicted vote fraction,",
    "in tenths. Up: the volunteers’ mean",
    "for the answers in that tenth.",
    "Dashed: as it should be.",
    "Larger dots: more answers.",
)


def calibration_plot(bins: Mapping[int, CalibrationBins], name: str) -> str:
    """Return the plot of the calibration on a model card, as SVG on a white ground."""
    rows = -(-(len(QUESTIONS) + 1) // COLUMNS)
    width, height = LEFT + COLUMNS * (PANEL + GAP), rows * (TOP + PANEL + BELOW)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="11" fill="{QUIET}">',
        f"<title>Calibration of {escape(name)}: mean vote fraction of the volunteers against the predicted one</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff" />',
    ]
    for position, question in enumerate(QUESTIONS):
        content = [*_axes(), *_dots(bins.get(question.number))]
        lines += _panel(position, f"{question.number} {question.short}", content)
    text = [f'<text y="{24 + 18 * number}">{line}</text>' for number, line in enumerate(LEGEND)]
    return "\n".join([*lines, *_panel(len(QUESTIONS), name, text), "</svg>\n"])


def _panel(position: int, title: str, content: list[str]) -> list[str]:
    """Return a panel with its title; the origin of its content is the upper left corner."""
    row, column = divmod(position, COLUMNS)
    left, top = LEFT + column * (PANEL + GAP), TOP + row * (TOP + PANEL + BELOW)
    heading = f'<text y="-8" font-size="13" fill="{INK}">{escape(title)}</text>'
    return [f'<g transform="translate({left} {top})">', heading, *content, "</g>"]


def _axes() -> Iterator[str]:
    """Yield a panel's frame, the diagonal of perfect calibration, and the ticks."""
    yield f'<rect width="{PANEL}" height="{PANEL}" fill="none" stroke="{OUTLINE}" />'
    yield f'<path d="M0 {PANEL}L{PANEL} 0" stroke="{QUIET}" stroke-dasharray="4 4" />'
    for tick in (0, 0.5, 1):
        yield f'<text x="{tick * PANEL:g}" y="{PANEL + 15}" text-anchor="middle">{tick:g}</text>'
        yield f'<text x="-6" y="{PANEL - tick * PANEL + 4:g}" text-anchor="end">{tick:g}</text>'


def _dots(bins: CalibrationBins | None) -> Iterator[str]:
    """Yield a line through the bins and a dot for each, larger for more answers."""
    if not bins or not bins.count:
        return
    points = [(PANEL * x, PANEL * (1 - y)) for x, y in zip(bins.predicted, bins.voted, strict=True)]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    yield f'<path d="M{line}" fill="none" stroke="{NETWORK}" stroke-width="1.5" />'
    for (x, y), count in zip(points, bins.count, strict=True):
        radius = 2 + 4 * (count / max(bins.count)) ** 0.5
        dot = f'cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{NETWORK}"'
        yield f"<circle {dot}><title>{count:g}</title></circle>"
