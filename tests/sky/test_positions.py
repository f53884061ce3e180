"""What people type and paste becomes a position, or a sentence."""

import pytest
from astropy.coordinates import SkyCoord
from astropy.coordinates.name_resolve import sesame_url
from hypothesis import given, settings
from hypothesis import strategies as st
from local_server import saying
from sky_server import MOST_CHARACTERS, NAMES, SkyServer, put_beside, sesame

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.sky import (
    Malformed,
    NotFound,
    NotUnderstood,
    Refused,
    galaxies_of_gz2,
    galaxy_at,
    query,
    resolve,
)
from galaxy_explorer.sky.hosts import SESAME

M51 = (202.469583, 47.195278)


@pytest.mark.parametrize(
    "text",
    [
        "13:29:52.7 +47:11:43",
        "13:29:52.7, 47:11:43",
        "13h29m52.7s +47d11m43s",
        "13 29 52.7 +47 11 43",
        "13h 29m 52.7s +47° 11′ 43″",
        "202d28m10.5s +47d11m43s",
        "J132952.70+471143.0",
        "SDSS J132952.7+471143.0",
        "  202.469583 47.195278 ",
        "202.469583,+47.195278",
        "202.469583°, 47.195278°",
        "13.49797222h 47.195278d",
        "RA 202.469583°, Dec +47.195278°",
        "Position 202.469583 +47.195278",
        "Position: (202.469583, 47.195278)",
        "RA=202.469583 Dec=47.195278",
        "ra: 202.469583, dec: 47.195278",
        "RA202.469583dec47.195278",
        "α=202.469583 δ=+47.195278",
        "[202.469583, 47.195278]",
        "J2000 13:29:52.7 +47:11:43",
        "J2000.0 RA 13h29m52.7s Dec +47° 11′ 43″",
        "ICRS 13 29 52.7 +47 11 43",
        "FK5 J2000 13 29 52.7 +47 11 43",
        "13:29:52.7 +47:11:43 J2000",
        "13h29m52.7s, +47d11m43s (ICRS)",
        "(202.469583, 47.195278) J2000.0",
        "202.469583 deg 47.195278 deg",
        "RA 202.469583deg, Dec +47.195278 degrees",
    ],
)
def test_coordinates_are_read_in_every_form_that_people_write(text: str) -> None:
    position = resolve(text)
    assert (position.ra_deg, position.dec_deg) == pytest.approx(M51, abs=2e-6)
    assert position.name == ""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("202.47 47.2", (202.47, 47.2)),
        ("202.47-47.2", (202.47, -47.2)),
        ("202.47 −47.2", (202.47, -47.2)),  # a typeset minus
        ("202.47 - 47.2", (202.47, -47.2)),
        ("13 29 52.7 − 47 11 43", (202.469583, -47.195278)),  # set with a space, as in tables
        ("13h29m52.7s + 47d11m43s", (202.469583, 47.195278)),
        ("00:00:00 -00:30:00", (0.0, -0.5)),  # the sign of minus zero degrees
        ("J132952+471143", (202.46875, 47.1954167)),  # cut off, not rounded
        ("J132952.7-001143", (202.469583, -0.1954167)),
        ("13:29.9 +47:12", (202.475, 47.2)),
        ("13h29.9m +47d12m", (202.475, 47.2)),
        ("13h 29 54 +47° 12′ 0", (202.475, 47.2)),  # not every unit is written
        ("13h29'54'' +47°12'0''", (202.475, 47.2)),  # two primes for the seconds
        ("13:29:54h +47:12:00d", (202.475, 47.2)),  # the unit of the whole at its end
        ("13:29:54 hms, +47:12:00 dms", (202.475, 47.2)),
        ("13h 47", (195.0, 47.0)),
        ("360 5", (0.0, 5.0)),
        ("0 -90", (0.0, -90.0)),
    ],
)
def test_coordinates_mean_what_they_say(text: str, place: tuple[float, float]) -> None:
    position = resolve(text)
    assert (position.ra_deg, position.dec_deg) == pytest.approx(place, abs=1e-6)


@settings(max_examples=30)
@given(st.floats(0, 359.999), st.floats(-89.999, 89.999))
def test_what_astropy_writes_is_read_back(ra: float, dec: float) -> None:
    written = SkyCoord(ra, dec, unit="deg")
    for style, separator in (("hmsdms", "fromunit"), ("hmsdms", ":"), ("hmsdms", " ")):
        position = resolve(written.to_string(style, sep=separator, precision=4))
        found = SkyCoord(position.ra_deg, position.dec_deg, unit="deg")
        assert written.separation(found).arcsec < 1e-3


