"""Galaxies and pictures of the sky: checked before they are believed."""

import json

import numpy as np
import pytest
from local_server import Fault, cut_off, half, hang_up, saying
from sky_server import BLANK, ERROR_PAGE, NAMES, RADIUS, SAMPLE, SkyServer, jpeg, words_on_white

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import read_image
from galaxy_explorer.sky import (
    CUTOUT_SOURCES,
    Malformed,
    NotFound,
    OutsideFootprint,
    Unavailable,
    cutout,
    galaxies,
    galaxies_of_gz2,
    galaxy_at,
    galaxy_zoo_scale,
)
from galaxy_explorer.sky.cutouts import _is_blank
from galaxy_explorer.sky.hosts import CutoutSource

SPIRAL = (126.572601, 54.204586)
NOISE = np.random.default_rng(0).integers(0, 255, (424, 424, 3), dtype=np.uint8)


def test_a_pixel_is_a_fiftieth_of_the_petrosian_radius() -> None:
    assert galaxy_zoo_scale(14.3) == pytest.approx(0.286)


def test_the_first_source_answers_with_its_scale(sky_server: SkyServer) -> None:
    found = cutout(*SPIRAL, 0.286)
    assert (found.source, found.scale_arcsec, found.passed_over) == ("SDSS SkyServer", 0.286, ())
    assert np.array_equal(found.picture, read_image(found.content))
    assert found.picture.shape == (424, 424, 3)


@pytest.mark.parametrize("source", CUTOUT_SOURCES, ids=lambda source: source.name)
def test_every_source_is_asked_for_the_same_place_and_field(source: CutoutSource, sky_server: SkyServer) -> None:
    cutout(*SPIRAL, 0.286, [source])
    (asked,) = sky_server.asked
    said = asked.parameters
    assert (float(said["ra"]), float(said["dec"])) == SPIRAL
    assert {said[name] for name in ("width", "height", "size") if name in said} == {"424"}
    scale = said.get("scale") or said.get("pixscale") or 3600 * float(said["fov"]) / 424
    assert float(scale) == pytest.approx(0.286, abs=1e-5)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (hang_up, "no connection"),
        (cut_off, "broke off"),
        (half, "no whole picture"),
        (saying(ERROR_PAGE), "no whole picture"),
        (saying(b""), "no whole picture"),
        (saying(jpeg(NOISE[:212, :212])), "212×212 pixels in place of 424×424"),
        (saying(b"", status=503), "HTTP 503"),
        (saying(b"", status=404), "HTTP 404"),
        (saying(BLANK), "blank frame"),
        (saying(words_on_white()), "blank frame"),
    ],
)
def test_the_next_source_answers_where_one_fails(fault: Fault, reason: str, sky_server: SkyServer) -> None:
    sky_server.faults["skyserver"] = fault
    found = cutout(*SPIRAL, 0.286)
    assert found.source == CUTOUT_SOURCES[1].name
    (passed,) = found.passed_over
    assert passed.startswith(("SDSS SkyServer", "there is no connection to SDSS SkyServer"))
    assert reason in passed


def test_the_last_source_answers_where_two_fail(sky_server: SkyServer) -> None:
    sky_server.faults |= {"skyserver": hang_up, "legacy": half}
    found = cutout(*SPIRAL, 0.286)
    assert found.source == CUTOUT_SOURCES[2].name
    assert len(found.passed_over) == 2


def test_where_no_source_answers_each_says_why(sky_server: SkyServer) -> None:
    sky_server.faults |= {"skyserver": hang_up, "legacy": half, "cds": saying(b"", status=500)}
    with pytest.raises(Unavailable, match=r"SDSS SkyServer.*Legacy Surveys.*CDS hips2fits"):
        cutout(*SPIRAL, 0.286)


def test_where_all_sources_fail_alike_that_is_said_once(sky_server: SkyServer) -> None:
    sky_server.faults |= dict.fromkeys(("skyserver", "legacy", "cds"), hang_up)
    with pytest.raises(Unavailable) as failed:
        cutout(*SPIRAL, 0.286)
    assert str(failed.value) == (
        "no source gives a picture: there is no connection to SDSS SkyServer, Legacy Surveys (SDSS layer) and "
        "CDS hips2fits (SDSS DR9), or it broke off: check the network, or try again later"
    )


def test_two_blank_frames_are_outside_the_footprint_and_a_third_is_not_asked(sky_server: SkyServer) -> None:
    sky_server.faults |= {"skyserver": saying(words_on_white()), "legacy": saying(BLANK)}
    with pytest.raises(OutsideFootprint, match="no picture of this place"):
        cutout(*SPIRAL, 0.286)
    assert [asked.role for asked in sky_server.asked] == ["skyserver", "legacy"]


def test_one_chosen_source_is_believed_about_the_footprint(sky_server: SkyServer) -> None:
    sky_server.faults["cds"] = saying(BLANK)
    with pytest.raises(OutsideFootprint):
        cutout(*SPIRAL, 0.286, CUTOUT_SOURCES[2:])


@pytest.mark.parametrize("scale", [0.0, -1.0, 100.0, float("nan")])
def test_no_scale_beyond_reason_is_asked_for(scale: float, sky_server: SkyServer) -> None:
    with pytest.raises(ValueError, match="can be had"):
        cutout(*SPIRAL, scale)
    assert sky_server.asked == []


