"""A class of galaxies: a logistic regression on embeddings, learned from a few marks."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MEMBER = 0.5  # score of a galaxy that is called a member
ROUND = 10  # galaxies that are offered at a time
BACKGROUND = 500  # random galaxies that count as "no" until they are marked
BACKGROUND_WEIGHT = 0.05  # of each of them, compared with a galaxy marked "no"
REGULARISATION = 0.01  # scikit-learn's C; see benchmarks/studies/classes.py
BLOCK = 2_048  # rows that are converted at once
FEWEST = 5  # marks of each kind, below which the quality is unknown
FOLDS, REPEATS = 5, 2


@dataclass(frozen=True)
class Classifier:
    """Weights of a logistic regression on features.

    Parameters
    ----------
    weights : (F,) np.ndarray of float32
        Weights of the features, as `features` returns them.
    bias : float
        Constant term.
    dimensions : int
        Number of them that belong to the embedding; the others are those of the network's answers.
    """

    weights: np.ndarray
    bias: float
    dimensions: int

    def scores(self, vectors: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """Compute the scores of galaxies: above 0.5 they are more like those marked "yes".

        Parameters
        ----------
        vectors : (n, D) np.ndarray of float
            Embeddings by the network that the class was learned with.
        answers : (n, 37) np.ndarray of float
            Vote fractions predicted by it.

        Returns
        -------
        (n,) np.ndarray of float32
            In [0, 1]; not calibrated probabilities. NaN where a value is NaN.

        Raises
        ------
        ValueError
            If the embeddings have another number of dimensions.
        """
        if vectors.shape[1] != self.dimensions:
            raise ValueError(
                f"the embeddings have {vectors.shape[1]} dimensions, and the class was learned with {self.dimensions}: "
                "use the network that it was learned with"
            )
        found = np.empty(len(vectors), np.float32)
        for rows in _blocks(len(vectors)):
            found[rows] = _roots(vectors[rows]) @ self.weights[: self.dimensions]
            found[rows] += answers[rows].astype(np.float32) @ self.weights[self.dimensions :]
        return _logistic(found + np.float32(self.bias))


def features(vectors: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return what a class is learned from: roots of embeddings and answers, (n, D + 37)."""
    return np.concatenate([_roots(vectors), answers.astype(np.float32)], axis=1)


def learn(marked: np.ndarray, belongs: np.ndarray, background: np.ndarray, dimensions: int) -> Classifier:
    """Fit a class to marked galaxies.

    Random galaxies of the catalogue count as "no" with a small weight: few galaxies belong to any class, and marks of
    "no" are near its edge, where they were asked for. Both sides weigh the same.

    Parameters
    ----------
    marked : (n, F) np.ndarray of float32
        `features` of the marked galaxies.
    belongs : (n,) np.ndarray of bool
        Whether each one belongs to the class; at least one does.
    background : (m, F) np.ndarray of float32
        Those of random galaxies, without the marked ones: also the scale of the features.
    dimensions : int
        Those of the embedding among the features.

    Raises
    ------
    ValueError
        If no galaxy belongs, or there is nothing that does not.
    """
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    both = np.concatenate([marked, background])
    is_yes = np.concatenate([belongs, np.zeros(len(background), dtype=bool)])
    if not is_yes.any() or is_yes.all():
        raise ValueError("a class needs a galaxy that belongs to it, and others; mark one")
    scale_of = background if len(background) > 1 else both
    mean, scale = scale_of.mean(axis=0), scale_of.std(axis=0) + 1e-6
    weight = np.concatenate([np.ones(len(marked)), np.full(len(background), BACKGROUND_WEIGHT)])
    weight[is_yes] *= weight[~is_yes].sum() / weight[is_yes].sum()
    model = LogisticRegression(C=REGULARISATION, max_iter=500)
    model.fit((both - mean) / scale, is_yes, sample_weight=weight)
    weights = (model.coef_[0] / scale).astype(np.float32)
    return Classifier(weights, float(model.intercept_[0] - mean @ weights), dimensions)


