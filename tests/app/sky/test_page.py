"""The Sky page, opened through app.py, against a fake server of the services."""

import os
import re

import numpy as np
import pytest
from app_page import ask_for, sentences
from local_server import hang_up, saying, slow
from sky_page import SPIRAL, fresh_app, rerun, texts
from sky_server import CUTOUTS, NAMES, SkyServer, put_beside, words_on_white
from streamlit.testing.v1 import AppTest

from galaxy_explorer import images
from galaxy_explorer.app.panel import panel
from galaxy_explorer.app.sky.search import FAMOUS
from galaxy_explorer.app.ui.survey_links import links_out
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, in_words
from galaxy_explorer.images import Finding, Square
from galaxy_explorer.sky import resolve, response_cache

app = pytest.fixture(fresh_app)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page without the galaxy panel, which takes a second and has its own tests."""
    monkeypatch.setattr(panel, "choose_network", lambda: None)


def sky_at(app: AppTest, position: str = "", **address: str) -> AppTest:
    """Open the Sky page with URL parameters, without an exception."""
    ask_for(app, "sky")
    for name, value in {"position": position, **address}.items():
        if value:
            app.query_params[name] = value
    return rerun(app)


def test_no_request_is_sent_before_a_search(app: AppTest, sky_server: SkyServer) -> None:
    sky_at(app)
    assert "Nothing is sent before you search" in texts(app)
    assert sky_server.asked == []


def test_a_url_leads_to_a_galaxy_with_its_scale_source_votes_and_panel(
    app: AppTest, sky_server: SkyServer, sample: Catalogue
) -> None:
    sky_at(app, SPIRAL)
    assert app.subheader[0].value == f"Galaxy {SPIRAL}"
    said = texts(app)
    assert "**14.3″** is the Petrosian radius R90" in said
    assert "**0.286″**: 2.02′ across" in said
    assert "Picture: SDSS SkyServer, 0.286″ per pixel." in said
    assert f"Galaxy Zoo 2, galaxy {SPIRAL}" in said
    assert in_words(sample.table.loc[SPIRAL, list(COLUMNS)].to_numpy(dtype=float)) in sentences(app)
    assert "debiased as in Willett et al. 2013" in said
    assert "simbad.cds.unistra.fr" in said
    assert len(app.dataframe[0].value) == len(COLUMNS)
    # A click elsewhere on the page sends no request.
    before = len(sky_server.asked)
    app.selectbox(key="answer").set_value("Class3.1")
    rerun(app)
    assert len(sky_server.asked) == before == 3


@pytest.mark.usefixtures("bare")
def test_a_name_without_a_known_size_gets_a_view_and_the_reason(app: AppTest, sky_server: SkyServer) -> None:
    sky_at(app)
    app.text_input(key="position").set_value("M51")
    rerun(app)
    assert app.subheader[0].value == "M51"
    assert "size is unknown.** The object is too large" in texts(app)
    assert "0.396″ per pixel" in texts(app)
    app.select_slider(key="zoom").set_value(4.0)
    rerun(app)
    scales = [asked.parameters["scale"] for asked in sky_server.asked if asked.role == "skyserver"]
    assert scales == ["0.39600", "1.58400"]
    assert app.query_params["zoom"] in ("4.0", ["4.0"])
    app.text_input(key="position").set_value("NGC 4565")
    rerun(app)
    assert app.select_slider(key="zoom").value == 1.0  # a new search starts at its own scale
    assert "no galaxy within 15″" in texts(app)


@pytest.mark.usefixtures("bare")
def test_the_zoom_is_part_of_the_url(app: AppTest, sky_server: SkyServer) -> None:
    sky_at(app, "M51", zoom="2.0")
    assert "Picture: SDSS SkyServer, 0.792″ per pixel." in texts(app)
    app.query_params["zoom"] = "4.0"  # as the Back button changes it
    rerun(app)
    assert app.select_slider(key="zoom").value == 4.0
    assert "Picture: SDSS SkyServer, 1.584″ per pixel." in texts(app)


@pytest.mark.usefixtures("bare")
def test_a_known_name_is_not_markup(app: AppTest, sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NAMES, "[M51](x) *y*", NAMES["M51"])
    sky_at(app, "[M51](x) *y*")
    assert app.subheader[0].value == r"\[M51\]\(x\) \*y\*"


def test_a_galaxy_of_unknown_size_is_found_and_one_of_known_size_is_not_cropped(
    app: AppTest, sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(picture: np.ndarray) -> Finding:
        """Find a galaxy in the middle of any cutout."""
        return Finding(picture[112:312, 112:312], Square(212, 212, 200))

    monkeypatch.setattr(images, "find_galaxy", found)
    sky_at(app, "M51")
    cropped = app.dataframe[-1].value["network_fraction"].to_numpy()
    next(button for button in app.button if button.label == "Use the whole picture").click()
    rerun(app)
    assert "The whole picture is used" in texts(app)
    assert abs(app.dataframe[-1].value["network_fraction"].to_numpy() - cropped).max() > 1e-3
    app.text_input(key="position").set_value(SPIRAL)
    rerun(app)
    assert "The whole picture is used" not in texts(app)
    assert "Use the whole picture" not in [button.label for button in app.button]


@pytest.mark.usefixtures("bare")
def test_a_famous_galaxy_is_one_press(app: AppTest, sky_server: SkyServer) -> None:
    sky_at(app)
    assert [button.label.split(" *")[0] for button in app.button[1:]] == list(FAMOUS)
    app.button[1].click()
    rerun(app)
    assert app.subheader[0].value == "M51"
    assert app.text_input(key="position").value == "M51"


@pytest.mark.usefixtures("bare")
def test_an_id_shows_its_galaxy_and_a_position_warns_if_another_is_nearer(app: AppTest, sky_server: SkyServer) -> None:
    other = put_beside(sky_server.database, SPIRAL)
    sky_at(app, SPIRAL)
    assert f"Galaxy Zoo 2, galaxy {SPIRAL}" in texts(app)
    assert "nearer" not in texts(app)
    app.text_input(key="position").set_value("126.572601 54.204586")
    rerun(app)
    assert f"Galaxy Zoo 2, galaxy {other}" in texts(app)
    assert "Another galaxy is nearer:** 0.0″ from the position. Shown is the brightest within 15″, at 12.0″" in texts(
        app
    )


@pytest.mark.usefixtures("bare")
def test_another_source_replaces_one_that_fails_with_the_reason(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults["skyserver"] = saying(b"<html>", status=200)
    sky_at(app, SPIRAL)
    said = texts(app)
    assert "Picture: Legacy Surveys (SDSS layer), 0.286″ per pixel." in said
    assert "Failed: SDSS SkyServer sent something that is not a complete picture" in said
    app.selectbox(key="picture_from").set_value("CDS hips2fits (SDSS DR9)")
    rerun(app)
    assert "Picture: CDS hips2fits (SDSS DR9)" in texts(app)


@pytest.mark.parametrize(
    ("position", "said"),
    [
        ("12 95", "right ascension comes first"),
        ("1 2 3", "more than one way"),
        ("Nibiru", "Neither SIMBAD nor NED nor VizieR"),
        ("https://example.org/?x=1", "no position in it"),
    ],
)
def test_what_is_not_a_position_is_a_warning(app: AppTest, position: str, said: str, sky_server: SkyServer) -> None:
    sky_at(app, position)
    assert said in app.warning[0].value
    assert not app.subheader


def test_a_text_in_a_url_is_not_markup(app: AppTest, sky_server: SkyServer) -> None:
    sky_at(app, "[win](https://example.org) www.example.org <b> $x$ :red[y]")
    assert r"\[win\]\(https\://example\.org\) www\.example\.org \<b\> \$x\$ \:red\[y\]" in app.warning[0].value


def test_a_position_outside_the_footprint_is_a_warning(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults |= dict.fromkeys(CUTOUTS, saying(words_on_white()))
    sky_at(app, "12.5 -60")
    assert "SDSS has no image of this position" in app.warning[0].value
    assert any("built-in galaxies" in link.label for link in app.page_link)


@pytest.mark.usefixtures("bare", "short_timeouts")
@pytest.mark.parametrize("fault", [hang_up, slow, saying(b"[{", "application/json")])
def test_when_all_services_fail_the_search_can_be_retried(app: AppTest, fault: object, sky_server: SkyServer) -> None:
    sky_server.faults |= dict.fromkeys(("sql", "sesame", *CUTOUTS), fault)
    sky_at(app, "202.47 47.2")
    assert "size is unknown" in texts(app)
    assert "o source gives a picture" in app.error[0].value
    assert app.error[0].value.startswith("This needs the internet: no source") == (fault is hang_up)
    assert any("built-in galaxies" in link.label for link in app.page_link)
    before = len(sky_server.asked)
    rerun(app)
    assert len(sky_server.asked) == before
    sky_server.faults.clear()
    next(button for button in app.button if button.label == "Retry search").click()
    rerun(app)
    assert not app.error
    assert "Picture: SDSS SkyServer" in texts(app)


@pytest.mark.usefixtures("bare")
def test_without_a_size_there_is_still_a_picture(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults["sql"] = hang_up
    sky_at(app, "126.5726 54.2046")
    assert "size is unknown.** There is no connection to SDSS SkyServer" in texts(app)
    assert "Picture: SDSS SkyServer, 0.396″ per pixel." in texts(app)
    sky_server.faults.clear()
    next(button for button in app.button if button.label == "Retry size").click()
    rerun(app)
    assert "is the Petrosian radius R90" in texts(app)
    assert "Retry size" not in {button.label for button in app.button}


@pytest.mark.usefixtures("bare")
def test_an_expired_response_is_used_if_the_service_fails(app: AppTest, sky_server: SkyServer) -> None:
    resolve("NGC 4565")
    for path in response_cache.folder().iterdir():
        os.utime(path, (0, 0))
    sky_server.faults["sesame"] = hang_up
    sky_at(app, "NGC 4565")
    assert "Position: CDS Sesame. From an expired cache, as the service fails: position." in texts(app)


def test_links_lead_to_the_documented_urls() -> None:
    line = links_out(202.5, -0.25)
    assert re.findall(r"\]\((.*?)\)", line) == [
        "https://skyserver.sdss.org/dr18/VisualTools/explore/summary?ra=202.500000&dec=-0.250000",
        "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord=202.500000d-0.250000d&CooFrame=ICRS&Radius=2"
        "&Radius.unit=arcmin",
        "https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search&ra=202.500000d&dec=-0.250000d"
        "&radius=0.5&in_csys=Equatorial&in_equinox=J2000",
        "https://www.legacysurvey.org/viewer?ra=202.500000&dec=-0.250000&layer=ls-dr10&zoom=16",
    ]
    assert "Coord=202.500000d%2B0.250000d&" in links_out(202.5, 0.25)


@pytest.mark.parametrize("position", [(None, None), (1.0, None), (float("nan"), 1.0)])
def test_an_unknown_position_has_no_links(position: tuple[float | None, float | None]) -> None:
    assert links_out(*position) == ""
