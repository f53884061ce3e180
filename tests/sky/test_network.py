"""The real services, with a few requests; skipped unless GALAXY_EXPLORER_NETWORK=1."""

from pathlib import Path

import pytest

from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.sky import CUTOUT_SOURCES, CutoutSource, OutsideFootprint, cutout, galaxy_at, resolve

pytestmark = pytest.mark.network

SPIRAL = (126.572601, 54.204586)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache, and no fake server."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("GALAXY_EXPLORER_SKY", raising=False)


def test_sesame_resolves_m51() -> None:
    position = resolve("M51")
    assert (position.ra_deg, position.dec_deg) == pytest.approx((202.4696, 47.1952), abs=0.01)


@pytest.mark.parametrize("source", CUTOUT_SOURCES, ids=lambda source: source.name)
def test_every_source_has_cutouts_inside_the_footprint_only(source: CutoutSource) -> None:
    assert cutout(*SPIRAL, 0.3, [source]).picture.shape == (424, 424, 3)
    with pytest.raises(OutsideFootprint):
        cutout(80.0, -69.0, 0.3, [source])  # the Large Magellanic Cloud


def test_skyserver_has_the_samples_galaxy_and_its_votes(sample: Catalogue) -> None:
    galaxy = galaxy_at(*SPIRAL).value
    assert galaxy.gz2id == "587737825678131439"
    assert galaxy.radius_arcsec == pytest.approx(14, abs=12)
    assert galaxy.votes


def test_a_live_draw_has_scores_that_obey_the_tree() -> None:
    galaxies = open_catalogue("Live SDSS 5 seed 1 Class4.1 80")
    assert len(galaxies) + galaxies.missing_pictures == 5
    assert galaxies.volunteer_fractions[:, :3].sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert ((galaxies.volunteer_fractions >= 0) & (galaxies.volunteer_fractions <= 1)).all()
