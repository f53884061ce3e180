"""Filling of pixels that were covered by a mark from the pixels around them."""

import numpy as np

SMOOTHINGS = 12  # steps of relaxation towards the membrane through the known pixels

# A membrane flattens a nucleus. Where there is light, a thin plate continues its curvature: under marks over the
# middle of 30 galaxies its error is 44 to 85 % of a membrane's. Point-mirrored pixels have 2 to 4 times a membrane's.
LIT = 20.0  # grey levels above the sky
MOST_BENT = 9000  # pixels
BESIDE = ((-1, 0), (1, 0), (0, -1), (0, 1))
PLATE = {  # the biharmonic operator
    (0, 0): 20.0,
    **dict.fromkeys(BESIDE, -8.0),
    **{(down, right): 2.0 for down in (-1, 1) for right in (-1, 1)},
    **{(2 * down, 2 * right): 1.0 for down, right in BESIDE},
}


def fill(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill the masked pixels of a picture smoothly from the pixels around them."""
    filled = _pulled(picture.astype(np.float32), (~mask).astype(np.float32))
    rows, columns = np.nonzero(mask)
    around = [_beside(mask, rows, columns, *step) for step in BESIDE]
    for _ in range(SMOOTHINGS):
        filled[rows, columns] = np.add.reduce([filled[at] for at in around]) / 4
    sky = np.median(picture[::4, ::4].reshape(-1, 3), axis=0)
    lit = mask & ((filled - sky).mean(axis=2) > LIT)
    if 0 < np.count_nonzero(lit) <= MOST_BENT:
        _bend(filled, lit)
    result = picture.copy()
    result[mask] = np.rint(filled[mask]).clip(0, 255)
    return result


def _beside(mask: np.ndarray, rows: np.ndarray, columns: np.ndarray, down: int, right: int) -> tuple[np.ndarray, ...]:
    """Return the rows and columns a step away, within the picture."""
    return np.clip(rows + down, 0, mask.shape[0] - 1), np.clip(columns + right, 0, mask.shape[1] - 1)


def _bend(picture: np.ndarray, mask: np.ndarray) -> None:
    """Replace the masked pixels by a thin plate through the others."""
    from scipy.sparse import csc_matrix
    from scipy.sparse.linalg import spsolve

    rows, columns = np.nonzero(mask)
    count = len(rows)
    numbers = np.full(mask.shape, -1)
    numbers[rows, columns] = np.arange(count)
    known = np.zeros((count, 3))
    plate = csc_matrix((count, count))
    for step, weight in PLATE.items():
        at = _beside(mask, rows, columns, *step)
        inside = np.nonzero(numbers[at] >= 0)[0]
        plate += csc_matrix((np.full(len(inside), weight), (inside, numbers[at][inside])), (count, count))
        known -= weight * np.where(mask[at][:, np.newaxis], 0.0, picture[at])
    picture[rows, columns] = spsolve(plate, known).reshape(-1, 3)


def _pulled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Replace unknown pixels by the means of known ones in the smallest block."""
    if known.all() or max(known.shape) == 1:
        return values
    height, width = known.shape
    margins = (0, height % 2), (0, width % 2)
    weighted = np.pad(values * known[..., np.newaxis], (*margins, (0, 0)))
    weights = np.pad(known, margins)
    sums = np.add.reduce([weighted[i::2, j::2] for i in (0, 1) for j in (0, 1)])
    counts = np.add.reduce([weights[i::2, j::2] for i in (0, 1) for j in (0, 1)])
    coarse = _pulled(sums / np.maximum(counts, 1)[..., np.newaxis], (counts > 0).astype(np.float32))
    finer = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return np.where(known[..., np.newaxis] > 0, values, finer)
