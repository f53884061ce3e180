"""Outline of the flow-chart without votes, as its placeholder while a page loads."""

from xml.etree import ElementTree as ET

from galaxy_explorer.flow_chart.layout import BARS, EDGE, HEIGHT, TILES, WIDTH

_ROUND = "5"


def outline() -> str:
    """Draw the boxes of all questions and answers, black on a transparent ground.

    Returns
    -------
    str
        An SVG image that stretches as the chart does: across with the page, `HEIGHT` pixels down.
    """
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"{-EDGE:g} 0 {WIDTH + 2 * EDGE:g} {round(HEIGHT)}",
            "preserveAspectRatio": "none",
        },
    )
    for box in (*BARS.values(), *TILES.values()):
        width, height = box.right - box.left, box.bottom - box.top
        sides = {"x": box.left, "y": box.top, "width": width, "height": height}
        ET.SubElement(root, "rect", {name: f"{value:.1f}" for name, value in sides.items()} | {"rx": _ROUND})
    return ET.tostring(root, encoding="unicode")
