"""Answers that filters, sorts, captions and maps use: of the volunteers or of a network."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.own_votes import session as own_votes
from galaxy_explorer.app.services.result_cache import latest_result
from galaxy_explorer.catalogue import ID, Catalogue, ShareEnds, Votes
from galaxy_explorer.decision_tree import COLUMNS, INDEX
from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.prediction import cached
from galaxy_explorer.votes import SCORES, tables_of

VOLUNTEERS, OURS = "volunteers", "ours"  # ours: of the visitor and of opened logs, on the page Your votes


@dataclass(frozen=True)
class Answers:
    """Answers on the galaxies of a catalogue, counted from votes or predicted by a network.

    Parameters
    ----------
    name : str
        `VOLUNTEERS` or the name of a network; the value of the URL parameter ``answers``.
    votes : Votes
        One value per galaxy of the catalogue and answer, NaN where not voted or not predicted.
    predicted : int
        Number of galaxies with answers.
    key : hashable
        Key of results about these answers, which changes as predictions are added.
    """

    name: str
    votes: Votes = field(repr=False)
    predicted: int
    key: Hashable = ""

    @property
    def network(self) -> str:
        """The network's name; empty for the volunteers."""
        return "" if self.name in (VOLUNTEERS, OURS) else self.name

    @property
    def label(self) -> str:
        """Its label on the pages: ``volunteers``, ``accurate``, ``quick``."""
        return networks.label(self.name)

    def fractions_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the vote fractions of some rows, (n, 37) float, NaN where unknown."""
        return np.stack([self.votes.fractions(column)[rows] for column in COLUMNS], axis=1).astype(float)


def choices(catalogue: Catalogue) -> list[str]:
    """Return the names of the answers that a visitor can choose for a catalogue.

    Parameters
    ----------
    catalogue : Catalogue

    Returns
    -------
    list of str
        The volunteers if the catalogue has votes, and the bundled networks, predicted or not.
    """
    voted = [VOLUNTEERS] * bool(catalogue.votes.known.any()) + [OURS] * bool(own_votes.everyone(catalogue.source))
    return voted + networks.names()


def default_answers(catalogue: Catalogue) -> str:
    """Return the name of the answers that a catalogue opens with.

    Parameters
    ----------
    catalogue : Catalogue

    Returns
    -------
    str
        The volunteers if the catalogue has votes, else the first network with predictions, else the first network.
    """
    if catalogue.votes.known.any():
        return VOLUNTEERS
    predicted = {tables.network: None for tables in cached.tables_of(catalogue)}
    return next(iter([*predicted, *networks.names()]), VOLUNTEERS)


def answers_of(catalogue: Catalogue, name: str = "") -> Answers:
    """Return answers on a catalogue; of a network, as far as it has predicted it.

    Parameters
    ----------
    catalogue : Catalogue
    name : str, optional
        `VOLUNTEERS` or a network; by default `default_answers`.

    Returns
    -------
    Answers
        Columns are read when they are used, and cached until there are more predictions.
    """
    name = name or default_answers(catalogue)
    if name == VOLUNTEERS:
        return Answers(name, catalogue.votes, int(catalogue.votes.known.sum()), name)
    if name == OURS:
        return _ours(catalogue)
    found: Answers = latest_result(
        catalogue, ("answers", name), partial(cached.tables_by, catalogue, name), partial(_open, catalogue)
    )
    return found


def _ours(catalogue: Catalogue) -> Answers:
    """Return the answers of the visitor and of opened logs."""
    ballots = [ballot for ballot in own_votes.everyone(catalogue.source) if ballot.galaxy in catalogue]
    fractions = np.full((len(COLUMNS), len(catalogue)), np.nan, dtype=np.float32)
    if ballots:
        scores = tables_of(ballots)[SCORES].set_index(ID)
        rows = catalogue.table.index.get_indexer(scores.index)
        fractions[:, rows] = scores[list(COLUMNS)].to_numpy(dtype=np.float32).T
    votes = Votes(lambda column: fractions[INDEX[column]])
    return Answers(OURS, votes, int(votes.known.sum()), (OURS, hash(tuple(ballots))))


def _open(catalogue: Catalogue, tables: cached.Tables) -> Answers:
    """Open a network's predictions of a catalogue; a damaged column is unknown."""
    unknown = np.full(len(catalogue), np.nan, dtype=np.float32)
    try:
        column = cached.open_columns(catalogue.table.index, tables)
    except (OSError, ValueError):  # a damaged table; the next prediction replaces it
        column = lambda _: unknown  # noqa: E731

    @cache
    def fractions(name: str) -> np.ndarray:
        try:
            return column(name)
        except (OSError, ValueError):
            return unknown

    votes = Votes(fractions, _share_ends(tables.network), complete=True)
    return Answers(tables.network, votes, int(votes.known.sum()), tables)


def _share_ends(network: str) -> ShareEnds:
    """Return a function that computes the ends of intervals by a network's model card."""

    def ends(column: str, shares: np.ndarray, fractions: np.ndarray, masses: np.ndarray) -> np.ndarray:
        card = networks.cards().get(network)
        model = card.interval_model(DEFAULT_VIEWS) if card else None
        if model is None:
            return np.full((2, len(shares)), np.nan, dtype=np.float32)
        return model.share_ends(column, shares, fractions, masses)

    return ends
