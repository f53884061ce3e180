"""A diagram of a network: its tensors at their sizes, one after the other.

It is an HTML list, which a style sheet lays out in rows, or in one column on a phone. Each item holds a small picture
and the same facts in words.
"""

import math
from base64 import b64encode
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

from galaxy_explorer.app.about.texts import texts
from galaxy_explorer.decision_tree import SLICES

if TYPE_CHECKING:
    from galaxy_explorer.models.trace import Layer

WIDTH_PX, HEIGHT_PX = 120, 96
MAX_SIDE_PX = 58  # of the face of the largest maps
JOINING = ("batch normalisation", "activation")  # drawn as a part of the step before


@dataclass(frozen=True)
class Stage:
    """Steps that are drawn as one: a convolution with what follows it, or equal ones in a row."""

    layers: "tuple[Layer, ...]"
    times: int = 1

    @property
    def kind(self) -> str:
        """The kind of the main step."""
        return self.layers[0].kind

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the output."""
        return self.layers[-1].output_shape

    def in_words(self) -> dict[str, str]:
        """Describe the stage, by the style of each line."""
        main, joined = self.layers[0], dict.fromkeys(layer.kind for layer in self.layers if layer.kind in JOINING)
        window = f" {main.kernel} × {main.kernel}" if main.kernel else ""
        times = f", {self.times} times" if self.times > 1 else ""
        details = [f"{main.parts} steps"] * (main.parts > 1) + [f"with {' and '.join(joined)}"] * bool(joined)
        parameters = sum(layer.parameters for layer in self.layers)
        name = _texts_of(self.kind).get("name", self.kind.capitalize())
        lines = {
            "kind": f"{name}{window}{times}",
            "size": size_in_words(self.shape),
            "with": ", ".join(details),
            "with parameters": f"{parameters:,} parameters" if parameters else "",
        }
        return {style: line for style, line in lines.items() if line}


def _texts_of(kind: str) -> dict[str, Any]:
    """Return name, colour and meaning of a kind of layers; nothing if it is unknown."""
    return texts()["layers"].get(kind, {})


def stages_of(layers: "tuple[Layer, ...]") -> list[Stage]:
    """Group layers into the stages of the diagram."""
    steps: list[list[Layer]] = []
    for layer in layers:
        if layer.kind in JOINING and steps:
            steps[-1].append(layer)
        else:
            steps.append([layer])
    stages = []
    for _, equal in groupby(steps, lambda step: ([(layer.kind, layer.output_shape) for layer in step], step[0].kernel)):
        group = list(equal)
        stages.append(Stage(tuple(layer for step in group for layer in step), len(group)))
    return stages


def size_in_words(shape: tuple[int, ...]) -> str:
    """Describe the size of a tensor: ``24 maps of 64 × 64`` or ``37 numbers``."""
    if len(shape) == 1:
        return f"{shape[0]} numbers"
    return f"{shape[0]} maps of {' × '.join(str(length) for length in shape[1:])}"


def network_diagram(layers: "tuple[Layer, ...]", name: str) -> str:
    """Draw the layers of a network as well-formed HTML in one ``<ol class="network">``."""
    largest = max((layer.output_shape[1] for layer in layers if len(layer.output_shape) == 3), default=1)
    items = []
    for stage in stages_of(layers):
        picture = b64encode(_picture(stage, largest).encode()).decode()
        lines = "".join(f'<span class="{style}">{escape(text)}</span>' for style, text in stage.in_words().items())
        items.append(f'<li><img alt="" src="data:image/svg+xml;base64,{picture}"/><div>{lines}</div></li>')
    label = escape(f"The network {name}, from picture to scores")
    return f'<ol class="network" aria-label="{label}">{"".join(items)}</ol>'


def _picture(stage: Stage, largest: int) -> str:
    """Draw the output of a stage as an SVG document: maps as a block, numbers as a column."""
    colour = _texts_of(stage.kind).get("colour", texts()["layers"]["picture"]["colour"])
    dashes = ' stroke-dasharray="3 3"' if stage.kind == "dropout" else ""
    shapes = _column(stage) if len(stage.shape) == 1 else _block(stage, largest)
    size = f'viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" width="{WIDTH_PX}" height="{HEIGHT_PX}"'
    style = f'fill="{colour}" stroke="{colour}" stroke-linejoin="round"{dashes}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{shapes}</svg>'


def _block(stage: Stage, largest: int) -> str:
    """Draw maps as a block: its face grows with the maps' side, its depth with their number."""
    channels, height, _ = stage.shape
    side = MAX_SIDE_PX * math.sqrt(height / largest)
    right, up = 5 * math.log2(channels + 1), 2.25 * math.log2(channels + 1)
    x, y = (WIDTH_PX - side - right) / 2, (HEIGHT_PX - side + up) / 2
    front = [(0, 0), (side, 0), (side, side), (0, side)]
    top = [(0, 0), (right, -up), (side + right, -up), (side, 0)]
    flank = [(side, 0), (side + right, -up), (side + right, side - up), (side, side)]
    shapes = ""
    for corners, opacity in ((front, 0.9), (top, 0.45), (flank, 0.65)):
        points = " ".join(f"{x + across:.1f},{y + down:.1f}" for across, down in corners)
        shapes += f'<polygon points="{points}" fill-opacity="{0.2 if stage.kind == "dropout" else opacity}"/>'
    return shapes + (_galaxy(x + side / 2, y + side / 2, side) if stage.kind == "picture" else "")


def _galaxy(x: float, y: float, side: float) -> str:
    """Draw a tilted galaxy on the face of the picture."""
    return "".join(
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{part * side:.1f}" ry="{0.55 * part * side:.1f}" stroke="none" '
        f'fill="#ffffff" fill-opacity="{opacity}" transform="rotate(-30 {x:.1f} {y:.1f})"/>'
        for part, opacity in ((0.36, 0.25), (0.24, 0.4), (0.1, 0.95))
    )


def _column(stage: Stage) -> str:
    """Draw numbers as a column; those of the tree in the groups of its questions."""
    tall = min(HEIGHT_PX - 12.0, 11 * math.log2(stage.shape[0] + 1))
    groups = [part.stop - part.start for part in SLICES.values()] if stage.kind == "tree" else [stage.shape[0]]
    gap = 2.0 if len(groups) > 1 else 0.0
    scale = (tall - gap * (len(groups) - 1)) / sum(groups)
    y, opacity, shapes = (HEIGHT_PX - tall) / 2, 0.2 if stage.kind == "dropout" else 0.9, ""
    for count in groups:
        box = f'x="{WIDTH_PX / 2 - 6}" y="{y:.1f}" width="12" height="{count * scale:.1f}" rx="1.5"'
        shapes += f'<rect {box} fill-opacity="{opacity}"/>'
        y += count * scale + gap
    return shapes
