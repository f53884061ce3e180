"""Places of galaxies on the map: from positions, and of a catalogue with embeddings."""

import numpy as np
import pytest

from galaxy_explorer.app.services import networks, places
from galaxy_explorer.app.services.places import LAST, networks_with_places, places_from, places_of
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.prediction import Embeddings


def test_places_keep_their_rows_and_leave_out_unknown_positions() -> None:
    positions = np.array([(0, 0), (np.nan, 0.5), (1, 0.5), (-0.2, 1.7)])
    found = places_from("fcn", np.array([10, 11, 12, 13]), positions)
    by_row = dict(zip(found.rows.tolist(), found.xy.tolist(), strict=True))
    assert by_row == {10: [0, 0], 12: [LAST, round(LAST / 2)], 13: [0, LAST]}


def test_any_first_part_of_the_places_is_a_fair_sample() -> None:
    positions = np.column_stack([np.linspace(0, 1, 10_000)] * 2)
    first = places_from("fcn", np.arange(10_000), positions).xy[:1000, 0] / LAST
    assert abs(first.mean() - 0.5) < 0.05
    assert first.min() < 0.01
    assert first.max() > 0.99


def test_a_catalogue_has_places_as_far_as_it_has_embeddings(sample: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).uniform(size=(9, 192)).astype(np.float16)

    def embeddings(network: str, count: int, first: int = 0) -> Embeddings:
        return Embeddings(network, np.arange(first, first + count, dtype=np.int32), vectors[:count])

    known = {"fcn": embeddings("fcn", 9), "densenet": embeddings("densenet", 4)}
    monkeypatch.setattr(places, "embeddings_of", lambda _, network: known[network])
    monkeypatch.setattr(networks, "names", lambda: ["densenet", "fcn"])
    assert networks_with_places(sample) == ["fcn", "densenet"]
    found = places_of(sample, "fcn")
    assert found is not None
    assert sorted(found.rows) == list(range(9))
    assert found is places_of(sample, "fcn")  # placed once
    assert len(np.unique(found.xy, axis=0)) > 1
    known["fcn"] = embeddings("fcn", 8)
    assert sorted(places_of(sample, "fcn").rows) == list(range(8))
    known["fcn"] = embeddings("fcn", 8, first=1)  # of other galaxies, but as many
    assert sorted(places_of(sample, "fcn").rows) == list(range(1, 9))
    known["fcn"] = embeddings("fcn", 0)
    assert places_of(sample, "fcn") is None
    assert places_of(sample, "nowhere") is None
    assert networks_with_places(sample) == ["densenet"]
