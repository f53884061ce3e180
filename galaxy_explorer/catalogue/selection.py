"""Parts of a catalogue: filtered, sorted, split for training."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.galaxies import Catalogue, CatalogueError
from galaxy_explorer.decision_tree import INDEX, QUESTION_OF, mass_of, shares_from_fractions

_ROUNDING = 1e-6  # scores are stored with six decimals: a bound of 0.3 includes a score of 0.3000000119


def filter_galaxies(
    catalogue: Catalogue,
    column: str,
    low: float,
    high: float,
    *,
    as_share: bool = False,
    smallest_mass: float = 0.0,
) -> Catalogue:
    """Keep the galaxies whose votes for an answer lie in a range, both ends included.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies; the result can be filtered again.
    column : str
        The answer, by its score column.
    low, high : float
        The range, in [0, 1].
    as_share : bool, optional
        Whether the range is one of answer shares rather than of vote fractions.
    smallest_mass : float, optional
        Keep only galaxies where at least this mass of votes, in [0, 1], reached the question.

    Returns
    -------
    Catalogue
        Those galaxies in the same order. Unknown scores never pass.

    Raises
    ------
    CatalogueError
        If there is no such column.
    """
    _check_column(column)
    fractions = catalogue.volunteer_fractions
    values = (shares_from_fractions(fractions) if as_share else fractions)[:, INDEX[column]]
    kept = (values >= low - _ROUNDING) & (values <= high + _ROUNDING)
    if smallest_mass > 0:
        kept &= mass_of(QUESTION_OF[column].number, fractions) >= smallest_mass - _ROUNDING
    return catalogue.rows(np.flatnonzero(kept))


def sort_galaxies(catalogue: Catalogue, by: str, *, descending: bool = True, seed: int | None = None) -> Catalogue:
    """Sort galaxies.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies.
    by : str
        A score column, ``"GalaxyID"`` or ``"random"``.
    descending : bool, optional
        Whether the largest come first. Unknown scores come last either way.
    seed : int, optional
        Of the random order: the same seed gives the same order.

    Returns
    -------
    Catalogue
        The same galaxies; equal ones stay in their order.

    Raises
    ------
    CatalogueError
        If there is no such column.
    """
    if by == "random":
        return catalogue.rows(np.random.default_rng(seed).permutation(len(catalogue)))
    if by == catalogue.table.index.name:
        ids = catalogue.ids
        return catalogue.rows(np.array(sorted(range(len(ids)), key=ids.__getitem__, reverse=descending), dtype=int))
    _check_column(by)
    values = catalogue.volunteer_fractions[:, INDEX[by]]
    return catalogue.rows(np.argsort(-values if descending else values, kind="stable"))  # NaN sorts last


def split(
    catalogue: Catalogue,
    *,
    validation_ids: Iterable[str] | None = None,
    fraction: float | None = None,
    seed: int = 0,
) -> tuple[Catalogue, Catalogue]:
    """Split galaxies into those to train on and those to validate on.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies.
    validation_ids : iterable of str, optional
        The galaxies to validate on. Ids that are not in the catalogue are passed over.
    fraction : float, optional
        Instead of the ids: the part of the galaxies to validate on, in (0, 1), drawn at random.
    seed : int, optional
        Of the draw, which does not depend on the order of the catalogue.

    Returns
    -------
    training, validation : Catalogue
        Together all galaxies, none in both, each in the order of the catalogue.

    Raises
    ------
    CatalogueError
        If none of the ids is in the catalogue, or the fraction leaves one side empty.
    ValueError
        If not exactly one of ids and fraction is given.
    """
    if (validation_ids is None) == (fraction is None):
        raise ValueError("split takes either validation_ids or a fraction, and one of them must be given")
    if validation_ids is not None:
        chosen = list(validation_ids)
        validating = catalogue.table.index.isin(chosen)
        if not validating.any():
            raise CatalogueError(
                f"none of the {len(chosen)} galaxies to validate on is in {catalogue.name}: check that the list belongs to it"
            )
    else:
        validating = _drawn(catalogue, float(fraction or 0), seed)
    return catalogue.rows(np.flatnonzero(~validating)), catalogue.rows(np.flatnonzero(validating))


def _drawn(catalogue: Catalogue, fraction: float, seed: int) -> np.ndarray:
    """Draw galaxies to validate on, as a mask over the catalogue."""
    count = round(fraction * len(catalogue))
    if not 0 < count < len(catalogue):
        raise CatalogueError(
            f"a validation fraction of {fraction} of {len(catalogue)} galaxies is {count}; "
            "at least one galaxy is needed to train on and one to validate on"
        )
    by_id = np.argsort(np.array(catalogue.ids))
    validating = np.zeros(len(catalogue), dtype=bool)
    validating[by_id[np.random.default_rng(seed).permutation(len(catalogue))[:count]]] = True
    return validating


def read_ids(path: str | Path) -> list[str]:
    """Read a list of galaxies, one id a line.

    Parameters
    ----------
    path : str or Path
        A text file. Empty lines are passed over.

    Returns
    -------
    list of str
        The ids as text.

    Raises
    ------
    CatalogueError
        If the file cannot be read, or holds no ids.
    """
    try:
        ids = [line.strip() for line in Path(path).read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"the list of galaxies {path} cannot be read ({error}): give a text file") from error
    if not ids:
        raise CatalogueError(f"the list of galaxies {path} is empty: write one id a line")
    return ids


def _check_column(column: str) -> None:
    """Refuse what is no score column."""
    if column not in INDEX:
        raise CatalogueError(f"{column!r} is not a score column; they are {', '.join(pd.Index(INDEX)[:3])}, …")
