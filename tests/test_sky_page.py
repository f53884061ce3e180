"""The Sky page and live galaxies in Browse, opened through app.py against a machine that plays the services."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from local_server import hang_up, once, saying, slow
from sky_server import CUTOUTS, NAMES, SkyServer, words_on_white
from streamlit.testing.v1 import AppTest

from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, in_words
from galaxy_explorer.sky import SKYSERVER_SQL, answers, ask_again, resolve
from galaxy_explorer.views import galaxy_panel, resources
from galaxy_explorer.views.links import links_out

ROOT = Path(__file__).parent.parent
SECONDS = 120  # the first page that needs a network imports torch
SPIRAL = "587737825678131439"


@pytest.fixture
def app(sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The app as a visitor of a fresh machine finds it, with services that answer."""
    monkeypatch.delenv("GALAXY_EXPLORER_DATA", raising=False)
    st.cache_resource.clear()  # live galaxies of another test
    st.cache_data.clear()
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without the galaxy panel, which takes a second and has tests of its own."""
    monkeypatch.setattr(galaxy_panel, "choose_network", lambda: None)


def sky_at(app: AppTest, position: str = "", **address: str) -> AppTest:
    """Open the Sky page at an address, and see that nothing went wrong on it."""
    app.run()
    app.switch_page("galaxy_explorer/views/sky.py")
    for name, value in {"position": position, **address}.items():
        if value:
            app.query_params[name] = value
    return rerun(app)


def rerun(app: AppTest) -> AppTest:
    """Run the page again; no trace is ever shown."""
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    """All that a page says."""
    elements = [*app.markdown, *app.caption, *app.error, *app.warning, *app.info]
    return " ".join(element.value for element in elements).replace("\n", " ")


def test_nobody_is_asked_before_a_place_is_named(app: AppTest, sky_server: SkyServer) -> None:
    sky_at(app)
    assert "Nothing is asked" in app.info[0].value
    assert sky_server.asked == []


def test_an_address_leads_to_a_galaxy_with_its_scale_source_votes_and_panel(
    app: AppTest, sky_server: SkyServer, sample: Catalogue
) -> None:
    sky_at(app, SPIRAL)
    assert app.subheader[0].value == f"Galaxy {SPIRAL}"
    said = texts(app)
    assert "Petrosian radius of **14.3″**" in said
    assert "**0.286″**: 2.02′ across" in said
    assert "Picture: SDSS SkyServer, 0.286″ a pixel." in said
    assert f"Galaxy Zoo 2, galaxy {SPIRAL}" in said
    assert in_words(sample.table.loc[SPIRAL, list(COLUMNS)].to_numpy(dtype=float)) in said
    assert "debiased as in Willett et al. 2013" in said
    assert "simbad.cds.unistra.fr" in said
    assert len(app.dataframe[0].value) == len(COLUMNS)
    # A click elsewhere on the page asks nobody again.
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
    assert "0.396″ a pixel" in texts(app)
    app.select_slider(key="zoom").set_value(4.0)
    rerun(app)
    scales = [asked.parameters["scale"] for asked in sky_server.asked if asked.role == "skyserver"]
    assert scales == ["0.39600", "1.58400"]
    assert app.query_params["zoom"] in ("4.0", ["4.0"])
    app.text_input(key="position").set_value("NGC 4565")
    rerun(app)
    assert app.select_slider(key="zoom").value == 1.0  # a new place starts at its own scale
    assert "no galaxy within 15″" in texts(app)


@pytest.mark.usefixtures("bare")
def test_the_zoom_is_part_of_the_address(app: AppTest, sky_server: SkyServer) -> None:
    sky_at(app, "M51", zoom="2.0")
    assert "Picture: SDSS SkyServer, 0.792″ a pixel." in texts(app)


@pytest.mark.usefixtures("bare")
def test_a_name_that_is_known_becomes_no_markup(
    app: AppTest, sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NAMES, "[M51](x) *y*", NAMES["M51"])
    sky_at(app, "[M51](x) *y*")
    assert app.subheader[0].value == r"\[M51\]\(x\) \*y\*"


@pytest.mark.usefixtures("bare")
def test_an_example_is_one_click(app: AppTest, sky_server: SkyServer) -> None:
    sky_at(app)
    app.pills(key="example").set_value(SPIRAL)
    rerun(app)
    assert app.subheader[0].value == f"Galaxy {SPIRAL}"


@pytest.mark.usefixtures("bare")
def test_another_source_answers_and_the_page_says_which_and_why(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults["skyserver"] = saying(b"<html>", status=200)
    sky_at(app, SPIRAL)
    said = texts(app)
    assert "Picture: Legacy Surveys (SDSS layer), 0.286″ a pixel." in said
    assert "Not from there: SDSS SkyServer sent something that is no whole picture" in said
    app.selectbox(key="picture_from").set_value("CDS hips2fits (SDSS DR9)")
    rerun(app)
    assert "Picture: CDS hips2fits (SDSS DR9)" in texts(app)


@pytest.mark.parametrize(
    ("position", "said"),
    [
        ("12 95", "nothing beyond 90°"),
        ("1 2 3", "more than one way"),
        ("Nibiru", "Neither SIMBAD nor NED nor VizieR"),
        ("https://example.org/?x=1", "no position in it"),
    ],
)
def test_what_means_no_place_is_said_so(app: AppTest, position: str, said: str, sky_server: SkyServer) -> None:
    sky_at(app, position)
    assert said in app.warning[0].value
    assert not app.subheader


def test_a_text_in_an_address_becomes_no_markup(app: AppTest, sky_server: SkyServer) -> None:
    sky_at(app, "[win](https://example.org) www.example.org <b> $x$ :red[y]")
    assert r"\[win\]\(https\://example\.org\) www\.example\.org \<b\> \$x\$ \:red\[y\]" in app.warning[0].value


def test_a_place_outside_the_footprint_is_said_so(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults |= dict.fromkeys(CUTOUTS, saying(words_on_white()))
    sky_at(app, "12.5 -60")
    assert "SDSS has no picture of this place" in app.warning[0].value
    assert any("galaxies that come along" in link.label for link in app.page_link)


@pytest.mark.usefixtures("bare", "impatient")
@pytest.mark.parametrize("fault", [hang_up, slow, saying(b"[{", "application/json")])
def test_when_all_services_fail_the_page_says_so_and_leads_on(
    app: AppTest, fault: object, sky_server: SkyServer
) -> None:
    sky_server.faults |= dict.fromkeys(("sql", "sesame", *CUTOUTS), fault)
    sky_at(app, "202.47 47.2")
    assert "size is unknown" in texts(app)
    assert "No source gives a picture" in app.error[0].value
    assert any("galaxies that come along" in link.label for link in app.page_link)
    before = len(sky_server.asked)
    rerun(app)
    assert len(sky_server.asked) == before
    sky_server.faults.clear()
    next(button for button in app.button if button.label == "Try again").click()
    rerun(app)
    assert not app.error
    assert "Picture: SDSS SkyServer" in texts(app)


@pytest.mark.usefixtures("bare")
def test_a_size_that_cannot_be_asked_for_costs_no_picture(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults["sql"] = hang_up
    sky_at(app, "126.5726 54.2046")
    assert "size is unknown.** There is no connection to SDSS SkyServer" in texts(app)
    assert "Picture: SDSS SkyServer, 0.396″ a pixel." in texts(app)


@pytest.mark.usefixtures("bare")
def test_old_answers_serve_when_nobody_gives_new_ones_and_the_page_says_so(app: AppTest, sky_server: SkyServer) -> None:
    resolve("NGC 4565")
    for path in answers.folder().iterdir():
        os.utime(path, (0, 0))
    sky_server.faults["sesame"] = hang_up
    sky_at(app, "NGC 4565")
    assert "Position: CDS Sesame. Old answers from the cache, since nobody gives a new one: position." in texts(app)


def test_links_lead_to_the_documented_addresses() -> None:
    line = links_out(202.5, -0.25)
    assert re.findall(r"\]\((.*?)\)", line) == [
        "https://skyserver.sdss.org/dr18/VisualTools/explore/summary?ra=202.500000&dec=-0.250000",
        "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord=202.500000d-0.250000d&CooFrame=ICRS&Radius=2&Radius.unit=arcmin",
        "https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search&ra=202.500000d&dec=-0.250000d"
        "&radius=0.5&in_csys=Equatorial&in_equinox=J2000",
        "https://www.legacysurvey.org/viewer?ra=202.500000&dec=-0.250000&layer=ls-dr10&zoom=16",
    ]
    assert "Coord=202.500000d%2B0.250000d&" in links_out(202.5, 0.25)


@pytest.mark.parametrize("place", [(None, None), (1.0, None), (float("nan"), 1.0)])
def test_an_unknown_place_has_no_links(place: tuple[float | None, float | None]) -> None:
    assert links_out(*place) == ""


# Live galaxies in Browse


def live(app: AppTest, source: str = "Live SDSS") -> AppTest:
    """Open Browse at a source."""
    app.query_params["source"] = source
    return rerun(app)


def test_live_galaxies_are_asked_for_only_when_they_are_opened(app: AppTest, sky_server: SkyServer) -> None:
    rerun(app)
    assert "Live SDSS (100 at random)" in app.selectbox(key="source_choice").options
    assert sky_server.asked == []
    app.selectbox(key="source_choice").select("Live SDSS")
    rerun(app)
    assert "**30** of 30 galaxies." in texts(app)
    assert sky_server.count("sql") == 1
    assert sky_server.count("skyserver") == 24  # one page


def test_a_draw_is_part_of_the_address(app: AppTest, sky_server: SkyServer) -> None:
    live(app, "Live SDSS 5 seed 3 Class4.1 80")
    assert "**5** of 5 galaxies." in texts(app)
    assert "Live SDSS (5, spiral arms: yes ≥ 80 %, seed 3)" in app.selectbox(key="source_choice").options


def test_a_visitor_asks_for_other_galaxies(app: AppTest, sky_server: SkyServer) -> None:
    live(app)
    app.number_input[0].set_value(6)
    app.number_input[1].set_value(2)
    next(button for button in app.button if button.label == "Ask SDSS").click()
    rerun(app)
    assert "**6** of 6 galaxies." in texts(app)
    assert app.selectbox(key="source_choice").value == "Live SDSS 6 seed 2"


def test_a_picture_that_fails_costs_that_one_thumbnail(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults |= {"skyserver": once(saying(b"", status=404)), "legacy": saying(b"", status=404)}
    sky_server.faults["cds"] = saying(b"", status=404)
    live(app, "Live SDSS 6 seed 2")
    assert app.expander[0].label == "1 of these pictures cannot be read"
    assert "HTTP 404" in app.expander[0].text[0].value
    assert sky_server.count("legacy") == 1  # nobody was asked twice


def test_a_gallery_of_a_slow_service_is_shown_in_time(
    app: AppTest, sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "GALLERY_SECONDS", 0.3)
    sky_server.faults |= dict.fromkeys(CUTOUTS, slow)
    live(app)
    assert app.expander[0].label == "24 of these pictures cannot be read"


def test_live_galaxies_that_cannot_be_had_are_a_sentence_and_a_way_on(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults["sql"] = hang_up
    live(app)
    assert "SDSS gives no galaxies just now" in app.error[0].value
    sky_server.faults.clear()
    next(button for button in app.button if button.label == "Try again").click()
    rerun(app)
    assert "**30** of 30 galaxies." in texts(app)


def test_the_bundled_sample_is_the_other_way_on(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults["sql"] = hang_up
    live(app)
    next(button for button in app.button if button.label == "Show the bundled sample").click()
    rerun(app)
    assert "**9** of 9 galaxies." in texts(app)


def test_live_galaxies_of_an_old_answer_are_asked_for_again(app: AppTest, sky_server: SkyServer) -> None:
    open_catalogue("Live SDSS")
    for path in answers.folder().iterdir():
        os.utime(path, (time.time() - SKYSERVER_SQL.keep_seconds - 1,) * 2)
    sky_server.faults["sql"] = hang_up
    assert resources.open_source("Live SDSS").stale
    sky_server.faults.clear()
    ask_again()
    fresh = resources.open_source("Live SDSS")
    assert not fresh.stale
    assert resources.open_source("Live SDSS") is fresh


def test_draws_push_no_other_catalogue_out_of_memory(app: AppTest, sky_server: SkyServer) -> None:
    first = resources.open_source("sample")
    for seed in range(10):
        resources.open_source(f"Live SDSS 5 seed {seed}")
    assert resources.open_source("sample") is first


def test_a_live_galaxy_has_a_page_of_its_own(app: AppTest, sky_server: SkyServer, sample: Catalogue) -> None:
    app.run()
    app.switch_page("galaxy_explorer/views/galaxy.py")
    app.query_params["source"], app.query_params["galaxy"] = "Live SDSS", SPIRAL
    rerun(app)
    assert app.title[0].value == f"Galaxy {SPIRAL}"
    assert in_words(sample.table.loc[SPIRAL, list(COLUMNS)].to_numpy(dtype=float)) in texts(app)


def test_an_upload_does_without_a_catalogue_that_cannot_be_had(
    app: AppTest, sky_server: SkyServer, sample: Catalogue
) -> None:
    sky_server.faults["sql"] = hang_up
    live(app)
    app.switch_page("galaxy_explorer/views/upload.py")
    rerun(app)
    app.file_uploader[0].set_value([("mine.jpg", sample.picture_bytes("100008"), "image/jpeg")])
    rerun(app)
    assert app.subheader[0].value == "mine"
