"""Typed and pasted text becomes a position, or an error that says how to write one."""

import pytest
from astropy.coordinates import SkyCoord
from astropy.coordinates.name_resolve import sesame_url
from hypothesis import given, settings
from hypothesis import strategies as st
from local_server import saying
from sky_server import MOST_CHARACTERS, NAMES, SkyServer, put_beside, sesame

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.sky import (
    InvalidResponse,
    NotFound,
    NotUnderstood,
    Rejected,
    galaxies_of_gz2,
    galaxy_at,
    query,
    resolve,
)
from galaxy_explorer.sky.services import SESAME

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
def test_coordinates_are_read_in_every_usual_form(text: str) -> None:
    position = resolve(text)
    assert (position.ra_deg, position.dec_deg) == pytest.approx(M51, abs=2e-6)
    assert position.name == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("202.47 47.2", (202.47, 47.2)),
        ("202.47\u00a0+47.2", (202.47, 47.2)),  # no-break space
        ("202.47\u2009–\u200947.2", (202.47, -47.2)),  # thin spaces, en dash
        ("ra=150.1&dec=2.2", (150.1, 2.2)),
        ("202.47-47.2", (202.47, -47.2)),
        ("202.47 −47.2", (202.47, -47.2)),  # a typeset minus
        ("202.47 - 47.2", (202.47, -47.2)),
        ("+202.47 +47.2", (202.47, 47.2)),
        ("13h29m52.7s47d11m43s", (202.469583, 47.195278)),
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
        ("13h29m52s.7 +47d11m43s.0", M51),  # as older papers print it
        ("13ʰ29ᵐ52.7ˢ +47°11′43″", M51),
        ("13^h^29^m^52.7^s^ +47^d^11^m^43^s^", M51),
        ("13h29m52.7s +47º11'43''", M51),  # of Spanish keyboards
        ("13h29m52.7s +47˚11´43″", M51),
        ("\ufeff13:29:52.7 \u200b+47:11:43\u200e", M51),  # invisible letters
        ("00:05:03 -00:05:03", (1.2625, -0.0841667)),
        ("140320.67+542028.6", (210.836125, 54.341278)),
        *((f"10:00:28.6 {hyphen}02:12:21", (150.1191667, -2.2058333)) for hyphen in "‐‑—−－﹣"),
        ("SDSS J094321.9‑003456", (145.84125, -0.5823611)),
        ("360 5", (0.0, 5.0)),
        ("0 -90", (0.0, -90.0)),
    ],
)
def test_coordinates_are_read_as_written(text: str, expected: tuple[float, float]) -> None:
    position = resolve(text)
    assert (position.ra_deg, position.dec_deg) == pytest.approx(expected, abs=1e-6)


@settings(max_examples=30)
@given(st.floats(0, 359.999), st.floats(-89.999, 89.999))
def test_what_astropy_writes_is_read_back(ra: float, dec: float) -> None:
    written = SkyCoord(ra, dec, unit="deg")
    for style, separator in (("hmsdms", "fromunit"), ("hmsdms", ":"), ("hmsdms", " ")):
        position = resolve(written.to_string(style, sep=separator, precision=4))
        found = SkyCoord(position.ra_deg, position.dec_deg, unit="deg")
        assert written.separation(found).arcsec < 1e-3


@pytest.mark.parametrize(
    "url",
    [
        "https://skyserver.sdss.org/dr18/VisualTools/explore/summary?ra=202.469583&dec=47.195278",
        "https://skyserver.sdss.org/dr18/VisualTools/navi?ra=202.469583&dec=47.195278&scale=0.4",
        "http://skyserver.sdss.org/dr12/en/tools/chart/navi.aspx?ra=202.469583&dec=47.195278",
        "skyserver.sdss.org/dr18/SkyServerWS/ImgCutout/getjpeg?ra=202.469583&dec=47.195278&scale=0.2&width=424",
        "https://www.legacysurvey.org/viewer?ra=202.469583&dec=47.195278&layer=ls-dr10&zoom=16",
        "https://www.legacysurvey.org/viewer/?RA=13:29:52.7&DEC=%2B47:11:43",
        "https://aladin.cds.unistra.fr/AladinLite/?target=202.469583%2047.195278&fov=0.5",
        "https://sky.esa.int/?target=202.469583%2047.195278&hips=DSS2%20color",
    ],
)
def test_the_position_of_a_url_is_read_and_its_host_is_not_contacted(url: str, sky_server: SkyServer) -> None:
    position = resolve(url)
    assert (position.ra_deg, position.dec_deg) == pytest.approx(M51, abs=2e-6)
    assert sky_server.asked == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text is empty"),
        ("   ", "the text is empty"),
        ("202.47 92", "-90 deg"),
        ("12:00:00 +90:00:01", "-90 deg"),
        ("361 5", "right ascension is 361"),
        ("24:10:00 +10:00:00", "0 to 24 hours"),
        ("13:29:60 +47:11:43", "below 60"),
        ("13:29:61 +47:11:43", "below 60"),
        ("202.47", "half of a position"),
        ("13:29", "half of a position"),
        ("202,47 47,2", "not a comma"),
        ("13 29 47 11", "more than one way"),
        ("13:29:52.7 47", "more than one way"),
        ("1 2 3", "more than one way"),
        ("1 2 3 4 5 6 7", "more than one way"),
        ("13.5 29 52 47 11 43", "more than one way"),
        ("-13:29:52 +47:11:43", "a sign or a unit"),
        ("13 29 52 47 - 11 43", "a sign or a unit"),
        ("- 13:29:52 +47:11:43", "a sign or a unit"),
        ("13h 47d11m43s", "a sign or a unit"),  # 13h 0m 0s and 47d 11m 43s, not 13h 47m and 11d 43m
        ("10h20s +5d30s", "a sign or a unit"),
        ("12m30s 5m20s", "a sign or a unit"),
        ("5h 5d5m5s", "a sign or a unit"),
        ("20 5h", "a sign or a unit"),
        ("20s 5s", "a sign or a unit"),
        ("13h29m52s +47h11m43s", "a sign or a unit"),
        ("13m29m52s +47d11m43s", "a sign or a unit"),
        ("13h29m52m +47d11m43s", "a sign or a unit"),
        ("13h29m52s +47d11s43m", "a sign or a unit"),
        ("10:20:30d +47:11:43", "a sign or a unit"),
        ("https://skyserver.sdss.org/dr18/", "no position in it"),
        ("https://skyserver.sdss.org/dr18/?ra=here&dec=there", "no position in it"),
        ("https://[", "cannot be read"),
        ("x" * 81, "not a name of a catalogue"),
        ("M51\x00", "not a name of a catalogue"),
        ("9" * 2001, "2,001 characters"),
    ],
)
def test_unreadable_text_is_an_error_and_no_service_is_asked(text: str, message: str, sky_server: SkyServer) -> None:
    with pytest.raises(NotUnderstood, match=message):
        resolve(text)
    assert sky_server.asked == []


