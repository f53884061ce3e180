"""Origin of predictions, for the metadata of a table: network, weights, votes, references."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from galaxy_explorer import __version__
from galaxy_explorer.prediction.tables import KEY

if TYPE_CHECKING:
    from galaxy_explorer.models import Model

# Bibcodes of the votes (Willett et al. 2013) and of the pictures (SDSS DR7, Abazajian et al. 2009).
REFERENCES = "2013MNRAS.435.2835W 2009ApJS..182..543A"


def provenance(weights: str | Path, model: "Model", tta_views: int) -> dict[str, str | int]:
    """Return what made the predictions of a table.

    Parameters
    ----------
    weights : str or Path
        A bundled network's name, or the path of a checkpoint.
    model : Model
        The model loaded from it.
    tta_views : int
        Number of flips and quarter turns that are averaged.

    Returns
    -------
    dict
        Texts, and the number ``views``: ``prediction_key``, ``network`` (of a checkpoint that is not bundled, its
        name with the first digits of its SHA-256), ``version``, ``weights_sha256``, ``votes``, ``references``.
    """
    from galaxy_explorer.models.checkpoints import available, find

    path = find(weights)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    bundled = path in available().values()
    return {
        KEY: model.key(tta_views),
        "network": path.stem if bundled else f"{path.stem}-{sha256[:8]}",
        "version": __version__,
        "views": tta_views,
        "weights_sha256": sha256,
        "votes": "debiased" if bundled else f"scores of the catalogue {model.card.data or '(unknown)'}",
        "references": REFERENCES,
    }
