"""Compare votes of simulated volunteers with real ones: means, deviations, correlations.

python benchmarks/studies/volunteers.py --data FOLDER            compare, with the rules of visibility.toml
python benchmarks/studies/volunteers.py --data FOLDER --fit      fit the numbers of the rules first, and write them
"""

import argparse
import copy
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, fractions_from_shares, label_of
from galaxy_explorer.simulation import sample, volunteers
from galaxy_explorer.simulation.volunteers import visibility

TABLE = Path(visibility.__file__).with_name("visibility.toml")
PULL = 0.15  # towards the numbers in the table: a rule that the votes do not constrain stays as it is
UNFITTED = {"star", "trail", "trail_as_artifact"}  # too rare
Spot = tuple[str | int, ...]  # keys that lead to a number of the table


def columns_of_sample(galaxies: int) -> dict[str, np.ndarray]:
    """Draw galaxies from the priors, as columns."""
    rows = [asdict(sample(seed)) for seed in range(galaxies)]
    return {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}


def votes_of(columns: dict[str, np.ndarray], table: dict[str, Any], seed: int = 0) -> np.ndarray:
    """Return the vote fractions, (N, 37), of 44 simulated volunteers for each galaxy."""
    shares = volunteers.answer_shares(columns, table)
    counts = volunteers.count_votes(shares, volunteers.PEOPLE, np.random.default_rng(seed))
    return volunteers.fractions_from_counts(counts)


def correlations(votes: np.ndarray) -> np.ndarray:
    """Return the 666 correlations between two of the 37 columns."""
    return np.corrcoef(votes, rowvar=False)[np.triu_indices(len(COLUMNS), 1)]


def spots(table: Any, path: Spot = ()) -> Iterator[Spot]:
    """Yield where the numbers of a table are."""
    items = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    for key, value in items:
        yield from spots(value, (*path, key))
    if isinstance(table, float | int):
        yield path


def number_at(table: Any, spot: Spot) -> float:
    """Return a number of a table."""
    for key in spot:
        table = table[key]
    return float(table)


def with_numbers(table: dict[str, Any], where: list[Spot], values: np.ndarray) -> dict[str, Any]:
    """Return a copy of a table with other numbers."""
    changed = copy.deepcopy(table)
    for (*path, last), value in zip(where, values, strict=True):
        inner: Any = changed
        for key in path:
            inner = inner[key]
        inner[last] = float(value)
    return changed


def is_part(spot: Spot) -> bool:
    """Return whether a number is a part of the people, in [0, 1]."""
    return (
        spot[0] == "answers"
        and len(spot) == 3
        and (spot[1] in ("1", "2", "3", "4", "6") or spot[2] == "companion_as_other")
    )


def fit(table: dict[str, Any], columns: dict[str, np.ndarray], real: np.ndarray, rounds: int = 3) -> dict[str, Any]:
    """Fit the numbers of a table by least squares to the statistics of real votes.

    What the chance of 44 people adds to the covariances is simulated before each round.
    """
    where = [spot for spot in spots(table) if UNFITTED.isdisjoint(spot)]
    wanted = statistics(real.mean(axis=0), np.cov(real, rowvar=False))
    start = np.array([number_at(table, spot) for spot in where])
    parts = np.array([is_part(spot) for spot in where])
    values = start.copy()
    spread = np.where(parts, 0.25, 0.35 * np.maximum(np.abs(start), 1e-3))
    lower = np.where(parts, 0.02, np.minimum(start * 0.25, start * 3))
    upper = np.where(parts, 0.97, np.maximum(start * 0.25, start * 3))
    for _ in range(rounds):
        now = with_numbers(table, where, values)
        expected = fractions_from_shares(volunteers.answer_shares(columns, now))
        chance = np.cov(votes_of(columns, now), rowvar=False) - np.cov(expected, rowvar=False)

        def misfit(numbers: np.ndarray, chance: np.ndarray = chance) -> np.ndarray:
            votes = fractions_from_shares(volunteers.answer_shares(columns, with_numbers(table, where, numbers)))
            found = statistics(votes.mean(axis=0), np.cov(votes, rowvar=False) + chance)
            return np.concatenate([found - wanted, PULL * (numbers - start) / spread])

        values = least_squares(
            misfit, np.clip(values, lower, upper), bounds=(lower, upper), x_scale=spread, max_nfev=8
        ).x
        print(f"misfit {np.sqrt((misfit(values)[: len(wanted)] ** 2).sum()):.3f}", flush=True)
    return with_numbers(table, where, values)


