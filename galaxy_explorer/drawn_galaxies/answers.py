"""The drawings of each answer and of famous galaxies, read from two TOML files."""

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


def _read(name: str) -> dict[str, Any]:
    """Read a file of drawings."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _drawing(words: str, things: list[dict[str, Any]]) -> Drawing:
    """Create a drawing."""
    return Drawing(words, tuple(_thing(**thing) for thing in things))


DRAWINGS: dict[str, tuple[Drawing, ...]] = {
    column: tuple(_drawing(**each) for each in drawings) for column, drawings in _read("drawings.toml").items()
}
FAMOUS: dict[str, Drawing] = {name: _drawing(**drawing) for name, drawing in _read("famous.toml").items()}
