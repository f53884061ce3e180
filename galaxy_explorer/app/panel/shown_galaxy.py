"""One galaxy as the panel shows it, and a model's prediction for it, with saliency maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxy_explorer.app.services.batches import ForwardPass, batch_worker
from galaxy_explorer.app.services.networks import freeze_gc, label, network
from galaxy_explorer.app.services.result_cache import shared_results
from galaxy_explorer.app.services.sources import catalogue, sources
from galaxy_explorer.app.state import Crop
from galaxy_explorer.app.ui.crop_tool import FOUND, CroppedPicture
from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTION_OF, SLICES, shares_from_fractions
from galaxy_explorer.images import DEFAULT_VIEWS, Finding, find_galaxy, thumbnail
from galaxy_explorer.storage import ResultCache

if TYPE_CHECKING:
    from galaxy_explorer.models import Card
    from galaxy_explorer.saliency import FeatureMaps, SaliencyMap

SDSS = "Sloan Digital Sky Survey"  # what Galaxy Zoo's volunteers were shown
OURS = "simulated by Galaxy Explorer"
SHOWN_SIDE_PX = 1000  # more than the panel takes on a sharp screen


@dataclass(frozen=True)
class ShownGalaxy:
    """One galaxy, from a catalogue, an upload or the sky."""

    galaxy_id: str
    picture: np.ndarray  # (H, W, 3) uint8
    field: float  # fraction of the original field of view that the picture covers
    volunteers: np.ndarray | None  # (37,) vote fractions, NaN where unknown; None without votes
    cache: ResultCache  # for results about it
    key: tuple[str, ...]  # of this galaxy in the cache
    picture_key: tuple[str, ...] = ()  # of the whole picture, if this may be a crop
    columns: Mapping[Any, Any] = default(default_factory=dict)  # more of its row in a downloaded table of scores
    title: str = ""  # a name or a position; empty: the id
    credit: str = ""  # of the picture, on the share card
    simulated: bool = False  # the picture and the votes

    @property
    def name(self) -> str:
        """What a galaxy is called where its page is not in sight."""
        return self.title or f"Galaxy {self.galaxy_id}"

    @property
    def voters(self) -> str:
        """Whose votes they are."""
        return "simulated volunteers" if self.simulated else "volunteers"

    @cached_property
    def shown(self) -> np.ndarray:
        """The picture at the size of the page; overlays on 12 megapixels take a gigabyte."""
        return thumbnail(self.picture, SHOWN_SIDE_PX)

    def predict(self, model: str) -> "GalaxyPrediction":
        """Predict the vote fractions by a model, or read them from the cache."""

        def compute() -> tuple[np.ndarray, np.ndarray]:
            found = forward_pass(model, self.picture, self.field)
            self.cache.put((*self.key, model, "features"), found.features)
            self.cache.put((*self.key, model, "embedding"), found.embedding)
            return found.fractions, found.intervals

        return GalaxyPrediction(self, model, *self.cache.get((*self.key, model), compute))

    def features(self, model: str) -> "FeatureMaps":
        """Return what all saliency maps share; computed again if the cache no longer holds it."""
        key = (*self.key, model, "features")
        return self.cache.get(key, lambda: forward_pass(model, self.picture, self.field).features)

    def embedding(self, model: str) -> np.ndarray:
        """Return the ``(D,)`` embedding by a model, by default from the prediction's own pass."""
        key = (*self.key, model, "embedding")
        return self.cache.get(key, lambda: forward_pass(model, self.picture, self.field).embedding)