@pytest.mark.parametrize(
    "address",
    [
        "https://skyserver.sdss.org/dr18/VisualTools/explore/summary?ra=202.469583&dec=47.195278",
        "https://skyserver.sdss.org/dr18/VisualTools/navi?ra=202.469583&dec=47.195278&scale=0.4",
        "http://skyserver.sdss.org/dr12/en/tools/chart/navi.aspx?ra=202.469583&dec=47.195278",
        "skyserver.sdss.org/dr18/SkyServerWS/ImgCutout/getjpeg?ra=202.469583&dec=47.195278&scale=0.2&width=424&height=424",
        "https://www.legacysurvey.org/viewer?ra=202.469583&dec=47.195278&layer=ls-dr10&zoom=16",
        "https://www.legacysurvey.org/viewer/?RA=13:29:52.7&DEC=%2B47:11:43",
    ],
)
def test_an_address_is_read_and_no_host_in_it_is_asked(address: str, sky_server: SkyServer) -> None:
    position = resolve(address)
    assert (position.ra_deg, position.dec_deg) == pytest.approx(M51, abs=2e-6)
    assert sky_server.asked == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing was asked for"),
        ("   ", "nothing was asked for"),
        ("202.47 92", "nothing beyond 90°"),
        ("12:00:00 +90:00:01", "nothing beyond 90°"),
        ("361 5", "right ascension of 361°"),
        ("24:10:00 +10:00:00", "hours go from 0 to 24"),
        ("13:29:61 +47:11:43", "60 or more minutes or seconds"),
        ("202.47", "only half of a position"),
        ("13:29", "only half of a position"),
        ("202,47 47,2", "not with a comma"),
        ("13 29 47 11", "more than one way"),
        ("13:29:52.7 47", "more than one way"),
        ("1 2 3", "more than one way"),
        ("1 2 3 4 5 6 7", "more than one way"),
        ("13.5 29 52 47 11 43", "more than one way"),
        ("-13:29:52 +47:11:43", "a sign in an odd place"),
        ("13 29 52 47 - 11 43", "a sign in an odd place"),
        ("- 13:29:52 +47:11:43", "a sign in an odd place"),
        ("13h 47d11m43s", "a unit in an odd place"),  # 13h 0m 0s and 47d 11m 43s, not 13h 47m and 11d 43m
        ("10h20s +5d30s", "a unit in an odd place"),
        ("12m30s 5m20s", "a unit in an odd place"),
        ("5h 5d5m5s", "a unit in an odd place"),
        ("20 5h", "a unit in an odd place"),
        ("20s 5s", "a unit in an odd place"),
        ("13h29m52s +47h11m43s", "a unit in an odd place"),
        ("13m29m52s +47d11m43s", "a unit in an odd place"),
        ("13h29m52m +47d11m43s", "a unit in an odd place"),
        ("13h29m52s +47d11s43m", "a unit in an odd place"),
        ("10:20:30d +47:11:43", "a unit in an odd place"),
        ("https://skyserver.sdss.org/dr18/", "no position in it"),
        ("https://skyserver.sdss.org/dr18/?ra=here&dec=there", "no position in it"),
        ("https://[", "cannot be read"),
        ("x" * 81, "no name that a catalogue would use"),
        ("M51\x00", "no name that a catalogue would use"),
        ("9" * 2001, "2,001 characters"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words_and_nobody_is_asked(
    text: str, said: str, sky_server: SkyServer
) -> None:
    with pytest.raises(NotUnderstood, match=said):
        resolve(text)
    assert sky_server.asked == []


@pytest.mark.parametrize("name", ["M51", "NGC 4565", "  NGC   4565 "])
def test_a_name_is_asked_of_sesame_where_astropy_would_ask(name: str, sky_server: SkyServer) -> None:
    position = resolve(name)
    known = " ".join(name.split())
    assert (position.ra_deg, position.dec_deg) == pytest.approx(NAMES[known])
    assert (position.name, position.found_by) == (known, "CDS Sesame")
    (asked,) = sky_server.asked
    assert (asked.host, asked.path, asked.query) == ("cds.unistra.fr", "/cgi-bin/nph-sesame/SNV", known)
    assert SESAME.address == sesame_url.get()[0] + "SNV"  # what astropy's get_icrs_coordinates asks


def test_an_unknown_name_is_said_so(sky_server: SkyServer) -> None:
    with pytest.raises(NotFound, match="neither SIMBAD nor NED nor VizieR knows an object called “Nibiru”"):
        resolve("Nibiru")


@pytest.mark.parametrize(
    "name",
    [
        "RA 202.47",
        "Dec 47.2, RA 202.47",
        "Position",
        "J2000",
        "position202 47",
        "[RA2011] 12",
        "(M51)",
        "Decoupled 1",
        "M51 J2000",
    ],
)
def test_a_name_that_begins_like_a_position_is_a_name(name: str, sky_server: SkyServer) -> None:
    with pytest.raises(NotFound):
        resolve(name)
    (asked,) = sky_server.asked
    assert asked.query == name


@pytest.mark.parametrize("name", ["M51&x=1", "../../etc/passwd", "M51#frag", "a?b=c"])
def test_a_name_stays_a_name(name: str, sky_server: SkyServer) -> None:
    with pytest.raises(NotFound):
        resolve(name)
    (asked,) = sky_server.asked
    assert (asked.host, asked.path, asked.query) == ("cds.unistra.fr", "/cgi-bin/nph-sesame/SNV", name)


@pytest.mark.parametrize("body", [b"<html>Service unavailable</html>", b"", b"\xff\xfe\x00"])
def test_an_answer_that_is_not_sesames_is_not_believed(body: bytes, sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = saying(body, "text/plain")
    with pytest.raises(Malformed, match="no answer of its own"):
        resolve("M51")


@pytest.mark.parametrize("said", ["1.2.3 +4.5", "400 +4.5", "12.5 +95", "12.5", "nan inf", "", "1e400 1"])
def test_a_position_that_is_none_is_not_believed(said: str, sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = saying(f"# M51\n%J {said}\n%C.0 GiG\n".encode(), "text/plain")
    with pytest.raises(Malformed, match="no position on the sky"):
        resolve("M51")


@pytest.mark.parametrize(
    "address",
    ["legacysurvey.org/viewer?ra=202.47&dec=47.2&layer=sdss", "skyserver.sdss.org/dr18/?ra=202.47&dec=47.2",
     "cas.sdss.org/dr7/en/?ra=202.47&dec=47.2", "LegacySurvey.org/viewer#202.47 47.2"],
)  # fmt: skip
def test_an_address_needs_no_https_and_no_www(address: str, sky_server: SkyServer) -> None:
    position = resolve(address)
    assert (position.ra_deg, position.dec_deg) == (202.47, 47.2)
    assert sky_server.asked == []


def test_sesames_answer_is_read_where_it_has_more_than_positions(sky_server: SkyServer) -> None:
    body = sesame("M51").replace("%J ", "%J.E [0.2 0.3 90] A\n%J ")
    sky_server.faults["sesame"] = saying(body.encode(), "text/plain")
    assert resolve("M51").ra_deg == pytest.approx(NAMES["M51"][0])


@pytest.mark.parametrize(
    "text",
    ["587737825678131439", "https://skyserver.sdss.org/dr18/VisualTools/explore/summary?id=587737825678131439"],
)
def test_an_id_is_looked_up_in_galaxy_zoo(text: str, sky_server: SkyServer) -> None:
    position = resolve(text)
    assert (position.ra_deg, position.dec_deg) == pytest.approx((126.572601, 54.204586), abs=1e-5)
    assert position.name == "SDSS 587737825678131439"


def test_the_galaxy_of_an_id_is_that_one_with_a_brighter_one_beside_it(sky_server: SkyServer) -> None:
    other = put_beside(sky_server.database, "587737825678131439")
    position = resolve("587737825678131439")
    place = position.ra_deg, position.dec_deg
    galaxy = galaxy_at(*place, position.objid).value
    assert galaxy.gz2id == "587737825678131439"
    assert (galaxy.ra_deg, galaxy.dec_deg) == pytest.approx(place)
    assert resolve(position.objid).objid == position.objid == galaxy.objid
    at_the_place = galaxy_at(*place).value
    assert at_the_place.gz2id == other
    assert (at_the_place.apart_arcsec, at_the_place.nearest_arcsec) == pytest.approx((12, 0), abs=0.01)


def test_an_id_without_an_object_in_dr18_is_no_other_galaxys(sky_server: SkyServer) -> None:
    sky_server.database.execute("DELETE FROM PhotoObj WHERE objID % 1000000 = 131439")
    position = resolve("587737825678131439")
    with pytest.raises(NotFound, match=f"has measured no object {position.objid}"):
        galaxy_at(position.ra_deg, position.dec_deg, position.objid)


@pytest.mark.parametrize("unknown", ["NULL", "0"])
def test_a_galaxy_that_dr18_does_not_name_has_a_position(unknown: str, sky_server: SkyServer) -> None:
    sky_server.database.execute(f"UPDATE zoo2MainSpecz SET dr8objid={unknown} WHERE dr7objid=587737825678131439")
    assert resolve("587737825678131439").objid == ""


def test_no_query_is_longer_than_skyserver_takes(sky_server: SkyServer) -> None:
    for column in COLUMNS:
        assert galaxies_of_gz2(1000, 999_999, column, 0.5).fetched
    galaxy_at(126.572601, 54.204586)
    assert all(1500 < asked.query_length <= MOST_CHARACTERS for asked in sky_server.asked)
    with pytest.raises(Refused, match="HTTP 400"):
        query("SELECT " + "1" * 2048)


@pytest.mark.parametrize("number", ["587737825678199999", "9999999999999999999"])
def test_an_id_of_nothing_is_said_so(number: str, sky_server: SkyServer) -> None:
    with pytest.raises(NotFound, match=f"an object {number}"):
        resolve(number)
