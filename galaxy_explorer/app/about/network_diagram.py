"""A network drawn from the list of its layers: its tensors at their sizes, one after the other.

The drawing is a list in HTML whose items a style sheet sets side by side, or below one another on a phone; each holds
a small picture and says in words what the picture shows. Colours are of middle lightness: they keep a contrast of 3 to
1 to a dark page as to a light one.
"""

import math
from base64 import b64encode
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from galaxy_explorer.decision_tree import SLICES

if TYPE_CHECKING:
    from galaxy_explorer.models.trace import Layer

WIDTH_PX, HEIGHT_PX = 120, 96
_SIDE_PX = 58  # of the face of the largest maps


@dataclass(frozen=True)
class Part:
    """A kind of layer: its colour, and what it does, for somebody who meets it for the first time."""

    name: str
    colour: str  # #rrggbb
    meaning: str


# fmt: off
PARTS: dict[str, Part] = {
    "picture": Part("Picture", "#7a8598",
        "The middle of the galaxy's picture, scaled down, as three maps of numbers: one for each colour."),
    "convolution": Part("Convolution", "#3d82c4",
        "A small window slides over the maps and gives a high number wherever what lies under it looks like the pattern "
        "it has learnt. Each pattern makes a new map. A window of one pixel only mixes the maps that are there."),
    "batch normalisation": Part("Batch normalisation", "#5b8a8f",
        "Shifts and scales each map into the same range, so that no pattern drowns the others and learning stays steady."),
    "activation": Part("Activation (ReLU)", "#5b8a8f",
        "Keeps what is above zero and sets the rest to zero. Without such a bend between them, any number of "
        "convolutions could do no more than a single one."),
    "max pooling": Part("Max pooling", "#c27b1f",
        "Keeps the strongest number of each little square. The maps shrink, and the next window sees a larger part "
        "of the galaxy."),
    "mean pooling": Part("Mean pooling", "#c27b1f",
        "Replaces each little square by its mean. The maps shrink, and the next window sees a larger part of the galaxy."),
    "dense block": Part("Dense block", "#15927a",
        "A chain of small steps, each of which looks at the maps of all steps before it and adds a few of its own. "
        "Fine detail found at the start is still at hand at the end."),
    "dropout": Part("Dropout", "#a8629a",
        "While the network learns, some maps or numbers are silenced at random, so that it relies on no single one. "
        "When it predicts, dropout does nothing."),
    "mean": Part("Mean over the map", "#8a6fd1",
        "Each map becomes one number, its mean: what was found counts, not where in the picture it was."),
    "linear layer": Part("Linear layer", "#3d82c4",
        "Each answer adds up the numbers, every one with its own weight."),
    "tree": Part("Decision tree", "#c2574f",
        "Turns the numbers of each question into shares that sum to 1, and multiplies them by the share of votes that "
        "reach the question. So the scores obey the tree exactly."),
}
# fmt: on

_JOINING = {"batch normalisation", "activation"}  # drawn as a part of the step before


@dataclass(frozen=True)
class Stage:
    """Steps that are drawn as one: a convolution with what follows it, or several alike in a row."""

    layers: "tuple[Layer, ...]"
    times: int = 1

    @property
    def kind(self) -> str:
        """The kind of its main step."""
        return self.layers[0].kind

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what it gives."""
        return self.layers[-1].output_shape

    @property
    def parameters(self) -> int:
        """The numbers learnt in it."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def title(self) -> str:
        """What it is."""
        name = PARTS[self.kind].name if self.kind in PARTS else self.kind.capitalize()
        kernel = self.layers[0].kernel
        window = f" {kernel} × {kernel}" if kernel else ""
        return f"{name}{window}" + (f", {self.times} times" if self.times > 1 else "")

    @property
    def with_it(self) -> str:
        """What else belongs to it."""
        found = dict.fromkeys(PARTS[layer.kind].name.partition(" (")[0].lower() for layer in self.layers[1:]
                              if layer.kind in _JOINING)  # fmt: skip
        steps = [f"{self.layers[0].parts} steps"] if self.layers[0].parts > 1 else []
        return ", ".join(steps + [f"with {' and '.join(found)}"] * bool(found))


def stages_of(layers: "tuple[Layer, ...]") -> list[Stage]:
    """Join layers to the stages of the drawing.

    Parameters
    ----------
    layers : tuple of Layer
        As `layers.layers_of` gives them.

    Returns
    -------
    list of Stage
        Together all layers, in their order.
    """
    steps: list[list[Layer]] = []
    for layer in layers:
        if layer.kind in _JOINING and steps:
            steps[-1].append(layer)
        else:
            steps.append([layer])

    def alike(step: "list[Layer]") -> tuple[object, ...]:
        return (*((layer.kind, layer.output_shape) for layer in step), step[0].kernel)

    stages = []
    for _, same in groupby(steps, alike):
        group = list(same)
        stages.append(Stage(tuple(layer for step in group for layer in step), len(group)))
    return stages


def size_in_words(shape: tuple[int, ...]) -> str:
    """Say a tensor's size: ``24 maps of 64 × 64`` or ``37 numbers``."""
    if len(shape) == 1:
        return f"{shape[0]} numbers"
    return f"{shape[0]} maps of {' × '.join(str(length) for length in shape[1:])}"


