"""Responses of a network and of simulated volunteers along the range of a parameter."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from galaxy_explorer.app.panel.selected_answer import NOT_TELLING
from galaxy_explorer.app.services.batches import batch_worker
from galaxy_explorer.app.services.networks import network
from galaxy_explorer.app.workbench.sliders import Field
from galaxy_explorer.decision_tree import COLUMNS, INDEX

STEPS = 13
THREADS = 2  # that wait for predictions while the next picture is drawn
MIN_RANGE = 0.05  # of a vote fraction that moves
MOST = 5  # answers that are drawn


@dataclass(frozen=True)
class Sweep:
    """Vote fractions along the range of a parameter."""

    field: Field
    values: np.ndarray  # (N,) of the parameter, ascending
    fractions: np.ndarray  # (N, 37) predicted
    intervals: np.ndarray  # (N, 2, 37) lower and upper ends of the 68 % prediction intervals; NaN if unknown
    votes: np.ndarray | None  # (N, 37) by simulated volunteers; None without them

    def moved(self, most: int = MOST) -> list[str]:
        """Return the answers that move most, by `MIN_RANGE` at least, and name something to see."""
        ranges = np.ptp(self.fractions, axis=0)
        if self.votes is not None:
            ranges = np.maximum(ranges, np.ptp(self.votes, axis=0))
        order = [COLUMNS[row] for row in np.argsort(-ranges, kind="stable")]
        return [name for name in order if ranges[INDEX[name]] >= MIN_RANGE and name not in NOT_TELLING][:most]

    def table(self) -> pd.DataFrame:
        """Return predictions, intervals and votes of all answers by value of the parameter."""
        parts = {"network": self.fractions, "lower": self.intervals[:, 0], "upper": self.intervals[:, 1]}
        if self.votes is not None:
            parts["simulated_volunteers"] = self.votes
        columns = {
            f"{column}_{part}": values[:, row] for row, column in enumerate(COLUMNS) for part, values in parts.items()
        }
        return pd.DataFrame({self.field.label: self.values} | columns)


def values_of(field: Field, steps: int = STEPS) -> np.ndarray:
    """Return values over the range of a parameter, each a multiple of its step, ascending."""
    evenly = np.linspace(field.low, field.high, steps)
    return np.unique(np.round(np.rint((evenly - field.low) / field.step) * field.step + field.low, 6))


def sweep(
    field: Field,
    model: str,
    picture_of: Callable[[float], np.ndarray],
    votes_of: Callable[[float], np.ndarray | None],
    progress: Callable[[int, int], object],
    field_of_view: float = 1.0,
) -> Sweep:
    """Predict pictures over the range of a parameter.

    Parameters
    ----------
    field : Field
        The parameter.
    model : str
        Name of the network.
    picture_of, votes_of : callable
        Return the picture, and the (37,) vote fractions of simulated volunteers or None, by value.
    progress : callable
        Called with the number of pictures done and of all.
    field_of_view : float
        Of the pictures, as a fraction of the original.

    Returns
    -------
    Sweep
    """
    loaded, worker, values = network(model), batch_worker(), values_of(field)
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = []
        for done, value in enumerate(values.tolist()):
            inputs = loaded.inputs(picture_of(value), field_of_view)
            waiting.append(pool.submit(worker.run, loaded, inputs))
            progress(done + 1, len(values))
        passes = [each.result() for each in waiting]
    votes = [found for value in values.tolist() if (found := votes_of(value)) is not None]
    fractions, intervals = (np.array([getattr(each, name) for each in passes]) for name in ("fractions", "intervals"))
    return Sweep(field, values, fractions, intervals, np.array(votes) if votes else None)
