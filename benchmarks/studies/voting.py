"""Votes of five simulated people on galaxies that no network was trained on.

    python benchmarks/studies/voting.py ~/galaxy-zoo --to group

writes ``group/`` (pictures and ``person-1.csv`` to ``person-5.csv``) and ``group-others.txt``, the ids to evaluate on.
docs/voting.md has the commands that follow. With ``--votes group/votes.csv`` it prints how far the joined votes are
from those of the volunteers.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import open_catalogue, read_validation_ids
from galaxy_explorer.decision_tree import COLUMNS, SLICES, columns_of, shares_from_fractions
from galaxy_explorer.votes import RAW, SCORES, Ballot, files_of, next_question, read_ballots, tables_of

GALAXIES, PEOPLE, SEED = 200, 5, 22
TIME = "2026-01-01T00:00:00Z"


def walk(shares: np.ndarray, rng: np.random.Generator) -> tuple[str, ...]:
    """Return the answers of one person, drawn at each question from the volunteers' shares.

    A question that the volunteers were not asked has answers of equal probability.
    """
    answers: list[str] = []
    while (number := next_question(answers)) is not None:
        chances = shares[SLICES[number]]
        chances = np.ones(len(chances)) if np.isnan(chances).any() else np.clip(chances, 0, None)
        answers.append(str(rng.choice(columns_of(number), p=chances / chances.sum())))
    return tuple(answers)


def simulate(data: str, to: Path) -> None:
    """Write pictures, one log of votes for each person, and the ids of the other galaxies."""
    catalogue, rng = open_catalogue(data), np.random.default_rng(SEED)
    ids = sorted(read_validation_ids(data))
    order = rng.permutation(len(ids))
    chosen, others = (sorted(ids[row] for row in rows) for rows in (order[:GALAXIES], order[GALAXIES:]))
    shares = dict(zip(chosen, shares_from_fractions(catalogue.subset(chosen).volunteer_fractions), strict=True))
    to.mkdir(parents=True)
    for galaxy in chosen:
        (to / f"{galaxy}.jpg").write_bytes(catalogue.picture_bytes(galaxy))
    for person in range(1, PEOPLE + 1):
        ballots = [Ballot(galaxy, walk(shares[galaxy], rng), f"person {person}", TIME) for galaxy in chosen]
        (to / f"person-{person}.csv").write_bytes(files_of(ballots)[RAW])
    to.with_name(f"{to.name}-others.txt").write_text("\n".join(others) + "\n")


def rmse_of(data: str, votes: Path) -> float:
    """Return the RMSE of the joined votes against the volunteers', over what both know."""
    scores = tables_of(read_ballots(votes))[SCORES].set_index("GalaxyID")[list(COLUMNS)]
    catalogue = open_catalogue(data).subset(list(scores.index))
    theirs = pd.DataFrame(catalogue.volunteer_fractions, catalogue.ids, columns=list(COLUMNS)).loc[scores.index]
    return float(np.sqrt(np.nanmean((scores.to_numpy() - theirs.to_numpy()) ** 2)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate the votes, or measure them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", metavar="DIR", help="galaxies with votes and a validation.txt")
    parser.add_argument("--to", type=Path, default=Path("group"), metavar="DIR")
    parser.add_argument("--votes", type=Path, metavar="FILE", help="measure these votes instead")
    options = parser.parse_args(arguments)
    if options.votes:
        print(f"RMSE of the joined votes against the volunteers': {rmse_of(options.data, options.votes):.4f}")
    else:
        simulate(options.data, options.to)


if __name__ == "__main__":
    main()