def test_a_frame_with_nothing_but_words_or_noise_of_a_grey_level_is_blank() -> None:
    frame = np.full((424, 424, 3), 12, np.uint8)
    assert _is_blank(frame)
    assert _is_blank(frame + (NOISE % 2).astype(np.uint8))
    assert _is_blank(read_image(words_on_white()))
    edge = NOISE.copy()
    edge[106:318, 106:318] = 0
    assert _is_blank(edge)  # the galaxy's place is empty


def test_no_real_galaxy_is_blank() -> None:
    assert not any(_is_blank(read_image(path)) for path in SAMPLE.glob("*.jpg"))


def test_no_picture_of_the_challenge_is_blank(shared_data) -> None:
    pictures = sorted((shared_data / "kaggle" / "images_training_rev1").glob("*.jpg"))[::250]
    assert pictures
    assert not any(_is_blank(read_image(path)) for path in pictures)


# Galaxies


def test_the_brightest_galaxy_at_a_position_is_found_with_its_votes(sky_server: SkyServer, sample: Catalogue) -> None:
    galaxy = galaxy_at(*SPIRAL).value
    assert (galaxy.gz2id, galaxy.radius_arcsec, galaxy.reason) == ("587737825678131439", RADIUS, "")
    assert (galaxy.ra_deg, galaxy.dec_deg) == pytest.approx(SPIRAL, abs=1e-5)
    assert galaxy.votes.keys() == set(galaxies.VOTE_COLUMNS)
    assert len(galaxies.VOTE_COLUMNS) == len(COLUMNS)


def test_no_galaxy_at_a_position_is_said_so(sky_server: SkyServer) -> None:
    with pytest.raises(NotFound, match="no galaxy within 15″"):
        galaxy_at(*NAMES["NGC 4565"])


def test_a_flagged_radius_is_unknown_with_its_reason(sky_server: SkyServer) -> None:
    galaxy = galaxy_at(*NAMES["M51"]).value
    assert galaxy.radius_arcsec is None
    assert "too large" in galaxy.reason
    assert galaxy.votes == {}


@pytest.mark.parametrize(
    ("radius", "flags", "known"),
    [
        (2.0, 0, True),
        (250.0, 0, True),
        (1.99, 0, False),
        (250.1, 0, False),
        (-9999.0, 0, False),
        (float("nan"), 0, False),
    ]
    + [(10.0, flag, False) for flag in (0x80, 0x100, 0x400, 0x10000, 0x1000000)]
    + [(10.0, 0x10000010, True)],  # a child with a pixel interpolated at its centre is a galaxy like any other
)
def test_a_radius_is_known_between_2_and_250_arcsec_unless_flagged(radius: float, flags: int, known: bool) -> None:
    found, reason = galaxies._radius(radius, flags)
    assert (found is not None, reason == "") == (known, known)


def test_ids_travel_as_text(sky_server: SkyServer) -> None:
    galaxy = galaxy_at(*SPIRAL).value
    assert len(galaxy.objid) == 19
    assert float(galaxy.objid) != int(galaxy.objid)  # a JSON number would have lost its last digits


def test_a_database_that_gives_an_id_as_a_number_is_not_believed(sky_server: SkyServer) -> None:
    body = b'[{"Rows": [{"objid": 1237658, "gz2id": null, "ra": 1, "dec": 1, "petroR90_r": 9, "flags_r": "0"}]}]'
    sky_server.faults["sql"] = saying(body, "application/json")
    with pytest.raises(Unavailable, match="no table of galaxies"):
        galaxy_at(1, 1)


@pytest.mark.parametrize(
    ("column", "said"),
    [("flags_r", "Infinity"), ("t01_smooth_or_features_a01_smooth_debiased", "Infinity"),
     ("t01_smooth_or_features_a01_smooth_debiased", "NaN"), ("t01_smooth_or_features_a01_smooth_debiased", "-0.1"),
     ("ra", "1" + "0" * 400)],
)  # fmt: skip
def test_a_number_that_cannot_be_is_not_believed(column: str, said: str, sky_server: SkyServer) -> None:
    row = {"objid": "1", "gz2id": "2", "ra": 1, "dec": 1, "petroR90_r": 9, "flags_r": "0"}
    row |= dict.fromkeys(galaxies.VOTE_COLUMNS, 0.5)
    whole = json.dumps([{"Rows": [row | {column: "HERE"}]}])
    sky_server.faults["sql"] = saying(whole.replace('"HERE"', said).encode(), "application/json")
    with pytest.raises(Malformed, match="no table of galaxies"):
        galaxy_at(1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"count": 1001},
        {"seed": -1},
        {"column": "Class1.1; DROP TABLE PhotoObj"},
        {"column": "Class1.1", "least_share": 1.1},
    ],
)
def test_a_draw_beyond_reason_is_refused_before_anybody_is_asked(wrong: dict, sky_server: SkyServer) -> None:
    with pytest.raises(ValueError, match="were asked for"):
        galaxies_of_gz2(**{"count": 10, "seed": 1} | wrong)
    assert sky_server.asked == []
