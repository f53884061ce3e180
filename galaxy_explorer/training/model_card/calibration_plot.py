"""A network's calibration as a picture beside its card: predicted against voted fractions, a panel a question."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping

from galaxy_explorer.decision_tree import QUESTIONS

# Small panels in rows of four, in the last place what they show. The colours are those of the light theme.
PANEL, LEFT, GAP, TOP, BELOW, ACROSS = 170, 46, 50, 34, 28, 4
NETWORK, INK, QUIET, OUTLINE = "#0072b2", "#172033", "#556074", "#d3dbe7"
KEY = (
    "Across: the predicted vote fraction,",
    "in tenths. Up: the volunteers’ mean",
    "for the answers in that tenth.",
    "Dashed: as it should be.",
    "Larger dots: more answers.",
)


def calibration_picture(by_question: Mapping[str, Mapping[str, list[float]]], name: str) -> str:
    """Draw the calibration of a network as small panels, one a question.

    Parameters
    ----------
    by_question : mapping
        The ``calibration`` of a card.
    name : str
        What the network is called.

    Returns
    -------
    str
        An SVG picture, which needs nothing but itself and keeps its white ground in a dark theme.
    """
    rows = -(-(len(QUESTIONS) + 1) // ACROSS)  # one more place, for the key
    size = {"width": str(LEFT + ACROSS * (PANEL + GAP)), "height": str(rows * (TOP + PANEL + BELOW))}
    svg = ET.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {size['width']} {size['height']}", "role": "img"}
        | size
        | {"font-family": "sans-serif", "font-size": "11", "fill": QUIET},
    )
    title = ET.SubElement(svg, "title")
    title.text = f"Calibration of {name}: mean vote fraction of the volunteers against the predicted one"
    ET.SubElement(svg, "rect", {**size, "fill": "#ffffff"})
    for place, question in enumerate(QUESTIONS):
        panel = _group(svg, place)
        _write(panel, f"{question.number} {question.short}", {"y": "-8", "font-size": "13", "fill": INK})
        _frame(panel)
        _dots(panel, by_question.get(str(question.number), {}))
    key = _group(svg, len(QUESTIONS))
    _write(key, name, {"y": "-8", "font-size": "13", "font-weight": "bold", "fill": INK})
    for number, line in enumerate(KEY):
        _write(key, line, {"y": str(24 + 18 * number)})
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _group(svg: ET.Element, place: int) -> ET.Element:
    """Begin a group whose origin is the upper left corner of a panel."""
    row, column = divmod(place, ACROSS)
    left, top = LEFT + column * (PANEL + GAP), TOP + row * (TOP + PANEL + BELOW)
    return ET.SubElement(svg, "g", {"transform": f"translate({left} {top})"})


def _write(group: ET.Element, words: str, looks: dict[str, str]) -> None:
    """Write one line."""
    ET.SubElement(group, "text", looks).text = words


def _frame(panel: ET.Element) -> None:
    """Draw a panel's frame, its ticks, and the diagonal on which a calibrated network's dots lie."""
    ET.SubElement(panel, "rect", {"width": str(PANEL), "height": str(PANEL), "fill": "none", "stroke": OUTLINE})
    ET.SubElement(panel, "path", {"d": f"M0 {PANEL}L{PANEL} 0", "stroke": QUIET, "stroke-dasharray": "4 4"})
    for tick in (0, 0.5, 1):
        along = tick * PANEL
        _write(panel, f"{tick:g}", {"x": f"{along:g}", "y": str(PANEL + 15), "text-anchor": "middle"})
        _write(panel, f"{tick:g}", {"x": "-6", "y": f"{PANEL - along + 4:g}", "text-anchor": "end"})


def _dots(panel: ET.Element, found: Mapping[str, list[float]]) -> None:
    """Draw a dot for each bin, larger the more answers are in it, and a line through them."""
    if not found or not found["count"]:
        return
    where = [
        (f"{PANEL * ours:.1f}", f"{PANEL * (1 - theirs):.1f}")
        for ours, theirs in zip(found["predicted"], found["voted"], strict=True)
    ]
    line = "M" + "L".join(" ".join(point) for point in where)
    ET.SubElement(panel, "path", {"d": line, "fill": "none", "stroke": NETWORK, "stroke-width": "1.5"})
    most = max(found["count"])
    for (x, y), count in zip(where, found["count"], strict=True):
        radius = 2 + 4 * (count / most) ** 0.5
        dot = ET.SubElement(panel, "circle", {"cx": x, "cy": y, "r": f"{radius:.1f}", "fill": NETWORK})
        ET.SubElement(dot, "title").text = f"{count:g}"
