"""Cutouts and galaxies: validated, with fall-back sources."""

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
    InvalidResponse,
    NotFound,
    OutsideFootprint,
    ServiceError,
    cutout,
    galaxies,
    galaxies_of_gz2,
    galaxy_at,
    galaxy_zoo_scale,
)
from galaxy_explorer.sky.cutouts import is_blank
from galaxy_explorer.sky.services import CutoutSource

SPIRAL = (126.572601, 54.204586)
NOISE = np.random.default_rng(0).integers(0, 255, (424, 424, 3), dtype=np.uint8)


def test_a_pixel_is_a_fiftieth_of_the_petrosian_radius() -> None:
    assert galaxy_zoo_scale(14.3) == pytest.approx(0.286)


def test_the_first_source_is_used_with_the_requested_scale(sky_server: SkyServer) -> None:
    image = cutout(*SPIRAL, 0.286)
    assert (image.source, image.scale_arcsec, image.failures) == ("SDSS SkyServer", 0.286, ())
    assert np.array_equal(image.picture, read_image(image.content))
    assert image.picture.shape == (424, 424, 3)


@pytest.mark.parametrize("source", CUTOUT_SOURCES, ids=lambda source: source.name)
def test_every_source_is_asked_for_the_same_position_and_field(source: CutoutSource, sky_server: SkyServer) -> None:
    cutout(*SPIRAL, 0.286, [source])
    (asked,) = sky_server.asked
    query = asked.parameters
    assert (float(query["ra"]), float(query["dec"])) == SPIRAL
    assert {query[name] for name in ("width", "height", "size") if name in query} == {"424"}
    scale = query.get("scale") or query.get("pixscale") or 3600 * float(query["fov"]) / 424
    assert float(scale) == pytest.approx(0.286, abs=1e-5)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (hang_up, "no connection"),
        (cut_off, "broke off"),
        (half, "not a complete picture"),
        (saying(ERROR_PAGE), "not a complete picture"),
        (saying(b""), "not a complete picture"),
        (saying(jpeg(NOISE[:212, :212])), "212×212 pixels, expected 424×424"),
        (saying(b"", status=503), "HTTP 503"),
        (saying(b"", status=404), "HTTP 404"),
        (saying(BLANK), "blank frame"),
        (saying(words_on_white()), "blank frame"),
    ],
)
def test_the_next_source_is_used_if_one_fails(fault: Fault, reason: str, sky_server: SkyServer) -> None:
    sky_server.faults["skyserver"] = fault
    image = cutout(*SPIRAL, 0.286)
    assert image.source == CUTOUT_SOURCES[1].name
    (failure,) = image.failures
    assert failure.startswith(("SDSS SkyServer", "there is no connection to SDSS SkyServer"))
    assert reason in failure


def test_the_last_source_is_used_if_two_fail(sky_server: SkyServer) -> None:
    sky_server.faults |= {"skyserver": hang_up, "legacy": half}
    image = cutout(*SPIRAL, 0.286)
    assert image.source == CUTOUT_SOURCES[2].name
    assert len(image.failures) == 2


def test_if_all_sources_fail_each_reason_is_in_the_message(sky_server: SkyServer) -> None:
    sky_server.faults |= {"skyserver": hang_up, "legacy": half, "cds": saying(b"", status=500)}
    with pytest.raises(ServiceError, match=r"SDSS SkyServer.*Legacy Surveys.*CDS hips2fits"):
        cutout(*SPIRAL, 0.286)


def test_a_reason_that_all_sources_share_is_written_once(sky_server: SkyServer) -> None:
    sky_server.faults |= dict.fromkeys(("skyserver", "legacy", "cds"), hang_up)
    with pytest.raises(ServiceError) as failed:
        cutout(*SPIRAL, 0.286)
    assert str(failed.value) == (
        "no source gives a picture: there is no connection to SDSS SkyServer, Legacy Surveys (SDSS layer) and "
        "CDS hips2fits (SDSS DR9), or it broke off: check the network, or try again later"
    )


def test_two_blank_frames_are_outside_the_footprint_and_a_third_is_not_asked(sky_server: SkyServer) -> None:
    sky_server.faults |= {"skyserver": saying(words_on_white()), "legacy": saying(BLANK)}
    with pytest.raises(OutsideFootprint, match="footprint"):
        cutout(*SPIRAL, 0.286)
    assert [asked.role for asked in sky_server.asked] == ["skyserver", "legacy"]


def test_one_chosen_source_decides_about_the_footprint(sky_server: SkyServer) -> None:
    sky_server.faults["cds"] = saying(BLANK)
    with pytest.raises(OutsideFootprint):
        cutout(*SPIRAL, 0.286, CUTOUT_SOURCES[2:])