@dataclass(frozen=True)
class GalaxyPrediction:
    """A model's prediction for one galaxy."""

    galaxy: ShownGalaxy
    model: str
    fractions: np.ndarray  # (37,) vote fractions
    intervals: np.ndarray  # (2, 37) lower and upper ends of the 68 % prediction intervals; NaN if unknown

    @cached_property
    def shares(self) -> np.ndarray:
        """The ``(37,)`` answer shares."""
        return shares_from_fractions(self.fractions)

    @cached_property
    def share_intervals(self) -> np.ndarray | None:
        """The ``(2, 37)`` ends of the 68 % prediction intervals of the shares; None if unknown."""
        interval_model = self.card.interval_model(DEFAULT_VIEWS)
        return None if interval_model is None else interval_model.share_intervals(self.fractions[np.newaxis])[0]

    @property
    def label(self) -> str:
        """The model's label on the pages."""
        return label(self.model)

    @property
    def card(self) -> "Card":
        """The model card."""
        return network(self.model).card

    def saliency(self, column: str, method: str, against: bool, progress: Any = None) -> "SaliencyMap":
        """Compute the saliency map of an answer, or read it from the cache."""
        key = (*self.galaxy.key, self.model, column, method, against)
        return self.galaxy.cache.get(key, lambda: self._explain(column, method, against, progress))

    def _explain(self, column: str, method: str, against: bool, progress: Any) -> "SaliencyMap":
        """Compute the saliency map of an answer, over the TTA views whose mean is the prediction."""
        from galaxy_explorer.saliency import AnswerLogOdds, saliency_map

        target, features = AnswerLogOdds(column, against=against), self.galaxy.features(self.model)
        found = saliency_map(network(self.model).network, features, target, method=method, progress=progress)
        freeze_gc("saliency")
        return found

    def percent(self, column: str) -> str:
        """Format the vote fraction of an answer: ``75 %``."""
        return _percent(self.fractions[INDEX[column]])

    def interval(self, column: str) -> str:
        """Format the 68 % prediction interval of an answer: ``61 to 84 %``; empty if it is unknown."""
        lower, upper = 100 * self.intervals[:, INDEX[column]]
        return "" if np.isnan(lower) else f"{lower:.0f}\u00a0to\u00a0{upper:.0f}\u00a0%"

    def volunteer_percent(self, column: str) -> str | None:
        """Format the volunteers' vote fraction of an answer; None if it is unknown."""
        votes = self.galaxy.volunteers
        if votes is None or not np.isfinite(votes[INDEX[column]]):
            return None
        asked = votes[SLICES[QUESTION_OF[column].number]].sum() > 0
        return _percent(votes[INDEX[column]]) if asked else "not asked"


def _percent(fraction: float) -> str:
    """Format a fraction in per cent, without a line break."""
    return "<1\u00a0%" if 0.0 < fraction < 0.005 else f"{100 * fraction:.0f}\u00a0%"


def cropped_picture(source: str, galaxy_id: str, crop: Crop = FOUND) -> CroppedPicture:
    """Read the picture of a galaxy of a source; raise ImageError or CatalogueError without it."""
    galaxies, cache = catalogue(source), shared_results()
    # A replaced picture, or another field of view, has other results.
    key = (sources()[source], galaxy_id, str(galaxies.field_of_view), str(galaxies.picture_state(galaxy_id)))
    whole = galaxies.picture(galaxy_id)
    finding = Finding(whole) if galaxies.framed else cache.get(("finding", *key), lambda: find_galaxy(whole))
    return CroppedPicture(whole, finding, crop, key, cache)


def galaxy_of(source: str, galaxy_id: str, shown: CroppedPicture | None = None) -> ShownGalaxy:
    """Read a galaxy of a source, whose picture may be given; errors as in `cropped_picture`."""
    galaxies, shown = catalogue(source), shown or cropped_picture(source, galaxy_id)
    votes = galaxies.table.loc[galaxy_id, list(COLUMNS)].to_numpy(dtype=float)
    key = shown.key if shown.crop == FOUND else (*shown.key, str(shown.crop))
    known = votes if np.isfinite(votes).any() else None
    credit = SDSS if known is not None or "ra_deg" in galaxies.table else ""
    simulated = galaxies.simulated
    field = galaxies.field_of_view
    return ShownGalaxy(
        galaxy_id,
        shown.picture,
        field,
        known,
        shown.cache,
        key,
        shown.key,
        credit=OURS if simulated else credit,
        simulated=simulated,
    )


def forward_pass(model: str, picture: np.ndarray, field: float) -> ForwardPass:
    """Predict a picture together with those of other visitors that wait."""
    loaded = network(model)
    return batch_worker().run(loaded, loaded.inputs(picture, field))


def predict_picture(model: str, picture: np.ndarray, field: float) -> tuple[np.ndarray, np.ndarray]:
    """Predict ``(37,)`` vote fractions and the ``(2, 37)`` ends of their 68 % intervals."""
    found = forward_pass(model, picture, field)
    return found.fractions, found.intervals
