"""Scores of galaxies by a class: a collection of the visitor, or an opened class file."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from weakref import ref

import numpy as np
import pandas as pd

from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.answers import Answers, answers_of
from galaxy_explorer.app.services.collections import session
from galaxy_explorer.app.services.collections.collection import MAX_CLASS_LETTERS, MAX_CLASSES, Collection
from galaxy_explorer.app.services.embeddings import embeddings_of
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.prediction import Embeddings
from galaxy_explorer.similarity.class_files import ClassFileError, SavedClass, read_class
from galaxy_explorer.similarity.classifier import (
    Classifier,
    Quality,
    cross_validate,
    features,
    learn,
    random_rows,
)


@dataclass(frozen=True)
class Ranking:
    """Scores of a catalogue's galaxies by a class."""

    network: str
    scores: np.ndarray = field(repr=False)  # (N,) float32, NaN without an embedding
    classifier: Classifier
    yes: int = 0  # galaxies of the catalogue that it was learned from
    no: int = 0
    quality: Quality | None = None


@dataclass(frozen=True)
class _Data:
    """Embeddings of a catalogue, with the answers of the same galaxies and network."""

    embeddings: Embeddings
    answers: Answers

    def features_of(self, positions: np.ndarray) -> np.ndarray:
        """Return what a class is learned from: `features` of those galaxies that have answers."""
        fractions = self.answers.fractions_of(self.embeddings.rows[positions])
        found = features(self.embeddings.vectors[positions], fractions)
        return found[np.isfinite(found).all(axis=1)]  # a damaged table has none

    def scores(self, classifier: Classifier, size: int) -> np.ndarray:
        """Return the scores of all galaxies of a catalogue."""
        rows, found = self.embeddings.rows, np.full(size, np.nan, dtype=np.float32)
        columns = [self.answers.votes.fractions(name)[rows] for name in COLUMNS]
        found[rows] = classifier.scores(self.embeddings.vectors, np.stack(columns, axis=1))
        return found


def rank(catalogue: Catalogue, collection: Collection, network: str) -> Ranking | None:
    """Learn a class from a collection's marks, and score all galaxies of a catalogue.

    Parameters
    ----------
    catalogue : Catalogue
        Only marks on its galaxies are used.
    collection : Collection
    network : str
        The network whose embeddings and answers are used.

    Returns
    -------
    Ranking or None
        None if no galaxy that is marked "yes" has an embedding and answers.
    """
    embeddings = embeddings_of(catalogue, network)
    marks = tuple(tuple(collection.ids(catalogue.source, mark)) for mark in ("yes", "no"))
    if embeddings is None or not marks[0]:
        return None
    key = ("class", network, ref(embeddings), marks)  # those before, up to 100 MB in memory, are freed
    return catalogue_result(catalogue, key, lambda: _rank(catalogue, embeddings, marks))


def _rank(catalogue: Catalogue, embeddings: Embeddings, marks: tuple[tuple[str, ...], ...]) -> Ranking | None:
    """Learn a class and score all galaxies; see `rank`."""
    data = _Data(embeddings, answers_of(catalogue, embeddings.network))
    positions = [_positions(catalogue, embeddings, ids) for ids in marks]
    yes, no = (data.features_of(some) for some in positions)
    background = data.features_of(random_rows(len(embeddings), np.concatenate(positions)))
    if not len(yes) or not (len(no) or len(background)):
        return None
    given, belongs = np.concatenate([yes, no]), np.arange(len(yes) + len(no)) < len(yes)
    size = embeddings.vectors.shape[1]
    classifier = learn(given, belongs, background, size)
    quality = cross_validate(given, belongs, background, size)
    scores = data.scores(classifier, len(catalogue))
    return Ranking(embeddings.network, scores, classifier, len(yes), len(no), quality)


def rank_by_file(catalogue: Catalogue, saved: SavedClass) -> Ranking | None:
    """Score all galaxies of a catalogue by an opened class; None without embeddings."""
    embeddings = embeddings_of(catalogue, saved.network)
    if embeddings is None or embeddings.vectors.shape[1] != saved.classifier.dimensions:
        return None

    def compute() -> Ranking:
        data = _Data(embeddings, answers_of(catalogue, saved.network))
        scores = data.scores(saved.classifier, len(catalogue))
        return Ranking(saved.network, scores, saved.classifier, quality=saved.quality)

    key = ("class file", saved.network, ref(embeddings), saved.classifier.weights.tobytes(), saved.classifier.bias)
    return catalogue_result(catalogue, key, compute)


def ranking_named(catalogue: Catalogue, name: str, network: str) -> Ranking | None:
    """Score all galaxies by an opened class, else by a collection; None if neither can be used."""
    if saved := opened_class(name):
        return None if problem_of(saved) else rank_by_file(catalogue, saved)
    return rank(catalogue, session.collections().get(name), network)


def opened_class(name: str) -> SavedClass | None:
    """Return a class that the visitor opened, now or earlier; None without one, or if damaged."""
    text = dict(session.collections().classes).get(name)
    try:
        return _class_in(text) if text else None
    except ClassFileError:
        return None


@lru_cache(maxsize=32)
def _class_in(text: str) -> SavedClass:
    """Read a class that the browser kept."""
    return read_class(text.encode(), "This class")


def keep_class(name: str, saved: SavedClass) -> None:
    """Keep an opened class in the visitor's browser; those opened first make room."""
    text = saved.to_bytes().decode()
    if len(text) > MAX_CLASS_LETTERS:  # with its marks, which are not needed to apply it
        text = replace(saved, marks=()).to_bytes().decode()
    mine = session.collections()
    classes = [*(one for one in mine.classes if one[0] != name), (name, text)]
    session.change(replace(mine, classes=tuple(classes[-MAX_CLASSES:])), f"class {name}")


def remove_class(name: str) -> None:
    """Remove an opened class."""
    mine = session.collections()
    classes = tuple(one for one in mine.classes if one[0] != name)
    session.change(replace(mine, classes=classes), f"removal of the class {name}")


def saved_class(collection: Collection, ranking: Ranking) -> SavedClass:
    """Return a class as it is saved."""
    marks = [(*one, "yes") for one in collection.galaxies] + [(*one, "no") for one in collection.rejected]
    own = networks.fingerprint(ranking.network)
    saved = SavedClass(collection.name, ranking.network, own, DEFAULT_VIEWS, ranking.classifier, marks)
    return replace(saved, quality=ranking.quality)


def problem_of(saved: SavedClass) -> str:
    """Return why an opened class cannot be applied here; empty if it can."""
    if saved.network not in networks.names():
        return f"The class needs the network {saved.network[:40]}, which is not here; the networks here are " + (
            f"{', '.join(networks.names())}. Learn the class again with one of them."
        )
    if saved.network_fingerprint != networks.fingerprint(saved.network):
        return (
            f"The class was learned with other weights of the network {saved.network} than those here; use that "
            "version of Galaxy Explorer, or learn the class again from its marks."
        )
    return ""


def _positions(catalogue: Catalogue, embeddings: Embeddings, ids: tuple[str, ...]) -> np.ndarray:
    """Return the positions of galaxies among those with an embedding, without the others."""
    rows = catalogue.table.index.get_indexer(pd.Index(list(ids), dtype=catalogue.table.index.dtype))
    rows = rows[rows >= 0]
    found = np.searchsorted(embeddings.rows, rows)
    found, rows = found[found < len(embeddings)], rows[found < len(embeddings)]
    return found[embeddings.rows[found] == rows]
