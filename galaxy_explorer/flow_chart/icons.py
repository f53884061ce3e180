"""Icons of the answers, in one style: soft light, bright light and lines.

They are SVG paths of absolute M, L, C, Q and Z, which plotly's shapes support, in a square from
-20 to 20 with y downwards.
"""

import math
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart.palette import palette

HALF_PX = 20
LINE_PX = 1.7
_ROUND = 0.5523  # control points of a quarter of a circle


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


_DISK = _oval(18, 18)
_CORE = _oval(3.6, 3.6)
_STREAK = _lens(19, 2.4)
_FRAGMENTS = "".join(
    _arc(radius, start, start + sweep)
    for radius, start, sweep in (
        (7.5, 10, 70),
        (7.5, 150, 60),
        (7.5, 270, 50),
        (11.5, 60, 50),
        (11.5, 190, 40),
        (11.5, 300, 55),
        (15.5, 0, 35),
        (15.5, 110, 45),
        (15.5, 235, 40),
    )
)
_BLOB = "M-13,-6Q-12,-15 -3,-12Q3,-18 9,-12Q18,-10 13,-2Q18,7 9,9Q7,17 -1,12Q-11,17 -12,7Q-19,1 -13,-6Z"
_MARK = "M-5,-5.5C-5,-13.5 6.5,-13 6,-5.5C5.7,-1.5 0.5,-0.5 0.5,5"

# In the order of each question's answers.
_DRAWINGS: dict[int, tuple[Icon, ...]] = {
    1: (
        Icon(_oval(18, 14), _oval(7, 5.5)),
        Icon(
            _oval(18, 11, turn=-25), _oval(3.6, 3, turn=-25), "".join(_arm(a, 170, 4, 17, 0.6, -25) for a in (0, 180))
        ),
        Icon("", _star(18, 3.4), "M-13,-13L13,13M-13,13L13,-13"),
    ),
    2: (
        Icon("", _STREAK + _oval(5.5, 3.8)),
        Icon(_oval(18, 13, turn=-20), _CORE, _oval(11, 7.6, turn=-20)),
    ),
    3: (
        Icon(_DISK, _box(20, 5.5, 2.6, -35), _arm(-35, 120, 10, 16) + _arm(145, 120, 10, 16)),
        Icon(_DISK, _CORE, _arm(-35, 150, 6, 16) + _arm(145, 150, 6, 16)),
    ),
    4: (
        Icon(_DISK, _CORE, _arms(2, 220)),
        Icon(_DISK, _CORE),
    ),
    5: (
        Icon(_DISK, ""),
        Icon(_DISK, _oval(3, 3)),
        Icon(_DISK, _oval(7, 7)),
        Icon(_DISK, _oval(12, 12)),
    ),
    6: (
        Icon(_oval(12, 8, -3, 2, -20), _oval(3.6, 3, -3, 2), "M6,-2Q15,-5 14,-16M-12,8Q-18,12 -16,17"),
        Icon(_oval(14, 9, turn=-20), _oval(4.5, 3.4, turn=-20)),
    ),
    7: (
        Icon(_oval(15, 15), _oval(6, 6)),
        Icon(_oval(17, 11), _oval(7, 4.5)),
        Icon(_oval(19, 5.5), _oval(9, 2.3)),
    ),
    8: (
        Icon("", _CORE, _oval(15, 15) + _oval(13.2, 13.2)),
        Icon(_oval(11, 9, -5, 4), _oval(4, 3.4, -5, 4), _arc(19, -95, 5) + _arc(15.5, -80, -10)),
        Icon("M-18,8Q-14,-9 0,-8Q12,-8 17,-17Q17,4 4,8Q-8,11 -13,18Q-18,14 -18,8Z", _oval(3.6, 3.2)),
        Icon(_BLOB, _oval(2.6, 2.2, -4, -4) + _oval(2, 2, 5, 3) + _oval(1.6, 1.6, 5, -7) + _oval(1.7, 1.5, -4, 6)),
        Icon(_DISK, _oval(1.7, 1.7, 0.5, 10.5), _MARK),
        Icon(
            _oval(10, 7, -7, 4, 35) + _oval(9, 6, 8, -4, 20),
            _oval(3, 2.6, -6, 4) + _oval(2.6, 2.3, 7, -4),
            "M-14,9Q-17,14 -10,17M14,-8Q18,-13 12,-17",
        ),
        Icon("", "M-18,-1.9Q-9,-10.5 0,-10.5Q9,-10.5 18,-1.9ZM-18,1.9Q-9,10.5 0,10.5Q9,10.5 18,1.9Z"),
    ),
    9: (
        Icon("", _STREAK + _oval(7.5, 7.5)),
        Icon("", _STREAK + _box(16, 13, 3)),
        Icon("", _STREAK),
    ),
    10: (
        Icon(_DISK, _CORE, _arms(2, 480)),
        Icon(_DISK, _CORE, _arms(2, 235)),
        Icon(_DISK, _CORE, _arms(2, 95)),
    ),
    11: (
        *(Icon(_DISK, _CORE, _arms(count)) for count in (1, 2, 3, 4, 6)),
        Icon(_DISK, _CORE, _FRAGMENTS),
    ),
}

ICONS: dict[str, Icon] = {
    column: icon
    for number, icons in _DRAWINGS.items()
    for column, icon in zip(tree.columns_of(number), icons, strict=True)
}


def flipped(path: str) -> str:
    """Negate the y of a path, as plotly's pixel-sized shapes count it upwards."""
    pieces, number, is_y = [], "", False
    for letter in path + " ":
        if letter.isdigit() or letter in ".-":
            number += letter
            continue
        if number:
            pieces.append(f"{-float(number):g}" if is_y else number)
            number, is_y = "", not is_y
        pieces.append(letter)
    return "".join(pieces).strip()


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
