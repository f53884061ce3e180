"""Key of the flow-chart: the meaning of bars, curves and colours."""

from html import escape

from galaxy_explorer.flow_chart.layout import Box
from galaxy_explorer.flow_chart.palette import Palette
from galaxy_explorer.flow_chart.readings import Reading
from galaxy_explorer.flow_chart.shapes import Shape, area, rounded
from galaxy_explorer.flow_chart.writing import SMALL_PX, Text

_ROWS = (13.0, 34.0, 55.0)
_COLUMNS = (0.0, 230.0, 460.0, 740.0)
SAMPLE = (28.0, 9.0)
_LONGEST_NAME = 18


def shapes(colours: Palette) -> list[Shape]:
    """Return the samples of curves."""
    return [area("key", _sample(1, 0), colours.curve), area("key", _sample(1, 2), colours.accent)]


def sample_points(count: int) -> list[tuple[float, float]]:
    """Return the left end and the middle line of each source's sample bar."""
    return [(_COLUMNS[i], _ROWS[0]) for i in range(count)]


def texts(readings: list[Reading], colours: Palette) -> list[Text]:
    """Return the texts of the key."""
    lead = _short(readings[0].name)
    right = SAMPLE[0] + 7
    entries = [(_COLUMNS[i] + right, _ROWS[0], _short(reading.name)) for i, reading in enumerate(readings)]
    entries += [
        (_COLUMNS[len(readings)], _ROWS[0], "length and number: share of a question’s answers"),
        (_COLUMNS[0] + right, _ROWS[1], f"width: votes that go this way ({lead})"),
        (_COLUMNS[2] + right, _ROWS[1], f"likeliest path ({lead})"),
        (_COLUMNS[3], _ROWS[1], "pale: few votes got there"),
    ]
    if readings[0].intervals is not None:
        whisker = f"whisker: holds the volunteers’ share in 68 of 100 cases or more ({lead})"
        entries.append((_COLUMNS[0] + right, _ROWS[2], whisker))
    return [Text(x, y, words, colours.quiet, colours.page, SMALL_PX, "middle right") for x, y, words in entries]


def _sample(row: int, column: int) -> str:
    """Return the path of a sample box."""
    x, y = _COLUMNS[column], _ROWS[row]
    return rounded(Box(x, y - SAMPLE[1] / 2, x + SAMPLE[0], y + SAMPLE[1] / 2), 2)


def _short(name: str) -> str:
    """Shorten a network's name for the key."""
    return escape(name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…")
