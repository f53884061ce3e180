"""One galaxy as the panel shows it, with its predictions and saliency maps."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxy_explorer.app.services.result_cache import Memo, shared_memo
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import thumbnail

if TYPE_CHECKING:
    from galaxy_explorer.saliency import SaliencyMap
from galaxy_explorer.app.services.networks import VIEWS, network
from galaxy_explorer.app.services.sources import catalogue, sources

SHOWN_SIDE = 1000  # pixels at most of a picture under a map: more than the panel takes on a sharp screen


@dataclass(frozen=True)
class ShownGalaxy:
    """One galaxy as the panel shows it, wherever it came from."""

    galaxy_id: str
    picture: np.ndarray  # (H, W, 3) uint8
    field: float  # fraction of the original field of view that the picture covers
    volunteers: np.ndarray | None  # (37,) vote fractions, NaN where unknown; None where nobody voted
    memo: Memo  # where results about it are kept
    address: tuple[str, ...]  # what sets it apart from the other galaxies of the memo
    whole_address: tuple[str, ...] = ()  # that of the whole picture, where this may be a crop

    @cached_property
    def shown(self) -> np.ndarray:
        """The picture at the size of the page: a map laid over a phone's 12 megapixels would take a gigabyte."""
        return thumbnail(self.picture, SHOWN_SIDE)

    def prediction(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Give a network's ``(37,)`` vote fractions for this galaxy and the half-widths of their 68 % intervals."""
        return self.memo.recall((*self.address, name), lambda: predict_picture(name, self.picture, self.field))

    def saliency(self, name: str, column: str, method: str, lowers: bool, progress: Any = None) -> "SaliencyMap":
        """Map where a network looks for one answer about this galaxy."""
        return self.memo.recall(
            (*self.address, name, column, method, lowers),
            lambda: explain_picture(name, self.picture, self.field, column, method, lowers, progress),
        )


def galaxy_of(source: str, galaxy_id: str) -> ShownGalaxy:
    """Take a galaxy out of a source, ready to be shown.

    Raises
    ------
    ImageError, CatalogueError
        When its picture cannot be read, or the whole folder or zip file has gone.
    """
    galaxies = catalogue(source)
    picture = galaxies.picture(galaxy_id)
    voted = galaxies.table.loc[galaxy_id, list(COLUMNS)].to_numpy(dtype=float)
    return ShownGalaxy(
        galaxy_id,
        picture,
        galaxies.field_of_view,
        voted if np.isfinite(voted).any() else None,
        shared_memo(),
        # What results hang on: a replaced picture, or another field, has others.
        (sources()[source], galaxy_id, str(galaxies.field_of_view), str(galaxies.picture_state(galaxy_id))),
    )


def predict_picture(name: str, picture: np.ndarray, field: float) -> tuple[np.ndarray, np.ndarray]:
    """Predict one picture's ``(37,)`` vote fractions and the half-widths of their 68 % intervals."""
    from galaxy_explorer.prediction import predict

    fractions, spread = predict(network(name), [picture], field=field)
    return fractions[0], spread[0]


def explain_picture(
    name: str, picture: np.ndarray, field: float, column: str, method: str, lowers: bool, progress: Any = None
) -> "SaliencyMap":
    """Map where a network looks for one answer about one picture, in the views whose mean is its prediction."""
    from galaxy_explorer.saliency import AnswerLogOdds, saliency_map

    model = network(name)
    inputs = model.inputs(picture, field)
    target = AnswerLogOdds(column, against=lowers)
    return saliency_map(model.network, inputs, target, method=method, views=VIEWS, progress=progress)
