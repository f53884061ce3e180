"""Which galaxies' votes a network has learnt from, so that no later run is judged by them."""

import base64
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from galaxy_explorer.training.resume import TrainingError

# Of the galaxies kept back so many may be hits: two ids among 10^4 and 10^3 share 32 bits once in 400 runs.
BY_CHANCE = 0.01


def add_learnt(card: dict[str, Any], ids: Iterable[str], earlier: Iterable[Mapping[str, Any]] = ()) -> None:
    """Put on a card which galaxies' votes its network has learnt from.

    Parameters
    ----------
    card : dict
        Gets the entry ``learnt``: 32 bits of each id (CRC-32), sorted, in Base64.
    ids : iterable of str
        The galaxies with votes that the run trained on.
    earlier : iterable of mapping
        Cards of the teachers and of the weights that it began with: what they have learnt it has learnt as well.
    """
    known = [_digests(ids), *(_read(other["learnt"]) for other in earlier)]
    card["learnt"] = base64.b64encode(np.unique(np.concatenate(known)).tobytes()).decode()


def learnt_from(card: Mapping[str, Any], ids: Iterable[str]) -> int:
    """Count the galaxies that a network has learnt from, itself or by its teachers; none where its card does not say."""
    return int(np.isin(_digests(ids), _read(card.get("learnt", ""))).sum())


def refuse_if_learnt(file: str, card: Mapping[str, Any], kept_back: Iterable[str]) -> None:
    """Refuse weights that have learnt from galaxies by which a run is judged.

    Parameters
    ----------
    file : str
        What the weights are called.
    card : mapping
        Their card.
    kept_back : iterable of str
        The galaxies that the run holds out, and those that it must never see.

    Raises
    ------
    TrainingError
        When they have, or do not say what they have learnt from.
    """
    if "learnt" not in card:
        raise TrainingError(
            f"the card of {file} does not say which galaxies it has learnt from, so it might know those that this run is "
            "judged by; train.py --remeasure, with its file and the data that it was trained on, adds that"
        )
    kept_back = list(kept_back)
    hits = learnt_from(card, kept_back)
    if hits > BY_CHANCE * len(kept_back):
        raise TrainingError(
            f"{file} has learnt from {hits} of the {len(kept_back)} galaxies that this run is judged by; hold out those that "
            "it held out, by the same data, --never, --hold-out and --hold-out-seed, or begin without it"
        )


def _digests(ids: Iterable[str]) -> np.ndarray:
    """Shorten ids to 32 bits each."""
    return np.array([zlib.crc32(galaxy.encode()) for galaxy in ids], dtype="<u4")


def _read(written: str) -> np.ndarray:
    """Read the digests from a card."""
    return np.frombuffer(base64.b64decode(written), dtype="<u4")
