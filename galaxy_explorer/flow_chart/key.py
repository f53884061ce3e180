"""Key of the flow-chart, one line: the meaning of bars, curves and colours."""

from html import escape

from galaxy_explorer.flow_chart.layout import Box
from galaxy_explorer.flow_chart.palette import Palette
from galaxy_explorer.flow_chart.readings import Reading
from galaxy_explorer.flow_chart.shapes import Shape, area, rounded
from galaxy_explorer.flow_chart.writing import SMALL_PX, Text

_MIDDLE = 10.0
_SOURCES = (0.0, 128.0, 256.0)
_BARS_AFTER = (128.0, 255.0, 384.0)  # where the entry of the bars begins, by the number of sources
_PATH, _WIDTH = 622.0, 790.0  # where the other entries begin
SAMPLE = (28.0, 8.0)
_GAP = 7.0
_LONGEST_NAME = 15


def shapes(colours: Palette) -> list[Shape]:
    """Return the samples of curves."""
    return [area("key", _sample(_PATH), colours.accent), area("key", _sample(_WIDTH), colours.curve)]


def sample_points(readings: list[Reading]) -> list[tuple[float, float]]:
    """Return the left end and the middle line of each source's sample bar."""
    return [(left, _MIDDLE) for left, _ in zip(_SOURCES, readings, strict=False)]


def texts(readings: list[Reading], colours: Palette) -> list[Text]:
    """Return the texts of the key."""
    right = SAMPLE[0] + _GAP
    entries = [(left + right, _short(reading.name)) for left, reading in zip(_SOURCES, readings, strict=False)]
    whiskers = ", thin lines: 68\u202f% interval" if readings[0].intervals is not None else ""
    entries += [
        (_BARS_AFTER[len(readings) - 1], f"bars: share of votes{whiskers}"),
        (_PATH + right, "likeliest path"),
        (_WIDTH + right, "curves: votes"),
    ]
    return [Text(x, _MIDDLE, words, colours.quiet, colours.page, SMALL_PX, "middle right") for x, words in entries]


def _sample(left: float) -> str:
    """Return the path of a sample box."""
    return rounded(Box(left, _MIDDLE - SAMPLE[1] / 2, left + SAMPLE[0], _MIDDLE + SAMPLE[1] / 2), 2)


def _short(name: str) -> str:
    """Shorten a network's name for the key."""
    return escape(name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…")