def network_drawing(layers: "tuple[Layer, ...]", name: str) -> str:
    """Draw a network.

    Parameters
    ----------
    layers : tuple of Layer
        As `layers.layers_of` gives them.
    name : str
        The network's name, for those who hear the drawing read out.

    Returns
    -------
    str
        Well-formed HTML in one ``<ol class="network">``, every text escaped.
    """
    root = ET.Element("ol", {"class": "network", "aria-label": f"The network {name}, from picture to scores"})
    largest = max((layer.output_shape[1] for layer in layers if len(layer.output_shape) == 3), default=1)
    for stage in stages_of(layers):
        item = ET.SubElement(root, "li")
        picture = b64encode(_picture(stage, largest).encode()).decode()
        ET.SubElement(item, "img", {"alt": "", "src": f"data:image/svg+xml;base64,{picture}"})
        words = ET.SubElement(item, "div")
        for style, text in (
            ("kind", stage.title),
            ("size", size_in_words(stage.shape)),
            ("with", stage.with_it),
            ("with", f"{stage.parameters:,} parameters" if stage.parameters else ""),
        ):
            if text:
                ET.SubElement(words, "span", {"class": style}).text = text
    return ET.tostring(root, encoding="unicode", short_empty_elements=False)


def _picture(stage: Stage, largest: int) -> str:
    """Draw what a stage gives as an SVG document: maps as a block, numbers as a column."""
    colour = PARTS[stage.kind].colour if stage.kind in PARTS else PARTS["picture"].colour
    svg = ET.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH_PX} {HEIGHT_PX}"}
        | {"width": str(WIDTH_PX), "height": str(HEIGHT_PX)},
    )
    if len(stage.shape) == 1:
        _column(svg, stage, colour)
    else:
        _block(svg, stage, colour, largest)
    return ET.tostring(svg, encoding="unicode")


def _block(svg: ET.Element, stage: Stage, colour: str, largest: int) -> None:
    """Draw maps as a block: its face grows with the maps' side, its depth with their number."""
    channels, height, _ = stage.shape
    side = _SIDE_PX * math.sqrt(height / largest)
    deep = 5 * math.log2(channels + 1)
    across, up = deep, deep * 0.45
    left, top = (WIDTH_PX - side - across) / 2, (HEIGHT_PX - side + up) / 2
    right, bottom = left + side, top + side
    dashes = {"stroke-dasharray": "3 3"} if stage.kind == "dropout" else {}
    for points, opacity in (
        ([(left, top), (right, top), (right, bottom), (left, bottom)], "0.9"),
        ([(left, top), (left + across, top - up), (right + across, top - up), (right, top)], "0.45"),
        ([(right, top), (right + across, top - up), (right + across, bottom - up), (right, bottom)], "0.65"),
    ):
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        looks = {"fill": colour, "fill-opacity": "0.2" if dashes else opacity, "stroke": colour}
        ET.SubElement(svg, "polygon", {"points": text, "stroke-linejoin": "round", **looks, **dashes})
    if stage.kind == "picture":
        _galaxy(svg, left + side / 2, top + side / 2, side)
    if stage.layers[0].parts > 1:
        _links(svg, stage.layers[0].parts, colour)


def _galaxy(svg: ET.Element, x: float, y: float, side: float) -> None:
    """Draw a tilted galaxy on the face of the picture."""
    where = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "transform": f"rotate(-30 {x:.1f} {y:.1f})", "fill": "#ffffff"}
    for part, opacity in ((0.36, "0.25"), (0.24, "0.4"), (0.1, "0.95")):
        size = {"rx": f"{part * side:.1f}", "ry": f"{0.55 * part * side:.1f}"}
        ET.SubElement(svg, "ellipse", {**where, **size, "fill-opacity": opacity})


def _links(svg: ET.Element, parts: int, colour: str) -> None:
    """Draw the steps of a dense block as dots, each joined to all before it."""
    y, step = HEIGHT_PX - 5, min(14.0, (WIDTH_PX - 20) / parts)
    places = [WIDTH_PX / 2 + step * (i - (parts - 1) / 2) for i in range(parts)]
    for i, start in enumerate(places):
        for end in places[i + 1 :]:
            path = f"M{start:.1f},{y}Q{(start + end) / 2:.1f},{y - 0.4 * (end - start):.1f} {end:.1f},{y}"
            ET.SubElement(svg, "path", {"d": path, "fill": "none", "stroke": colour, "stroke-width": "0.8"})
    for place in places:
        ET.SubElement(svg, "circle", {"cx": f"{place:.1f}", "cy": str(y), "r": "2.2", "fill": colour})


def _column(svg: ET.Element, stage: Stage, colour: str) -> None:
    """Draw numbers as a column; those of the tree in the groups of its questions."""
    tall = min(HEIGHT_PX - 12.0, 11 * math.log2(stage.shape[0] + 1))
    groups = [where.stop - where.start for where in SLICES.values()] if stage.kind == "tree" else [stage.shape[0]]
    gap = 2.0 if len(groups) > 1 else 0.0
    scale = (tall - gap * (len(groups) - 1)) / sum(groups)
    top = (HEIGHT_PX - tall) / 2
    dashes = {"stroke-dasharray": "3 3"} if stage.kind == "dropout" else {}
    for count in groups:
        box = {"x": f"{WIDTH_PX / 2 - 6}", "y": f"{top:.1f}", "width": "12", "height": f"{count * scale:.1f}"}
        looks = {"fill": colour, "fill-opacity": "0.2" if dashes else "0.9", "stroke": colour, "rx": "1.5"}
        ET.SubElement(svg, "rect", {**box, **looks, **dashes})
        top += count * scale + gap
