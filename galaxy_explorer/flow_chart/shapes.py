"""Shapes of the flow-chart: curves, questions, answers and their icons."""

from collections.abc import Collection
from typing import Any

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart import icons
from galaxy_explorer.flow_chart.curves import offsets, ribbon
from galaxy_explorer.flow_chart.layout import ICON_MIDDLE, TIER_WIDTH, Box, Layout, tier_of
from galaxy_explorer.flow_chart.palette import Palette, blend, tier_colour
from galaxy_explorer.flow_chart.readings import Reading, opacity_of_answer, opacity_of_question

Shape = dict[str, Any]
ICON_SCALE = 0.72  # of the drawings' square of 40 pixels


def all_shapes(
    readings: list[Reading], layout: Layout, path: set[str], rings: Collection[str], colours: Palette
) -> list[Shape]:
    """Return every shape, from back to front."""
    shapes = [_line(f"thread {column}", ribbon(layout, column, 0), colours.thread, 1) for column in tree.COLUMNS]
    shapes += _curves(readings[0], layout, path, colours)
    shapes.append(area("end", rounded(layout.end, 9), colours.tile, colours.outline))
    shapes += _questions(readings, layout, path, colours) + _answers(readings, layout, path, colours)
    for column in layout.shown:
        shapes += _icon(column, layout.tiles[column], opacity_of_answer(readings, column), colours)
    for column in rings:
        tile = layout.tiles[column]
        around = Box(tile.left - 2, tile.top - 2, tile.right + 2, tile.bottom + 2)
        shapes.append(_line(f"ring {column}", rounded(around, 9), colours.ring, 3))
    return shapes


def _curves(lead: Reading, layout: Layout, path: set[str], colours: Palette) -> list[Shape]:
    """Return the votes that flow from each answer, the likeliest path last and on top."""
    beside = offsets(lead)
    shapes = []
    for column in sorted(tree.COLUMNS, key=lambda name: name in path):
        votes = lead.flow(column)
        if votes > 0:
            colour = colours.accent if column in path else colours.curve
            shapes.append(area(f"curve {column}", ribbon(layout, column, votes, beside.get(column, 0.0)), colour))
    return shapes


def _questions(readings: list[Reading], layout: Layout, path: set[str], colours: Palette) -> list[Shape]:
    """Return the bars of the questions, each with the colour of its tier at its left end."""
    on_path = {tree.QUESTION_OF[column].number for column in path}
    shapes = []
    for number, box in layout.bars.items():
        opacity = opacity_of_question(readings, number)
        fill = question_fill(opacity, number in on_path, colours, number in layout.folded)
        outlined = number in layout.folded or not opacity
        shapes.append(area(f"question {number}", rounded(box, 7), fill, colours.outline if outlined else None))
        end = Box(box.left, box.top, box.left + TIER_WIDTH, box.bottom)
        shapes.append(area(f"tier {number}", rounded(end, TIER_WIDTH / 2), tier_colour(colours, tier_of(number))))
    return shapes


def _answers(readings: list[Reading], layout: Layout, path: set[str], colours: Palette) -> list[Shape]:
    """Return the tiles of the answers, those of the likeliest path last and outlined."""
    shapes = []
    for column in sorted(layout.shown, key=lambda name: name in path):
        fill = answer_fill(opacity_of_answer(readings, column), column in path, colours)
        outline, width = (colours.accent, 2) if column in path else (colours.outline, 1)
        shapes.append(area(f"answer {column}", rounded(layout.tiles[column], 7), fill, outline, width))
    return shapes


def question_fill(opacity: float, on_path: bool, colours: Palette, folded: bool = False) -> str:
    """Return the colour of a question's bar."""
    if folded:
        return colours.faded
    return colours.accent_bar if on_path and opacity else blend(colours.faded, colours.bar, opacity)


def answer_fill(opacity: float, on_path: bool, colours: Palette) -> str:
    """Return the colour of an answer's tile."""
    return colours.accent_tile if on_path and opacity else blend(colours.faded, colours.tile, opacity)


def _icon(column: str, tile: Box, opacity: float, colours: Palette) -> list[Shape]:
    """Return an answer's icon, whose size in pixels does not depend on the chart's width."""
    icon = icons.ICONS[column]
    ink = blend(colours.icon_faded, colours.icon, opacity)
    soft = blend(colours.icon_faded_soft, colours.icon_soft, opacity)
    paths = [icons.scaled(path, ICON_SCALE) for path in (icon.soft, icon.bright, icon.lines)]
    name, anchor = f"icon {column}", {"xanchor": tile.left + ICON_MIDDLE, "yanchor": tile.centre}
    shapes = [area(name, paths[0], soft), area(name, paths[1], ink), _line(name, paths[2], ink, 1.4)]
    return [shape | {"xsizemode": "pixel", "ysizemode": "pixel"} | anchor for shape in shapes if shape["path"]]


def rounded(box: Box, corner: float) -> str:
    """Return the path of a box with round corners."""
    a, b, c, d, x = box.left, box.top, box.right, box.bottom, corner
    return (
        f"M{a + x:.1f},{b:.1f}L{c - x:.1f},{b:.1f}Q{c:.1f},{b:.1f} {c:.1f},{b + x:.1f}"
        f"L{c:.1f},{d - x:.1f}Q{c:.1f},{d:.1f} {c - x:.1f},{d:.1f}"
        f"L{a + x:.1f},{d:.1f}Q{a:.1f},{d:.1f} {a:.1f},{d - x:.1f}"
        f"L{a:.1f},{b + x:.1f}Q{a:.1f},{b:.1f} {a + x:.1f},{b:.1f}Z"
    )


def area(name: str, path: str, fill: str, outline: str | None = None, width: float = 1) -> Shape:
    """Return a filled path below the traces."""
    line = {"width": 0} if outline is None else {"width": width, "color": outline}
    return {
        "type": "path",
        "name": name,
        "path": path,
        "fillcolor": fill,
        "fillrule": "nonzero",
        "line": line,
        "layer": "below",
    }


def _line(name: str, path: str, colour: str, width: float) -> Shape:
    """Return a path without a fill."""
    return area(name, path, "rgba(0,0,0,0)", colour, width)
