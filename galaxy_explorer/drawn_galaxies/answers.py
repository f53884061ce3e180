"""Which drawings stand for which answer: three of each, that differ in more than how they are turned."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from galaxy_explorer.decision_tree import QUESTIONS, columns_of
from galaxy_explorer.drawn_galaxies.light import OLD, Disk, Sky, Smooth, Streak
from galaxy_explorer.drawn_galaxies.oddities import Cloud, Curve, Shell, Star


class Thing(Protocol):
    """Whatever shines in a drawing."""

    def light(self, sky: Sky) -> np.ndarray:
        """Give its light, (H, W, 2)."""


@dataclass(frozen=True)
class Drawing:
    """What one drawing shows, in words and as the things that shine in it."""

    words: str
    things: tuple[Thing, ...]


def _disks(*words: str, pitch: float = 20, **same: Any) -> tuple[Drawing, ...]:
    """Draw one kind of disk in three positions, wound both ways."""
    poses: tuple[dict[str, Any], ...] = (
        {"angle": 25, "tilt": 0.93, "start": 10, "size": 0.84, "bar_angle": 35, "pitch": pitch},
        {"angle": -48, "tilt": 0.55, "start": 75, "size": 0.9, "bar_angle": 15, "pitch": -1.1 * pitch},
        {"angle": 100, "tilt": 0.74, "start": 200, "size": 0.72, "bar_angle": -50, "pitch": 0.9 * pitch},
    )
    return tuple(Drawing(text, (Disk(**(pose | same)),)) for text, pose in zip(words, poses, strict=True))


POSED = ("nearly straight on", "strongly tilted", "tilted")


def _streaks(**same: Any) -> tuple[Drawing, ...]:
    """Draw one kind of edge-on disk in three positions."""
    poses: tuple[dict[str, Any], ...] = (
        {"angle": 18, "thickness": 0.05, "length": 0.9},
        {"angle": -62, "thickness": 0.035, "length": 0.84},
        {"angle": -14, "thickness": 0.065, "length": 0.72},
    )
    sizes = (1.0, 0.8, 1.2)
    return tuple(
        Drawing(f"a {kind} disk from its edge", (Streak(**pose, **same, bulge_size=0.14 * size),))
        for kind, pose, size in zip(("long", "thin", "thick"), poses, sizes, strict=True)
    )


def _round(words: str, *shapes: tuple[float, float, float, float]) -> tuple[Drawing, ...]:
    """Draw smooth galaxies of given angles, axis ratios, sizes and wings."""
    return tuple(Drawing(words, (Smooth(angle, ratio, size, wings=wings),)) for angle, ratio, size, wings in shapes)


def _one(words: str, *things: Thing) -> Drawing:
    """Draw one scene."""
    return Drawing(words, things)


_SPIRAL = {"arms": 2, "pitch": 19}
_RINGS = (
    _one("a ring around a bright centre", Disk(20, 0.9, 0.5, 0.5, bulge=2.4, ring=0.6)),
    _one("a tilted ring", Disk(-40, 0.5, 0.55, 0.8, bulge=2.0, ring=0.7)),
    _one("a ring around a bar", Disk(75, 0.8, 0.5, 0.6, bulge=1.6, bar=0.42, bar_angle=30, ring=0.48)),
)
_MERGERS = (
    _one("two disks that touch",
         Disk(-30, 0.6, 0.5, x=-0.3, y=0.16, arms=2, pitch=26, start=140), Disk(50, 0.5, 0.42, x=0.34, y=-0.2, arms=2, pitch=26),
         Curve((-0.55, 0.3), (-0.9, 0.5), (-0.62, 0.86), 0.045, 0.2, 0.9), Curve((0.55, -0.35), (0.92, -0.5), (0.8, -0.9), 0.045, 0.2, 0.9)),
    _one("two centres in one shared haze",
         Smooth(20, 0.75, 0.2, 2.4, x=-0.17, y=0.06), Smooth(-30, 0.8, 0.17, 2.4, x=0.2, y=-0.08), Cloud(0, 0, 0.36, 0.7, -20, 0.16, 0.1, OLD),
         Curve((0.3, -0.2), (0.75, -0.4), (0.7, 0.3), 0.06, 0.1, 0.8, OLD)),
    _one("a small galaxy that falls into a large one",
         Disk(15, 0.7, 0.66, x=-0.14, y=0.12, **_SPIRAL), Smooth(60, 0.7, 0.12, 2.2, x=0.56, y=-0.46),
         Curve((0.2, -0.08), (0.42, -0.16), (0.55, -0.42), 0.05, 0.25, 0.2), Curve((0.6, -0.52), (0.8, -0.75), (0.5, -0.92), 0.04, 0.13, 0.9)),
)  # fmt: skip
_LANES = (
    _one("a dark lane along a disk", Streak(16, 0.9, 0.085, "rounded", 0.17, 1.1)),
    _one("a dark lane along a thin disk", Streak(-58, 0.86, 0.07, "", 0.14, 1.1)),
    _one("a dark lane along a thick disk", Streak(-12, 0.7, 0.13, "rounded", 0.22, 1.1)),
)
_PLAIN = (
    _one("an ordinary spiral", Disk(30, 0.75, 0.84, **_SPIRAL)),
    _one("an ordinary smooth galaxy", Smooth(-30, 0.75, 0.3)),
    _one("an ordinary disk from its edge", Streak(70, 0.85, 0.05, "rounded", 0.11)),
)

# In the order of each question's answers.
_TABLE: dict[int, tuple[tuple[Drawing, ...], ...]] = {
    1: (
        (*_round("round", (0, 0.97, 0.3, 0.75)), *_round("oval", (35, 0.68, 0.3, 1.1)), *_round("long and thin", (-25, 0.33, 0.32, 0.65))),
        (_one("spiral arms", Disk(20, 0.8, arms=2, pitch=17)), _one("a disk from its edge", Streak(-28, bulge="rounded", bulge_size=0.1)),
         _one("a bar", Disk(60, 0.85, 0.75, bar=0.4, arms=2, pitch=22, start=20))),
        (_one("a star", Star(0, 0, 0.075, 8, 0.9)), _one("the trail of a satellite", Curve((-1.1, 0.42), (0, -0.02), (1.1, -0.46), 0.014, 2.2)),
         _one("a star whose light has spilt over", Star(0, 0, 0.06, 8, 0.5, 0), Curve((0, -1.1), (0, 0), (0, 1.1), 0.014, 2.5, layer=OLD))),
    ),
    2: (
        (*_streaks(bulge="rounded")[:1], *_streaks()[1:2], _one("a disk from its edge, with dust", Streak(-14, 0.8, 0.055, "rounded", 0.09, 0.9))),
        (_one("nearly straight on", Disk(10, 0.96, **_SPIRAL)), _one("tilted, but its face shows", Disk(-35, 0.48, 0.9, **_SPIRAL)),
         _one("a barred disk", Disk(80, 0.75, 0.75, bar=0.36, arms=2, pitch=22))),
    ),
    3: (
        (*_disks("a bar with arms at its ends", "a bar in a tilted disk", "", bar=0.42, arms=2, pitch=22)[:2],
         _one("a bar in a disk without arms", Disk(100, 0.8, 0.74, bar=0.45, bar_angle=-45))),
        (*_disks(*POSED, **_SPIRAL)[:2], _one("a plain disk", Disk(100, 0.74, 0.75, bulge=2.4, bulge_size=0.12))),
    ),
    4: (
        (*_disks(*POSED, **_SPIRAL)[:1], _one("arms in a tilted disk", Disk(-48, 0.55, 0.92, arms=3, pitch=20, start=40)),
         _one("arms from the ends of a bar", Disk(100, 0.8, 0.76, bar=0.34, arms=2, pitch=20, start=30))),
        (*_disks("a plain disk", "a plain disk, tilted", "")[:2],
         _one("a disk with a bar alone", Disk(100, 0.78, 0.74, bar=0.4, bar_angle=35))),
    ),
    5: tuple(
        _disks(*POSED, bulge=bulge, bulge_size=size, brightness=disk, arms=2, pitch=pitch)
        for bulge, size, disk, pitch in ((0.0, 0.05, 1.0, 24), (1.3, 0.06, 1.0, 21), (2.2, 0.17, 0.8, 18), (7.0, 0.27, 0.3, 15))
    ),
    6: ((_RINGS[1], _MERGERS[0], _LANES[0]), _PLAIN),
    7: (
        _round("completely round", (0, 1.0, 0.28, 0.75), (0, 0.97, 0.24, 1.3), (60, 0.96, 0.2, 0.5)),
        _round("between round and cigar-shaped", (25, 0.72, 0.32, 0.75), (-50, 0.6, 0.34, 1.2), (100, 0.66, 0.22, 0.55)),
        _round("cigar-shaped", (20, 0.28, 0.36, 0.75), (-58, 0.22, 0.48, 1.2), (95, 0.33, 0.28, 0.65)),
    ),
    8: (
        _RINGS,
        (_one("an arc around a bright galaxy", Smooth(30, 0.85, 0.24), Curve((0.42, -0.42), (0.78, 0.02), (0.4, 0.44), 0.02, 0.42)),
         _one("two arcs on either side", Smooth(-20, 0.8, 0.2), Curve((-0.3, -0.42), (0.05, -0.66), (0.38, -0.36), 0.018, 0.4),
              Curve((-0.2, 0.32), (0.0, 0.4), (0.2, 0.31), 0.016, 0.3)),
         _one("a long thin arc beside the galaxy", Smooth(80, 0.9, 0.28), Curve((-0.7, 0.3), (-0.35, 0.72), (0.32, 0.7), 0.016, 0.36))),
        (_one("a long tail", Disk(-25, 0.7, 0.55, arms=1, pitch=24, x=-0.15, y=0.15), Curve((0.15, 0.0), (0.7, -0.1), (0.75, -0.85), 0.055, 0.22, 0.8)),
         _one("shells", Smooth(35, 0.8, 0.22), Shell(0.42, 30, 0.14), Shell(0.58, 215, 0.11), Shell(0.74, 35, 0.08)),
         _one("a lopsided disk", Disk(-50, 0.75, 0.6, arms=1, pitch=16, lopsided=-0.36, x=-0.1, y=0.1))),
        (_one("clumps without order", Cloud(-0.1, 0.05, 0.22, 0.6, 30, 0.25, 0.6), Cloud(0.2, -0.15, 0.14, 0.7, -40, 0.4, 0.6), Cloud(-0.25, -0.2, 0.08, 1, 0, 0.4, 0.6), Cloud(0, 0, 0.26, 0.8, 20, 0.1, 0.2, OLD)),
         _one("a bent, patchy shape", Cloud(-0.25, 0.2, 0.17, 0.6, -50, 0.4, 0.5), Cloud(0.05, 0.05, 0.2, 0.45, 20, 0.25, 0.6),
              Cloud(0.34, 0.16, 0.1, 0.8, 60, 0.5, 0.4), Cloud(0.05, 0.02, 0.34, 0.7, 0, 0.08, 0.3, OLD)),
         _one("a small patchy galaxy", Cloud(0.02, 0.0, 0.17, 0.7, 80, 0.25, 0.6), Cloud(-0.14, 0.18, 0.06, 1, 0, 0.7, 0.4), Cloud(0.16, -0.22, 0.05, 1, 0, 0.6, 0.4), Cloud(0.08, 0.1, 0.04, 1, 0, 0.6, 0.4))),
        (_one("a jet from the centre", Smooth(0, 0.95, 0.3), Curve((0.03, -0.02), (0.2, -0.13), (0.42, -0.27), 0.014, 1.6, 0.6)),
         _one("a glowing cloud beside the galaxy", Disk(-30, 0.5, 0.55, y=-0.25, x=0.05, **_SPIRAL), Cloud(-0.12, 0.5, 0.13, 0.7, 20, 0.6, 0.8)),
         _one("a bright point that is no part of it", Disk(60, 0.85, 0.78, **_SPIRAL), Star(0.3, 0.25, 0.03, 6, 0.35))),
        _MERGERS,
        _LANES,
    ),
    9: (_streaks(bulge="rounded"), _streaks(bulge="boxy"), _streaks()),
    10: tuple(
        (_disks(*POSED, arms=2, pitch=pitches[0])[0], _disks(*POSED, arms=2, pitch=pitches[1])[1], _disks(*POSED, arms=3, pitch=pitches[2])[2])
        for pitches in ((8, 9, 12), (18, 18, 20), (36, 36, 38))
    ),
    11: (
        *(_disks(*POSED, arms=arms, pitch=pitch) for arms, pitch in ((1, 12), (2, 18), (3, 22), (4, 26), (6, 30))),
        _disks(*POSED, fragments=1.2, pitch=20),
    ),
}  # fmt: skip

DRAWINGS: dict[str, tuple[Drawing, ...]] = {
    name: drawings
    for question in QUESTIONS
    for name, drawings in zip(columns_of(question.number), _TABLE[question.number], strict=True)
}
