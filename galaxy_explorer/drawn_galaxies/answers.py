"""The drawings of each answer, read from `drawings.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from galaxy_explorer.drawn_galaxies.light import Disk, Sky, Smooth, Streak
from galaxy_explorer.drawn_galaxies.oddities import Cloud, Curve, Shell, Star


class Thing(Protocol):
    """An object that shines in a drawing."""

    def light(self, sky: Sky) -> np.ndarray:
        """Return its light, (H, W, 2)."""


@dataclass(frozen=True)
class Drawing:
    """A drawing: its description and the things that shine in it."""

    words: str
    things: tuple[Thing, ...]


_KINDS = {kind.__name__: kind for kind in (Disk, Smooth, Streak, Cloud, Curve, Shell, Star)}


def _thing(kind: str, **parameters: Any) -> Thing:
    """Create a thing of a kind."""
    return _KINDS[kind](**parameters)


DRAWINGS: dict[str, tuple[Drawing, ...]] = {
    column: tuple(Drawing(each["words"], tuple(_thing(**thing) for thing in each["things"])) for each in drawings)
    for column, drawings in tomllib.loads(Path(__file__).with_name("drawings.toml").read_text(encoding="utf-8")).items()
}