def statistics(means: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return what is compared, weighted: means and deviations by their sizes, and correlations."""
    deviations = np.sqrt(np.maximum(np.diag(covariance), 1e-8))
    correlation = (covariance / deviations / deviations[:, np.newaxis])[np.triu_indices(len(COLUMNS), 1)]
    return np.concatenate([4 * np.sqrt(np.maximum(means, 0)), 3 * np.sqrt(deviations), 0.3 * correlation])


def write(table: dict[str, Any], path: Path = TABLE) -> None:
    """Write the numbers of a table into its file, whose words stay; three digits each."""
    numbers = iter([number_at(table, spot) for spot in spots(table)])
    pattern = re.compile(r"(?<==) *-?\d[\d.]*|(?<=[\[,]) *-?\d[\d.]*(?=[,\]])")
    lines = [
        pattern.sub(lambda _: f" {next(numbers):.3g}", line) if "=" in line and not line.startswith("#") else line
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    path.write_text("\n".join(lines).replace("[ ", "[") + "\n", encoding="utf-8")


def report(simulated: np.ndarray, real: np.ndarray) -> None:
    """Print the comparison."""
    print(f"{'':34}  mean real  simulated  deviation real  simulated")
    for index, column in enumerate(COLUMNS):
        means = real[:, index].mean(), simulated[:, index].mean()
        deviations = real[:, index].std(), simulated[:, index].std()
        name = f"{column} {label_of(column)}"
        print(f"{name:34}  {means[0]:9.3f}  {means[1]:9.3f}  {deviations[0]:14.3f}  {deviations[1]:9.3f}")
    ours, theirs = correlations(simulated), correlations(real)
    print(f"means: mean absolute difference {np.abs(simulated.mean(axis=0) - real.mean(axis=0)).mean():.4f}")
    print(f"deviations: mean absolute difference {np.abs(simulated.std(axis=0) - real.std(axis=0)).mean():.4f}")
    print(
        f"correlations: RMS difference {np.sqrt(((ours - theirs) ** 2).mean()):.3f}, "
        f"their own RMS {np.sqrt((theirs**2).mean()):.3f}, correlation of the two {np.corrcoef(ours, theirs)[0, 1]:.3f}"
    )
    worst = np.argsort(-np.abs(ours - theirs))[:12]
    rows, others = np.triu_indices(len(COLUMNS), 1)
    for index in worst:
        pair = f"{COLUMNS[rows[index]]}, {COLUMNS[others[index]]}"
        print(f"  {pair:24} real {theirs[index]:+.2f}  simulated {ours[index]:+.2f}")


def main() -> None:
    """Fit if asked to, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of the Galaxy Challenge")
    parser.add_argument("--galaxies", type=int, default=4000, help="simulated galaxies (%(default)s)")
    parser.add_argument("--fit", action="store_true", help="fit the numbers, and write them into visibility.toml")
    options = parser.parse_args()
    real = open_catalogue(options.data).volunteer_fractions.astype(float)
    real = real[np.isfinite(real).all(axis=1)]
    columns, table = columns_of_sample(options.galaxies), visibility.rules()
    if options.fit:
        table = fit(table, columns, real)
        write(table)
    report(votes_of(columns, table), real)


if __name__ == "__main__":
    main()
