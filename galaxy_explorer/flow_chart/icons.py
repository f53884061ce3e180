"""Icons of the answers, in one style: soft light, bright light and lines.

They are SVG paths of absolute M, L, C, Q and Z, which plotly's shapes support, in a square from
-20 to 20 with y downwards.
"""

import math
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from galaxy_explorer.flow_chart.palette import palette

HALF_PX = 20
LINE_PX = 1.7
_ROUND = 0.5523  # control points of a quarter of a circle
_POINT = re.compile(r"(-?[\d.]+),(-?[\d.]+)")


@dataclass(frozen=True)
class Icon:
    """Soft areas, bright areas over them, and lines on top."""

    soft: str = ""
    bright: str = ""
    lines: str = ""


def _path(points: list[tuple[float, float]], close: bool = False) -> str:
    """Return straight lines through points."""
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points) + ("Z" if close else "")


def _oval(rx: float, ry: float, x: float = 0, y: float = 0, turn: float = 0) -> str:
    """Return an ellipse, rotated clockwise by degrees."""
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))

    def at(u: float, v: float) -> str:
        return f"{x + rx * u * cos - ry * v * sin:.1f},{y + rx * u * sin + ry * v * cos:.1f}"

    k = _ROUND
    return (
        f"M{at(1, 0)}C{at(1, k)} {at(k, 1)} {at(0, 1)}C{at(-k, 1)} {at(-1, k)} {at(-1, 0)}"
        f"C{at(-1, -k)} {at(-k, -1)} {at(0, -1)}C{at(k, -1)} {at(1, -k)} {at(1, 0)}Z"
    )


def _box(width: float, height: float, corner: float, turn: float = 0) -> str:
    """Return a box with round corners about the centre, rotated clockwise by degrees."""
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    w, h, c = width / 2, height / 2, corner

    def at(x: float, y: float) -> str:
        return f"{x * cos - y * sin:.1f},{x * sin + y * cos:.1f}"

    return (
        f"M{at(c - w, -h)}L{at(w - c, -h)}Q{at(w, -h)} {at(w, c - h)}L{at(w, h - c)}Q{at(w, h)} {at(w - c, h)}"
        f"L{at(c - w, h)}Q{at(-w, h)} {at(-w, h - c)}L{at(-w, c - h)}Q{at(-w, -h)} {at(c - w, -h)}Z"
    )


def _lens(half_length: float, half_height: float) -> str:
    """Return an edge-on disk: a streak with pointed ends."""
    a, b = half_length, half_height
    return f"M{-a},0Q0,{-2 * b} {a},0Q0,{2 * b} {-a},0Z"


def _arc(radius: float, start: float, end: float) -> str:
    """Return a part of a circle, in degrees clockwise from the right."""
    return _arm(start, end - start, radius, radius)


def _arm(start: float, sweep: float, inner: float, outer: float, squash: float = 1, turn: float = 0) -> str:
    """Return a spiral arm that starts at an angle and sweeps outwards, in degrees clockwise."""
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    count = max(int(abs(sweep) / 12), 4)
    points = []
    for i in range(count + 1):
        angle, radius = math.radians(start + sweep * i / count), inner + (outer - inner) * i / count
        x, y = radius * math.cos(angle), squash * radius * math.sin(angle)
        points.append((x * cos - y * sin, x * sin + y * cos))
    return _path(points)


def _arms(count: int, sweep: float = 165) -> str:
    """Return equally spaced spiral arms."""
    return "".join(_arm(360 / count * i - 60, sweep, 4, 17.5) for i in range(count))


def _star(long: float, short: float) -> str:
    """Return a star with four long points."""
    radii = [long, short] * 4
    return _path([(r * math.sin(i * math.pi / 4), -r * math.cos(i * math.pi / 4)) for i, r in enumerate(radii)], True)


_SHAPES = {shape.__name__.strip("_"): shape for shape in (_oval, _box, _lens, _arc, _arm, _arms, _star)}


def _shape(name: str, *values: Any) -> str:
    """Return a shape of the table, or a path as it is."""
    return _SHAPES[name](*values) if name in _SHAPES else values[0]


_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
ICONS = {
    column: Icon(**{part: "".join(_shape(*shape) for shape in shapes) for part, shapes in icon.items()})
    for column, icon in _TABLE.items()
}


@lru_cache(maxsize=256)
def scaled(path: str, scale: float) -> str:
    """Scale a path and negate its y, as plotly's pixel-sized shapes count it upwards."""
    return _POINT.sub(lambda match: f"{scale * float(match[1]):g},{-scale * float(match[2]):g}", path)


def drawing(column: str, *, dark: bool = True, size_px: int = 40, faded: bool = False) -> str:
    """Return the SVG of one answer's icon; `faded` if its question was not asked."""
    colours, icon = palette(dark), ICONS[column]
    line, area = (colours.icon_faded, colours.icon_faded_soft) if faded else (colours.icon, colours.icon_soft)
    svg = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", width=str(size_px), height=str(size_px))
    svg.set("viewBox", f"{-HALF_PX} {-HALF_PX} {2 * HALF_PX} {2 * HALF_PX}")
    for path, style in (
        (icon.soft, {"fill": area}),
        (icon.bright, {"fill": line}),
        (icon.lines, {"fill": "none", "stroke": line, "stroke-width": str(LINE_PX)}),
    ):
        if path:
            ET.SubElement(svg, "path", {"d": path, **style})
    return ET.tostring(svg, encoding="unicode")