@dataclass(frozen=True)
class Quality:
    """Result of a cross-validation on the marked galaxies."""

    called: float  # galaxies that it calls members, as a mean over the repeats
    right: float  # of these, marked "yes"
    members: int  # galaxies marked "yes"

    @property
    def precision(self) -> float:
        """Fraction of the galaxies called members that are."""
        return self.right / self.called if self.called else 0.0

    @property
    def recall(self) -> float:
        """Fraction of the members that are called so."""
        return self.right / self.members

    def bounds(self, right: float, of: float) -> tuple[float, float]:
        """Return the 95 % interval of a fraction, by Wilson's score."""
        if not of:
            return 0.0, 1.0
        z, share = 1.96, right / of
        middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
        half = z * np.sqrt(share * (1 - share) / of + z**2 / (4 * of**2)) / (1 + z**2 / of)
        return max(0.0, middle - half), min(1.0, middle + half)


def cross_validate(marked: np.ndarray, belongs: np.ndarray, background: np.ndarray, dimensions: int) -> Quality | None:
    """Measure a class on marks that it was not learned from; arguments as in `learn`.

    Returns
    -------
    Quality or None
        The mean over `REPEATS` divisions into `FOLDS` parts; None with fewer than `FEWEST` marks of either kind.
    """
    from sklearn.model_selection import RepeatedStratifiedKFold

    if min(belongs.sum(), (~belongs).sum()) < FEWEST:
        return None
    called = right = 0
    divisions = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=0)
    for rest, kept_out in divisions.split(marked, belongs):
        model = learn(marked[rest], belongs[rest], background, dimensions)
        is_called = model.bias + marked[kept_out] @ model.weights > 0
        called += int(is_called.sum())
        right += int(belongs[kept_out][is_called].sum())
    return Quality(called / REPEATS, right / REPEATS, int(belongs.sum()))


def suggest(scores: np.ndarray, marked: np.ndarray, count: int = ROUND) -> np.ndarray:
    """Return the rows to judge next: the most likely and the most uncertain, in turn.

    Parameters
    ----------
    scores : (N,) np.ndarray of float
        Scores of a catalogue's galaxies; NaN is never offered.
    marked : (n,) np.ndarray of int
        Rows that are not offered: those marked before.
    count : int
        Number of galaxies wanted.
    """
    unlikely = np.where(np.isfinite(scores), -scores, np.inf)
    unlikely[marked] = np.inf
    likely = _first(unlikely, count - count // 2)
    sureness = np.where(np.isfinite(unlikely), np.abs(unlikely + 0.5), np.inf)
    sureness[likely] = np.inf
    unsure = _first(sureness, count // 2)
    turns = np.concatenate([2 * np.arange(len(likely)), 2 * np.arange(len(unsure)) + 1])
    return np.concatenate([likely, unsure])[np.argsort(turns)]


def random_rows(count: int, without: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the rows of up to `BACKGROUND` random galaxies among `count`, without some."""
    drawn = np.random.default_rng(seed).choice(count, min(BACKGROUND + len(without), count), replace=False)
    return np.sort(drawn[~np.isin(drawn, without)][:BACKGROUND])


def _first(values: np.ndarray, count: int) -> np.ndarray:
    """Return the rows with the smallest finite values, in order; the first of equal ones."""
    if not count or not len(values):
        return np.empty(0, dtype=np.int64)
    worst = np.partition(values, min(count, len(values)) - 1)[min(count, len(values)) - 1]
    rows = np.flatnonzero((values <= worst) & np.isfinite(values))
    return rows[np.argsort(values[rows], kind="stable")[:count]]


def _roots(vectors: np.ndarray) -> np.ndarray:
    """Return the square roots of embeddings, float32; their maps are 0 or above."""
    found = vectors.astype(np.float32)
    np.maximum(found, 0, out=found)
    return np.sqrt(found, out=found)


def _logistic(values: np.ndarray) -> np.ndarray:
    """Return the logistic function of values."""
    return 0.5 * (1 + np.tanh(0.5 * values))


def _blocks(count: int) -> Iterator[slice]:
    """Yield slices of rows that are converted at once."""
    for start in range(0, count, BLOCK):
        yield slice(start, start + BLOCK)
