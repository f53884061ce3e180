"""Training-set fingerprint on the model card; guards against train/validation leakage."""

import base64
import zlib
from collections.abc import Iterable

import numpy as np

from galaxy_explorer.training.resume import TrainingError

# Overlap by chance of the 32-bit digests: two among 10^4 and 10^3 ids agree once in 400 runs.
MAX_OVERLAP = 0.01


def training_fingerprint(ids: Iterable[str], others: Iterable[str] = ()) -> str:
    """Return the fingerprint of a training set: the sorted CRC-32 of its ids, in Base64.

    Parameters
    ----------
    ids : iterable of str
        Galaxies whose votes the run trained on.
    others : iterable of str
        Fingerprints of its teachers and of the model that it started from, which are merged.
    """
    digests = np.unique(np.concatenate([_digests(ids), *map(_decode, others)]))
    return base64.b64encode(digests.tobytes()).decode()


def training_overlap(fingerprint: str | None, ids: Iterable[str]) -> int:
    """Count the ids in a training-set fingerprint; 0 if it is unknown."""
    return int(np.isin(_digests(ids), _decode(fingerprint or "")).sum())


def check_no_leakage(source: str, fingerprint: str | None, evaluation_ids: Iterable[str]) -> None:
    """Raise TrainingError if a model was, or may have been, trained on the evaluation galaxies."""
    if fingerprint is None:
        raise TrainingError(
            f"the model card of {source} has no training-set fingerprint, so leakage cannot be ruled out; add it with "
            "train.py --update-card FILE and the data that the model was trained on"
        )
    evaluation_ids = list(evaluation_ids)
    overlap = training_overlap(fingerprint, evaluation_ids)
    if overlap > MAX_OVERLAP * len(evaluation_ids):
        raise TrainingError(
            f"leakage: {source} was trained on {overlap} of the {len(evaluation_ids)} galaxies that this run is "
            "evaluated on; use the hold-out of its own training (same data, --exclude-ids, --hold-out and "
            "--hold-out-seed), or train without it"
        )


def _digests(ids: Iterable[str]) -> np.ndarray:
    """Return the CRC-32 of each id."""
    return np.array([zlib.crc32(galaxy.encode()) for galaxy in ids], dtype="<u4")


def _decode(fingerprint: str) -> np.ndarray:
    """Return the digests in a fingerprint; raise ValueError if it is damaged."""
    try:
        return np.frombuffer(base64.b64decode(fingerprint, validate=True), dtype="<u4")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the training-set fingerprint on a model card is damaged ({error}); copy the checkpoint again, or "
            "write its card with train.py --update-card"
        ) from error
