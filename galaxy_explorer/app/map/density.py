"""The map as a picture: for print, for screen readers, and without WebGL."""

import io

import numpy as np
from PIL import Image

from galaxy_explorer.app.map.colourings import DEFAULT_COLOUR
from galaxy_explorer.app.map.colours import scale
from galaxy_explorer.app.query.query import COLUMN_OF_SLUG, DEFAULT_MIN_ASKED
from galaxy_explorer.app.services.answers import Answers
from galaxy_explorer.app.services.places import LAST, Places
from galaxy_explorer.decision_tree import label_of

CELLS = 400  # across the picture, a pixel each
PAPER, INK = 255, 214  # grey of an empty cell, and of one with galaxies that do not match


def density_picture(xy: np.ndarray, matches: np.ndarray, values: np.ndarray) -> bytes:
    """Draw the density of galaxies, coloured by the mean value of those that match.

    Parameters
    ----------
    xy : (n, 2) np.ndarray of uint16
    matches : (n,) np.ndarray of bool
        Others are grey.
    values : (n,) np.ndarray of float
        In [0, 1], NaN where unknown.

    Returns
    -------
    bytes
        A PNG file, on white paper.
    """
    counts, total = _histogram(xy), _histogram(xy[matches])
    known = matches & np.isfinite(values)
    valued, summed = _histogram(xy[known]), _histogram(xy[known], values[known])
    mean = np.divide(summed, valued, out=np.zeros_like(summed), where=valued > 0)
    colours = scale("light")[np.round(mean * (len(scale("light")) - 1)).astype(int)].astype(float)
    colours[valued == 0] = 150
    strength = np.log1p(total) / np.log1p(max(total.max(), 1))
    strength = np.where(total > 0, 0.35 + 0.65 * strength, 0)[..., np.newaxis]
    paper = np.where(counts > 0, INK, PAPER)[..., np.newaxis]
    picture = Image.fromarray(np.round(strength * colours + (1 - strength) * paper).astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _histogram(xy: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Count or sum in each cell, (CELLS, CELLS) float; the first axis runs downwards."""
    cells = xy.astype(np.int64) * CELLS // (LAST + 1)
    flat = np.bincount(cells[:, 1] * CELLS + cells[:, 0], weights, minlength=CELLS * CELLS)
    return flat.reshape(CELLS, CELLS).astype(float)


def density_of(places: Places, answers: Answers, rows: np.ndarray, colour: str) -> tuple[bytes, str]:
    """Draw the density of a map, and describe it in words.

    Parameters
    ----------
    places : Places
    answers : Answers
        Whose shares give the colours.
    rows : (n,) np.ndarray of int
        Rows of the catalogue that match.
    colour : str
        Name of a colouring; one that is not an answer gives the default.

    Returns
    -------
    bytes, str
        A PNG file and its caption.
    """
    column = COLUMN_OF_SLUG.get(colour) or COLUMN_OF_SLUG[DEFAULT_COLOUR]
    matches = np.isin(places.rows, rows)
    values = answers.votes.values(column, min_mass=DEFAULT_MIN_ASKED / 100)[places.rows]
    words = (
        f"Density of {len(places):,} galaxies, {int(matches.sum()):,} of them in colour: "
        f"the darker, the larger the share of “{label_of(column)}”; others are grey."
    )
    return density_picture(places.xy, matches, values), words
