"""The colours of the flow-chart, in a dark and a light theme.

Network and volunteers are the blue and the orange (in the light theme the vermilion) of Okabe and
Ito's colour-blind-safe palette, a group that votes here is violet. They differ by
position and pattern too. The likeliest path is its bluish green. Text has a contrast of 4.5 to 1
against its background, a bar at full opacity 3 to 1.
What fewer votes reached is paler: `blend` mixes it with its background.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as #rrggbb."""

    page: str  # behind the chart, as the theme has it
    bar: str  # a question
    tile: str  # an answer
    faded: str  # question and answer that were not asked
    ink: str
    quiet: str  # secondary text
    outline: str
    track: str  # the full length of a share bar
    curve: str  # votes on their way
    thread: str  # the hairline of every curve, so that the tree shows where no votes flow
    network: str
    volunteers: str
    group: str  # people who voted here: a class, or one person
    accent: str  # the likeliest path
    accent_bar: str  # a question on the likeliest path
    accent_tile: str  # an answer on the likeliest path
    ring: str  # the selected answer
    tier_1: str  # the end of a question that everyone is asked; further from the page with each step down the tree
    tier_2: str
    tier_3: str
    tier_4: str
    icon: str
    icon_soft: str
    icon_faded: str
    icon_faded_soft: str


_COLOURS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
DARK, LIGHT = (Palette(**{name: themes[i] for name, themes in _COLOURS.items()}) for i in (0, 1))


def tier_colour(colours: Palette, tier: int) -> str:
    """Return the colour of a question of some tier, at the left end of its bar."""
    return (colours.tier_1, colours.tier_2, colours.tier_3, colours.tier_4)[tier - 1]


def blend(from_colour: str, to_colour: str, part: float) -> str:
    """Mix two colours, as #rrggbb; part 0 is the first, 1 the second."""
    pairs = [(int(from_colour[i : i + 2], 16), int(to_colour[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def palette(dark: bool) -> Palette:
    """Return the colours of the dark or the light theme."""
    return DARK if dark else LIGHT
