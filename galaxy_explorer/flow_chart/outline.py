"""Outline of the flow-chart without votes, as its placeholder while a page loads."""

from xml.etree import ElementTree as ET

from galaxy_explorer.flow_chart.layout import EDGE, WIDTH, Layout, layout_of

_ROUND = "5"


def outline(layout: Layout | None = None) -> str:
    """Draw the boxes of all questions and answers, black on a transparent ground.

    Parameters
    ----------
    layout : Layout, optional
        As of `layout_of`; every question is open without it.

    Returns
    -------
    str
        An SVG image that stretches as the chart does: across with the page, ``layout.height`` pixels down.
    """
    layout = layout or layout_of()
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"{-EDGE:g} 0 {WIDTH + 2 * EDGE:g} {round(layout.height)}",
            "preserveAspectRatio": "none",
        },
    )
    for box in (*layout.bars.values(), *(layout.tiles[column] for column in layout.shown)):
        sides = {"x": box.left, "y": box.top, "width": box.width, "height": box.bottom - box.top}
        ET.SubElement(root, "rect", {name: f"{value:.1f}" for name, value in sides.items()} | {"rx": _ROUND})
    return ET.tostring(root, encoding="unicode")