@pytest.mark.parametrize("scale", [0.0, -1.0, 100.0, float("nan")])
def test_a_scale_out_of_range_is_not_requested(scale: float, sky_server: SkyServer) -> None:
    with pytest.raises(ValueError, match=r"0\.02 to 10"):
        cutout(*SPIRAL, scale)
    assert sky_server.asked == []


def test_a_frame_with_nothing_but_words_or_noise_of_a_grey_levelis_blank() -> None:
    frame = np.full((424, 424, 3), 12, np.uint8)
    assert is_blank(frame)
    assert is_blank(frame + (NOISE % 2).astype(np.uint8))
    assert is_blank(read_image(words_on_white()))
    edge = NOISE.copy()
    edge[106:318, 106:318] = 0
    assert is_blank(edge)  # nothing where the galaxy should be


def test_no_real_galaxyis_blank() -> None:
    assert not any(is_blank(read_image(path)) for path in SAMPLE.glob("*.jpg"))


def test_no_picture_of_the_challengeis_blank(shared_data) -> None:
    pictures = sorted((shared_data / "kaggle" / "images_training_rev1").glob("*.jpg"))[::250]
    assert pictures
    assert not any(is_blank(read_image(path)) for path in pictures)


# Galaxies


def test_the_brightest_galaxy_at_a_position_is_found_with_its_votes(sky_server: SkyServer, sample: Catalogue) -> None:
    galaxy = galaxy_at(*SPIRAL).value
    assert (galaxy.gz2id, galaxy.radius_arcsec, galaxy.reason) == ("587737825678131439", RADIUS, "")
    assert (galaxy.ra_deg, galaxy.dec_deg) == pytest.approx(SPIRAL, abs=1e-5)
    assert galaxy.votes.keys() == set(galaxies.VOTE_COLUMNS)
    assert len(galaxies.VOTE_COLUMNS) == len(COLUMNS)


def test_a_position_without_a_galaxy_is_not_found(sky_server: SkyServer) -> None:
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
    + [(10.0, 0x10000010, True)],  # a child with an interpolated central pixel is a galaxy
)
def test_a_radius_is_known_between_2_and_250_arcsec_unless_flagged(
    radius: float, flags: int, known: bool, sky_server: SkyServer
) -> None:
    row = {"objid": "1", "gz2id": None, "ra": 1, "dec": 1, "petroR90_r": radius, "flags_r": str(flags)}
    sky_server.faults["sql"] = saying(json.dumps([{"Rows": [row]}]).encode(), "application/json")
    galaxy = galaxy_at(1, 1).value
    assert (galaxy.radius_arcsec is not None, galaxy.reason == "") == (known, known)


def test_ids_travel_as_text(sky_server: SkyServer) -> None:
    galaxy = galaxy_at(*SPIRAL).value
    assert len(galaxy.objid) == 19
    assert float(galaxy.objid) != int(galaxy.objid)  # a JSON number would have lost its last digits


def test_an_id_sent_as_a_number_is_invalid(sky_server: SkyServer) -> None:
    body = b'[{"Rows": [{"objid": 1237658, "gz2id": null, "ra": 1, "dec": 1, "petroR90_r": 9, "flags_r": "0"}]}]'
    sky_server.faults["sql"] = saying(body, "application/json")
    with pytest.raises(InvalidResponse, match="expected a table"):
        galaxy_at(1, 1)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("flags_r", "Infinity"),
        (galaxies.VOTE_COLUMNS[0], "Infinity"),
        (galaxies.VOTE_COLUMNS[0], "NaN"),
        (galaxies.VOTE_COLUMNS[0], "-0.1"),
        ("ra", "1" + "0" * 400),
    ],
)
def test_an_impossible_number_is_invalid(column: str, value: str, sky_server: SkyServer) -> None:
    row = {"objid": "1", "gz2id": "2", "ra": 1, "dec": 1, "petroR90_r": 9, "flags_r": "0"}
    row |= dict.fromkeys(galaxies.VOTE_COLUMNS, 0.5)
    whole = json.dumps([{"Rows": [row | {column: "HERE"}]}])
    sky_server.faults["sql"] = saying(whole.replace('"HERE"', value).encode(), "application/json")
    with pytest.raises(InvalidResponse, match="expected a table"):
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
def test_a_sample_out_of_range_is_not_requested(wrong: dict, sky_server: SkyServer) -> None:
    with pytest.raises(ValueError, match="expected 1 to 1000"):
        galaxies_of_gz2(**{"count": 10, "seed": 1} | wrong)
    assert sky_server.asked == []
