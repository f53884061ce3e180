"""Origin of predictions, for the metadata of a table: network, weights, votes, references."""

import hashlib
from collections.abc import Mapping, Sequence
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


def find_network(about: Mapping[str, str], checkpoints: Sequence[Path]) -> Path | None:
    """Return the checkpoint that made a prediction table; None if it is not among some.

    Parameters
    ----------
    about : mapping of str to str
        Metadata of the table, as `read_about` returns it.
    checkpoints : sequence of Path
        Where to look.

    Raises
    ------
    CheckpointError
        If the table has no SHA-256 of its weights, and a checkpoint cannot be read.
    """
    from galaxy_explorer.images import DEFAULT_VIEWS
    from galaxy_explorer.models.checkpoints import load

    for path in checkpoints:
        if hashlib.sha256(path.read_bytes()).hexdigest() == about.get("weights_sha256"):
            return path
    # A table of an earlier version has the key alone, which depends on the number of TTA views.
    if key := about.get(KEY):
        views = about.get("views", "")
        possible = [int(views)] if views.isdecimal() else range(DEFAULT_VIEWS, 0, -1)
        for path in checkpoints:
            model = load(path)
            if any(model.key(count) == key for count in possible):
                return path
    return None
