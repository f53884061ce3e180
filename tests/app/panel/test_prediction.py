"""The numbers of a galaxy as the panel writes them."""

import numpy as np
import pytest

from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction, ShownGalaxy
from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES
from galaxy_explorer.storage import ResultCache


def prediction(votes: np.ndarray | None, fraction: float = 0.0, interval: float = 0.0) -> GalaxyPrediction:
    """A prediction of one fraction for all answers, for a galaxy with some votes."""
    galaxy = ShownGalaxy("a", np.zeros((4, 4, 3), np.uint8), 1.0, votes, ResultCache(1), ("a",))
    return GalaxyPrediction(galaxy, "fcn", np.full(len(COLUMNS), fraction), np.full(len(COLUMNS), interval))


@pytest.mark.parametrize(
    ("fraction", "interval", "text"),
    [(0.75, 0.114, "75 ± 11 %"), (0.0, 0.0, "0 ± 0 %"), (0.004, 0.004, "<1 %"), (0.004, 0.02, "0 ± 2 %")],
)
def test_a_fraction_is_written_in_per_cent_with_its_interval(fraction: float, interval: float, text: str) -> None:
    assert prediction(None, fraction, interval).percent("Class1.1") == text.replace(" ", "\u00a0")


@pytest.mark.parametrize("asked", [True, False])
def test_volunteers_who_were_not_asked_gave_no_0_percent(asked: bool) -> None:
    votes = np.zeros(len(COLUMNS))
    votes[INDEX["Class1.1"]] = 1.0
    votes[SLICES[7]] = (0.0, 0.4, 0.6) if asked else 0.0
    assert prediction(votes).volunteer_percent("Class7.1") == ("0\u00a0%" if asked else "not asked")


def test_unknown_votes_have_no_number() -> None:
    assert prediction(None).volunteer_percent("Class1.1") is None
    assert prediction(np.full(len(COLUMNS), np.nan)).volunteer_percent("Class1.1") is None


def test_a_prediction_is_computed_once_and_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    from galaxy_explorer.app.panel import shown_galaxy

    calls = []
    values = np.linspace(0, 1, len(COLUMNS))
    monkeypatch.setattr(shown_galaxy, "predict_picture", lambda *call: calls.append(call) or (values, values / 10))
    galaxy = prediction(None).galaxy
    first, again = galaxy.predict("fcn"), galaxy.predict("fcn")
    assert len(calls) == 1
    assert first.fractions is again.fractions
    with pytest.raises(AttributeError):
        first.model = "densenet"
