"""The colours of the flow-chart, in a dark and a light theme.

Network and volunteers are the blue and the orange (in the light theme the vermilion) of Okabe and
Ito's colour-blind-safe palette, and differ by position and hatching too; the likeliest path is its
bluish green. Every text keeps a contrast of 4.5 to 1 against what it stands on, every bar at full
strength 3 to 1. What fewer votes reached is paler: `blend` takes it part of the way to its ground.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as #rrggbb."""

    page: str  # behind the chart, as the theme has it
    bar: str  # a question
    tile: str  # an answer
    faded: str  # question and answer where nobody was asked
    ink: str
    quiet: str  # secondary text
    outline: str
    track: str  # the full length of a share bar
    curve: str  # votes on their way
    thread: str  # the hairline of every curve, so that the tree shows where no votes flow
    network: str
    volunteers: str
    accent: str  # the likeliest path
    accent_bar: str  # a question on the likeliest path
    accent_tile: str  # an answer on the likeliest path
    ring: str  # the selected answer
    icon: str
    icon_soft: str
    icon_faded: str
    icon_faded_soft: str


DARK = Palette(
    page="#0e1117",
    bar="#27324a",
    tile="#161c29",
    faded="#11151e",
    ink="#eef2f8",
    quiet="#a3adbd",
    outline="#2a3346",
    track="#2a3345",
    curve="#3f5170",
    thread="#323c4f",
    network="#56b4e9",
    volunteers="#e69f00",
    accent="#14b88a",
    accent_bar="#12503f",
    accent_tile="#12272a",
    ring="#ffffff",
    icon="#dbe4f3",
    icon_soft="#55678a",
    icon_faded="#566074",
    icon_faded_soft="#262e3d",
)

LIGHT = Palette(
    page="#ffffff",
    bar="#dbe4f2",
    tile="#f3f6fa",
    faded="#fafbfc",
    ink="#172033",
    quiet="#556074",
    outline="#d3dbe7",
    track="#e4e9f1",
    curve="#b9c7dc",
    thread="#d5dce7",
    network="#0072b2",
    volunteers="#d55e00",
    accent="#009e73",
    accent_bar="#bfe8db",
    accent_tile="#e6f6f1",
    ring="#101828",
    icon="#2c3f63",
    icon_soft="#b3c2dc",
    icon_faded="#aab3c1",
    icon_faded_soft="#e4e8ee",
)


def blend(from_colour: str, to_colour: str, part: float) -> str:
    """Mix two colours, as #rrggbb; part 0 gives the first, 1 the second."""
    pairs = [(int(from_colour[i : i + 2], 16), int(to_colour[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def palette(dark: bool) -> Palette:
    """Choose the colours of the dark or the light theme."""
    return DARK if dark else LIGHT
