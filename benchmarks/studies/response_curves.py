"""Response curves: the answers of networks as simulated galaxies change in one way."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.decision_tree import INDEX, QUESTION_OF, columns_of
from galaxy_explorer.models import Model
from galaxy_explorer.prediction import predict
from galaxy_explorer.simulation import Parameters, render, sample
from galaxy_explorer.simulation.volunteers import vote_fractions

VOLUNTEERS = "volunteers"  # simulated
SIDE = 212  # pixels of a picture; the networks see fewer


@dataclass(frozen=True)
class Curve:
    """An answer as a parameter of simulated galaxies changes, and what is expected of it."""

    title: str
    parameter: str  # of `Parameters`, or "scale": the size on the sky at the same surface brightness
    values: Sequence[float]
    kind: str  # of the galaxies, as of `simulation.sample`
    answer: str  # column; a vote fraction if it is an odd feature, else a share of its question
    move: float  # by which the answer should rise from the first to the last value, or fall; 0: stay
    back: float = 0.05  # by which it may move the other way; for 0 the range in which it stays
    fixed: Mapping[str, Any] = field(default_factory=dict)  # parameters of all galaxies
    weights: Mapping[str, float] = field(default_factory=dict)  # instead of a share: a mean of numbers for answers
    reason: str = ""  # why this is expected

    def galaxies(self, count: int) -> list[Parameters]:
        """Return the galaxies at their own values."""
        return [replace(sample(seed, self.kind), **self.fixed) for seed in range(count)]

    def at(self, galaxy: Parameters, value: float) -> Parameters:
        """Return a galaxy with another value of the parameter."""
        if self.parameter != "scale":
            changed: dict[str, Any] = {self.parameter: value}
            return replace(galaxy, **changed)
        lengths = {name: getattr(galaxy, name) * value for name in ("radius", "pixel_scale")}
        return replace(galaxy, **lengths, magnitude=galaxy.magnitude - 5 * log10(value))

    def measure(self, fractions: np.ndarray) -> np.ndarray:
        """Return the ``(N,)`` figures of ``(N, 37)`` vote fractions."""
        question = QUESTION_OF[self.answer].number
        if question == 8:
            return fractions[:, INDEX[self.answer]]
        weights = self.weights or {column: float(column == self.answer) for column in columns_of(question)}
        answers = fractions[:, [INDEX[column] for column in weights]]
        return answers @ np.array(list(weights.values())) / np.maximum(answers.sum(axis=1), 1e-9)


@cache
def curves() -> tuple[Curve, ...]:
    """Return the curves of response_curves.toml."""
    table = tomllib.loads(Path(__file__).with_name("response_curves.toml").read_text(encoding="utf-8"))
    return tuple(Curve(title, **entry) for title, entry in table.items())


def responses(models: Mapping[str, Model], curve: Curve, count: int) -> pd.DataFrame:
    """Return the figures of each model and the volunteers, a row for each galaxy and value."""
    rows = []
    for value in curve.values:
        changed = [curve.at(galaxy, value) for galaxy in curve.galaxies(count)]
        pictures = [render(galaxy, SIDE) for galaxy in changed]
        found = {name: predict(model, pictures)[0] for name, model in models.items()}
        found[VOLUNTEERS] = np.stack([vote_fractions(galaxy) for galaxy in changed])
        for name, fractions in found.items():
            figures = curve.measure(fractions)
            shown = {"curve": curve.title, "value": value, "who": name}
            rows += [shown | {"galaxy": number, "figure": figure} for number, figure in enumerate(figures)]
    return pd.DataFrame(rows)


def moved(means: Sequence[float], curve: Curve) -> tuple[float, float]:
    """Return how far a mean curve moves from first to last, and its largest step back.

    Of a curve that should stay, the second is its range.
    """
    levels = np.asarray(means, float)
    if curve.move == 0:
        return levels[-1] - levels[0], np.ptp(levels)
    upward = levels * np.sign(curve.move)
    return levels[-1] - levels[0], float((np.maximum.accumulate(upward) - upward).max())


def failures(means: Sequence[float], curve: Curve) -> Iterator[str]:
    """Yield what a mean curve does not do as expected, in words."""
    move, back = moved(means, curve)
    if curve.move == 0 and back > curve.back:
        yield f"varies by {back:.2f}; at most {curve.back:.2f} is expected"
    elif curve.move and move * np.sign(curve.move) < abs(curve.move):
        verb = "rises" if curve.move > 0 else "falls"
        yield f"{verb} by {move * np.sign(curve.move):.2f}; at least {abs(curve.move):.2f} is expected"
    if curve.move and back > curve.back:
        yield f"moves back by {back:.2f} on the way; at most {curve.back:.2f} is expected"
