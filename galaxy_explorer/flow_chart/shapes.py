"""Shapes of the flow-chart: curves, questions, answers and their icons."""

from typing import Any

import numpy as np

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart import icons
from galaxy_explorer.flow_chart.curves import FULL_WIDTH, ROUTES, in_channel, ribbon
from galaxy_explorer.flow_chart.layout import BARS, ENDS, ICON_DROP, TILES, Box
from galaxy_explorer.flow_chart.palette import Palette, blend
from galaxy_explorer.flow_chart.readings import Reading, opacity_of_answer, opacity_of_question

Shape = dict[str, Any]


def all_shapes(readings: list[Reading], path: set[str], selected: str | None, colours: Palette) -> list[Shape]:
    """Return every shape, from back to front."""
    shapes = [_line(f"thread {column}", ribbon(column, 0), colours.thread, 1) for column in ROUTES]
    shapes += _curves(readings[0], path, colours)
    shapes += [area("end", rounded(box, 9), colours.tile, colours.outline) for box in ENDS.values()]
    shapes += _questions(readings, path, colours) + _answers(readings, path, colours)
    for column in tree.COLUMNS:
        shapes += _icon(column, opacity_of_answer(readings, column), colours)
    if selected is not None:
        tile = TILES[selected]
        around = Box(tile.left - 2, tile.top - 2, tile.right + 2, tile.bottom + 2)
        shapes.append(_line(f"ring {selected}", rounded(around, 9), colours.ring, 3))
    return shapes


def _curves(lead: Reading, path: set[str], colours: Palette) -> list[Shape]:
    """Return the votes that flow from each answer, the likeliest path last and on top."""
    offsets = _offsets(lead)
    shapes = []
    for column in sorted(ROUTES, key=lambda name: name in path):
        votes = lead.flow(column)
        if votes > 0:
            colour = colours.accent if column in path else colours.curve
            shapes.append(area(f"curve {column}", ribbon(column, votes, offsets.get(column, 0.0)), colour))
    return shapes


def _offsets(lead: Reading) -> dict[str, float]:
    """Return the offsets that put curves of one channel side by side."""
    offsets: dict[str, float] = {}
    for question in tree.QUESTIONS:
        columns = [column for column in tree.columns_of(question.number) if in_channel(column)]
        widths = FULL_WIDTH * np.array([lead.flow(column) for column in columns])
        middles = np.cumsum(widths) - widths / 2 - widths.sum() / 2
        offsets.update(zip(columns, middles.tolist(), strict=True))
    return offsets


def _questions(readings: list[Reading], path: set[str], colours: Palette) -> list[Shape]:
    """Return the bars of the questions."""
    on_path = {tree.QUESTION_OF[column].number for column in path}
    shapes = []
    for number, box in BARS.items():
        opacity = opacity_of_question(readings, number)
        fill = question_fill(opacity, number in on_path, colours)
        shapes.append(area(f"question {number}", rounded(box, 8), fill, None if opacity else colours.outline))
    return shapes


def _answers(readings: list[Reading], path: set[str], colours: Palette) -> list[Shape]:
    """Return the tiles of the answers, those of the likeliest path last and outlined."""
    shapes = []
    for column, tile in sorted(TILES.items(), key=lambda item: item[0] in path):
        fill = answer_fill(opacity_of_answer(readings, column), column in path, colours)
        outline, width = (colours.accent, 2) if column in path else (colours.outline, 1)
        shapes.append(area(f"answer {column}", rounded(tile, 7), fill, outline, width))
    return shapes


def question_fill(opacity: float, on_path: bool, colours: Palette) -> str:
    """Return the colour of a question's bar."""
    return colours.accent_bar if on_path and opacity else blend(colours.faded, colours.bar, opacity)


def answer_fill(opacity: float, on_path: bool, colours: Palette) -> str:
    """Return the colour of an answer's tile."""
    return colours.accent_tile if on_path and opacity else blend(colours.faded, colours.tile, opacity)


def _icon(column: str, opacity: float, colours: Palette) -> list[Shape]:
    """Return an answer's icon, whose size in pixels does not depend on the chart's width."""
    tile, icon = TILES[column], icons.ICONS[column]
    ink = blend(colours.icon_faded, colours.icon, opacity)
    soft = blend(colours.icon_faded_soft, colours.icon_soft, opacity)
    paths = [icons.flipped(path) for path in (icon.soft, icon.bright, icon.lines)]
    name, anchor = f"icon {column}", {"xanchor": tile.middle, "yanchor": tile.top + ICON_DROP}
    shapes = [area(name, paths[0], soft), area(name, paths[1], ink), _line(name, paths[2], ink, icons.LINE_PX)]
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
