"""The numbers of a galaxy as the panel writes them."""

from pathlib import Path

import numpy as np
import pytest

import galaxy_explorer.saliency
from galaxy_explorer.app.panel import shown_galaxy
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction, ShownGalaxy
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.batches import ForwardPass
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES
from galaxy_explorer.images import to_png
from galaxy_explorer.storage import ResultCache


def prediction(
    votes: np.ndarray | None, fraction: float = 0.0, lower: float = 0.0, upper: float = 0.0
) -> GalaxyPrediction:
    """A prediction of one fraction for all answers, for a galaxy with some votes."""
    galaxy = ShownGalaxy("a", np.zeros((4, 4, 3), np.uint8), 1.0, votes, ResultCache(1), ("a",))
    return GalaxyPrediction(galaxy, "fcn", np.full(37, fraction), np.full((37, 2), (lower, upper)).T)


@pytest.mark.parametrize(
    ("fraction", "lower", "upper", "text"),
    [
        (0.75, 0.614, 0.836, "75 %, 61 to 84 %"),
        (0.0, 0.0, 0.0, "0 %, 0 to 0 %"),
        (0.004, 0.0, 0.02, "<1 %, 0 to 2 %"),
        (0.75, np.nan, np.nan, "75 %, "),  # a model without interval models
    ],
)
def test_a_fraction_is_written_in_per_cent_with_its_interval(
    fraction: float, lower: float, upper: float, text: str
) -> None:
    found = prediction(None, fraction, lower, upper)
    assert f"{found.percent('Class1.1')}, {found.interval('Class1.1')}".replace("\u00a0", " ") == text


@pytest.mark.parametrize("asked", [True, False])
def test_volunteers_who_were_not_asked_gave_no_0_percent(asked: bool) -> None:
    votes = np.zeros(len(COLUMNS))
    votes[INDEX["Class1.1"]] = 1.0
    votes[SLICES[7]] = (0.0, 0.4, 0.6) if asked else 0.0
    assert prediction(votes).volunteer_percent("Class7.1") == ("0\u00a0%" if asked else "not asked")


def test_unknown_votes_have_no_number() -> None:
    assert prediction(None).volunteer_percent("Class1.1") is None
    assert prediction(np.full(len(COLUMNS), np.nan)).volunteer_percent("Class1.1") is None


@pytest.fixture
def fake_models(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Models whose prediction and features are the picture, and whose map is the features; returns the calls."""
    calls = []

    def forward_pass(model: str, picture: np.ndarray, _field: float) -> ForwardPass:
        calls.append(model)
        return ForwardPass(picture, picture, picture, picture)

    def saliency_map(_network, features, *_, **_options):
        calls.append("map")
        return features

    monkeypatch.setattr(shown_galaxy, "forward_pass", forward_pass)
    monkeypatch.setattr(galaxy_explorer.saliency, "saliency_map", saliency_map)
    return calls


def test_predictions_and_maps_are_cached_and_share_a_pass(sample: Catalogue, fake_models: list[str]) -> None:
    galaxy = ShownGalaxy("a", sample.picture("100053"), 1.0, None, ResultCache(9), ("a",))
    first, again = galaxy.predict("fcn"), galaxy.predict("fcn")
    assert first.fractions is again.fractions
    for against in (False, True, False):
        first.saliency("Class1.1", "Grad-CAM", against)
    assert fake_models == ["fcn", "map", "map"]
    with pytest.raises(AttributeError):
        first.model = "densenet"


def test_features_that_are_no_longer_cached_are_computed_again(sample: Catalogue, fake_models: list[str]) -> None:
    galaxy = ShownGalaxy("a", sample.picture("100053"), 1.0, None, ResultCache(1), ("a",))
    galaxy.predict("fcn").saliency("Class1.1", "Grad-CAM", against=False)
    assert fake_models == ["fcn", "fcn", "map"]


def test_a_replaced_picture_gets_numbers_and_a_map_of_its_own(
    tmp_path: Path, draw_galaxy, fake_models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.png").write_bytes(to_png(draw_galaxy(1)))
    for module in (sources, shown_galaxy):
        monkeypatch.setattr(module, "sources", lambda: {"folder": str(tmp_path)})
    old = shown_galaxy.galaxy_of("folder", "one").predict("fcn")
    assert np.array_equal(old.fractions, old.galaxy.picture)
    old_map = old.saliency("Class1.1", "Grad-CAM", against=False)
    (tmp_path / "one.png").write_bytes(to_png(draw_galaxy(2, 72, 72)))
    new = shown_galaxy.galaxy_of("folder", "one").predict("fcn")
    assert np.array_equal(new.fractions, new.galaxy.picture)
    assert not np.array_equal(new.saliency("Class1.1", "Grad-CAM", against=False), old_map)
    (tmp_path / "field.json").write_text('{"centre": 288, "of": 424}')
    sources._open_stored.clear()
    assert shown_galaxy.galaxy_of("folder", "one").key != new.galaxy.key  # the network sees another part now
