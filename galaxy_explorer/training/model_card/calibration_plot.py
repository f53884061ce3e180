"""Calibration plot of a model as SVG: predicted against voted fractions, one panel per question."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping

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
    size = {"width": str(LEFT + COLUMNS * (PANEL + GAP)), "height": str(rows * (TOP + PANEL + BELOW))}
    svg = ET.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {size['width']} {size['height']}", "role": "img"}
        | size
        | {"font-family": "sans-serif", "font-size": "11", "fill": QUIET},
    )
    title = ET.SubElement(svg, "title")
    title.text = f"Calibration of {name}: mean vote fraction of the volunteers against the predicted one"
    ET.SubElement(svg, "rect", {**size, "fill": "#ffffff"})
    for position, question in enumerate(QUESTIONS):
        panel = _panel(svg, position)
        _write(panel, f"{question.number} {question.short}", {"y": "-8", "font-size": "13", "fill": INK})
        _frame(panel)
        if question.number in bins:
            _dots(panel, bins[question.number])
    legend = _panel(svg, len(QUESTIONS))
    _write(legend, name, {"y": "-8", "font-size": "13", "font-weight": "bold", "fill": INK})
    for number, line in enumerate(LEGEND):
        _write(legend, line, {"y": str(24 + 18 * number)})
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _panel(svg: ET.Element, position: int) -> ET.Element:
    """Add a group whose origin is the upper left corner of a panel."""
    row, column = divmod(position, COLUMNS)
    left, top = LEFT + column * (PANEL + GAP), TOP + row * (TOP + PANEL + BELOW)
    return ET.SubElement(svg, "g", {"transform": f"translate({left} {top})"})


def _write(group: ET.Element, text: str, attributes: dict[str, str]) -> None:
    """Add one line of text."""
    ET.SubElement(group, "text", attributes).text = text


def _frame(panel: ET.Element) -> None:
    """Draw a panel's frame, its ticks, and the diagonal of perfect calibration."""
    ET.SubElement(panel, "rect", {"width": str(PANEL), "height": str(PANEL), "fill": "none", "stroke": OUTLINE})
    ET.SubElement(panel, "path", {"d": f"M0 {PANEL}L{PANEL} 0", "stroke": QUIET, "stroke-dasharray": "4 4"})
    for tick in (0, 0.5, 1):
        along = tick * PANEL
        _write(panel, f"{tick:g}", {"x": f"{along:g}", "y": str(PANEL + 15), "text-anchor": "middle"})
        _write(panel, f"{tick:g}", {"x": "-6", "y": f"{PANEL - along + 4:g}", "text-anchor": "end"})


def _dots(panel: ET.Element, bins: CalibrationBins) -> None:
    """Draw a dot for each bin, larger for more answers, and a line through them."""
    if not bins.count:
        return
    points = [
        (f"{PANEL * predicted:.1f}", f"{PANEL * (1 - voted):.1f}")
        for predicted, voted in zip(bins.predicted, bins.voted, strict=True)
    ]
    line = "M" + "L".join(" ".join(point) for point in points)
    ET.SubElement(panel, "path", {"d": line, "fill": "none", "stroke": NETWORK, "stroke-width": "1.5"})
    most = max(bins.count)
    for (x, y), count in zip(points, bins.count, strict=True):
        radius = 2 + 4 * (count / most) ** 0.5
        dot = ET.SubElement(panel, "circle", {"cx": x, "cy": y, "r": f"{radius:.1f}", "fill": NETWORK})
        ET.SubElement(dot, "title").text = f"{count:g}"