@pytest.mark.parametrize("name", ["M51", "NGC 4565", "  NGC   4565 "])
def test_a_name_is_looked_up_where_astropy_would(name: str, sky_server: SkyServer) -> None:
    position = resolve(name)
    known = " ".join(name.split())
    assert (position.ra_deg, position.dec_deg) == pytest.approx(NAMES[known])
    assert (position.name, position.found_by) == (known, "CDS Sesame")
    (asked,) = sky_server.asked
    assert (asked.host, asked.path, asked.query) == ("cds.unistra.fr", "/cgi-bin/nph-sesame/SNV", known)
    assert SESAME.endpoint == sesame_url.get()[0] + "SNV"  # of astropy's get_icrs_coordinates


def test_an_unknown_name_is_not_found(sky_server: SkyServer) -> None:
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
        "B1950 13:27:46 +47:27:22",  # another equinox is not read as J2000
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
def test_a_response_in_another_format_is_invalid(body: bytes, sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = saying(body, "text/plain")
    with pytest.raises(InvalidResponse, match="unknown format"):
        resolve("M51")


@pytest.mark.parametrize("numbers", ["1.2.3 +4.5", "400 +4.5", "12.5 +95", "12.5", "nan inf", "", "1e400 1"])
def test_an_impossible_position_of_sesame_is_invalid(numbers: str, sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = saying(f"# M51\n%J {numbers}\n%C.0 GiG\n".encode(), "text/plain")
    with pytest.raises(InvalidResponse, match="expected a position"):
        resolve("M51")


@pytest.mark.parametrize(
    "url",
    [
        "legacysurvey.org/viewer?ra=202.47&dec=47.2&layer=sdss",
        "skyserver.sdss.org/dr18/?ra=202.47&dec=47.2",
        "cas.sdss.org/dr7/en/?ra=202.47&dec=47.2",
        "LegacySurvey.org/viewer#202.47 47.2",
    ],
)
def test_a_url_needs_no_https_and_no_www(url: str, sky_server: SkyServer) -> None:
    position = resolve(url)
    assert (position.ra_deg, position.dec_deg) == (202.47, 47.2)
    assert sky_server.asked == []


def test_sesames_other_lines_are_ignored(sky_server: SkyServer) -> None:
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


def test_an_id_is_that_galaxy_even_next_to_a_brighter_one(sky_server: SkyServer) -> None:
    other = put_beside(sky_server.database, "587737825678131439")
    position = resolve("587737825678131439")
    center = position.ra_deg, position.dec_deg
    galaxy = galaxy_at(*center, position.objid).value
    assert galaxy.gz2id == "587737825678131439"
    assert (galaxy.ra_deg, galaxy.dec_deg) == pytest.approx(center)
    assert resolve(position.objid).objid == position.objid == galaxy.objid
    brightest = galaxy_at(*center).value
    assert brightest.gz2id == other
    assert (brightest.separation_arcsec, brightest.nearest_arcsec) == pytest.approx((12, 0), abs=0.01)


def test_an_id_without_an_object_in_dr18_is_not_found(sky_server: SkyServer) -> None:
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
        galaxies_of_gz2(1000, 999_999, column, 0.5)
    galaxy_at(126.572601, 54.204586)
    assert all(1500 < asked.query_length <= MOST_CHARACTERS for asked in sky_server.asked)
    with pytest.raises(Rejected, match="HTTP 400"):
        query("SELECT " + "1" * 2048)


@pytest.mark.parametrize("number", ["587737825678199999", "9999999999999999999"])
def test_an_unknown_id_is_not_found(number: str, sky_server: SkyServer) -> None:
    with pytest.raises(NotFound, match=f"an object {number}"):
        resolve(number)
