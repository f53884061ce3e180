"""Live SDSS as a catalogue."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_server import hang_up, saying
from sky_server import CUTOUTS, DR8, GALAXIES, RADIUS, SkyServer

from galaxy_explorer.catalogue import LIVE, Catalogue, CatalogueError, LiveDraw, draw_named, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX
from galaxy_explorer.images import ImageError


def test_one_query_gives_a_catalogue_with_votes_and_positions(sky_server: SkyServer, sample: Catalogue) -> None:
    galaxies = open_catalogue(LIVE)
    assert len(galaxies) == GALAXIES
    assert [asked.role for asked in sky_server.asked] == ["sql"]
    known = [galaxy for galaxy in sample.ids if galaxy in galaxies]
    assert len(known) == 3
    np.testing.assert_allclose(
        galaxies.subset(known).volunteer_fractions, sample.subset(known).volunteer_fractions, atol=1e-6
    )
    for column in ("ra_deg", "dec_deg"):
        np.testing.assert_allclose(galaxies.table.loc[known, column], sample.table.loc[known, column])


def test_a_cutout_is_downloaded_on_demand_at_the_scale_of_galaxy_zoo(sky_server: SkyServer) -> None:
    galaxies = open_catalogue(LIVE)
    assert sky_server.count("skyserver") == 0
    galaxy = galaxies.ids[0]
    assert galaxies.picture(galaxy).shape == (424, 424, 3)
    galaxies.picture(galaxy)
    (asked,) = [asked for asked in sky_server.asked if asked.role == "skyserver"]
    assert float(asked.parameters["scale"]) == pytest.approx(0.02 * RADIUS)
    assert float(asked.parameters["ra"]) == pytest.approx(galaxies.table.at[galaxy, "ra_deg"], abs=1e-6)


def test_a_draw_depends_on_the_seed(sky_server: SkyServer) -> None:
    first = open_catalogue("Live SDSS 8 seed 5")
    assert len(first) == 8
    assert first.ids == open_catalogue("Live SDSS 8 seed 5").ids
    others = [set(open_catalogue(f"Live SDSS 8 seed {seed}").ids) for seed in range(1, 5)]
    assert all(ids != set(first.ids) for ids in others)


def test_a_draw_obeys_its_minimum_share(sky_server: SkyServer) -> None:
    galaxies = open_catalogue("Live SDSS 100 seed 1 Class4.1 90")
    assert 0 < len(galaxies) < GALAXIES
    fractions = galaxies.volunteer_fractions
    spiral, none = fractions[:, INDEX["Class4.1"]], fractions[:, INDEX["Class4.2"]]
    assert (spiral / (spiral + none) >= 0.9).all()


def test_galaxies_without_a_petrosian_radius_are_left_out_and_counted(sky_server: SkyServer) -> None:
    sky_server.database.execute(
        f"UPDATE PhotoObj SET petroR90_r = -9999 WHERE objID % 7 = 0 AND objID < {DR8 + 10**14}"
    )
    galaxies = open_catalogue(LIVE)
    assert galaxies.missing_pictures > 0
    assert len(galaxies) + galaxies.missing_pictures == GALAXIES


def test_a_failed_cutout_does_not_affect_the_others(sky_server: SkyServer) -> None:
    galaxies = open_catalogue(LIVE)
    sky_server.faults |= dict.fromkeys(CUTOUTS, saying(b"", status=404))
    with pytest.raises(ImageError, match="HTTP 404"):
        galaxies.picture(galaxies.ids[0])
    sky_server.faults.clear()
    assert galaxies.picture(galaxies.ids[1]).shape == (424, 424, 3)


def test_the_credit_is_that_of_skyservers_own_votes(sky_server: SkyServer) -> None:
    assert "debiased as in Willett et al. 2013" in open_catalogue(LIVE).note


def test_a_service_that_is_down_is_an_error_with_its_reason(sky_server: SkyServer) -> None:
    sky_server.faults["sql"] = hang_up
    with pytest.raises(CatalogueError, match="no galaxies: there is no connection"):
        open_catalogue(LIVE)


def test_a_draw_without_galaxies_is_an_error(sky_server: SkyServer) -> None:
    with pytest.raises(CatalogueError, match="no galaxy of Galaxy Zoo 2 fits"):
        open_catalogue("Live SDSS 100 seed 1 Class1.3 100")


def test_a_live_catalogue_has_a_fingerprint_like_any_other(sky_server: SkyServer) -> None:
    first, same, other = (open_catalogue(f"Live SDSS 8 seed {seed}").fingerprint for seed in (5, 5, 6))
    assert first == same != other


@given(st.integers(1, 1000), st.integers(0, 999_999), st.sampled_from(["", *COLUMNS]), st.integers(0, 100))
def test_the_name_of_a_draw_holds_all_its_parameters(count: int, seed: int, column: str, percent: int) -> None:
    draw = LiveDraw(count, seed, column, percent if column else 0)
    assert draw_named(draw.name) == draw


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sample",
        "live sdss",
        "Live SDSS 0 seed 1",
        "Live SDSS 1001 seed 1",
        "Live SDSS 007 seed 1",
        "Live SDSS 10 seed 1 Class1.9 50",
        "Live SDSS 10 seed 1 Class1.1 101",
        "Live SDSS 10 seed 1 Class1.1",
        "Live SDSS 10 seed 1; DROP TABLE PhotoObj",
        "Live SDSS 10 seed 1\n",
        "Live SDSS ١٠ seed 1",
    ],
)
def test_no_other_name_is_a_draw(name: str) -> None:
    assert draw_named(name) is None
