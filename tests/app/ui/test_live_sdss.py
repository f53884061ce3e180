"""Live galaxies in Browse in `AppTest`, with a fake server for the services."""

import os
import time

import pytest
from app_page import ask_for, plain, sentences
from local_server import hang_up, once, saying, slow
from sky_page import SPIRAL, fresh_app, rerun, texts
from sky_server import CUTOUTS, SkyServer
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from galaxy_explorer.app import paths
from galaxy_explorer.app.services import sources
from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, in_words
from galaxy_explorer.sky import SKYSERVER_SQL, reset_cool_down, response_cache

app = pytest.fixture(fresh_app)


def live(app: AppTest, source: str = "Live SDSS") -> AppTest:
    """Open Browse at a source."""
    app.query_params["source"] = source
    return rerun(app)


def test_live_galaxies_are_requested_only_when_they_are_opened(app: AppTest, sky_server: SkyServer) -> None:
    rerun(app)
    app.switch_page(paths.BROWSE)
    rerun(app)
    assert "Live from SDSS (300 galaxies)" in app.selectbox(key="source_choice").options
    assert sky_server.asked == []
    app.button(key="see_live").click()
    rerun(app)
    assert "**30 galaxies.**" in texts(app)
    assert sky_server.count("sql") == 1
    assert sky_server.count("skyserver") == 24  # one page


def test_a_draw_is_part_of_the_url(app: AppTest, sky_server: SkyServer) -> None:
    live(app, "Live SDSS 5 seed 3 Class4.1 80")
    assert "**5 galaxies.**" in texts(app)
    assert "Live from SDSS (5 galaxies, spiral arms ≥ 80 %, seed 3)" in app.selectbox(key="source_choice").options


def test_a_visitor_draws_other_galaxies(app: AppTest, sky_server: SkyServer) -> None:
    live(app)
    app.number_input[0].set_value(6)
    app.number_input[1].set_value(2)
    next(button for button in app.button if button.label == "Draw galaxies").click()
    rerun(app)
    assert "**6 galaxies.**" in texts(app)
    assert app.selectbox(key="source_choice").value == "Live SDSS 6 seed 2"


def expander(app: AppTest, label: str) -> Block:
    """The expander with a label."""
    (found,) = [one for one in app.expander if one.label == label]
    return found


def test_a_picture_that_fails_affects_only_its_thumbnail(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults |= {"skyserver": once(saying(b"", status=404)), "legacy": saying(b"", status=404)}
    sky_server.faults["cds"] = saying(b"", status=404)
    live(app, "Live SDSS 6 seed 2")
    assert "HTTP 404" in expander(app, "1 of these pictures cannot be read").text[0].value
    assert sky_server.count("legacy") == 1  # no service got two requests


def test_a_gallery_of_a_slow_service_is_shown_in_time(
    app: AppTest, sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "GALLERY_SECONDS", 0.3)
    sky_server.faults |= dict.fromkeys(CUTOUTS, slow)
    live(app)
    assert expander(app, "24 of these pictures cannot be read")


def test_live_galaxies_that_are_not_available_are_an_error_with_alternatives(
    app: AppTest, sky_server: SkyServer
) -> None:
    sky_server.faults["sql"] = hang_up
    live(app)
    assert "SDSS" in app.error[0].value
    sky_server.faults.clear()
    next(button for button in app.button if button.label == "Try again").click()
    rerun(app)
    assert "**30 galaxies.**" in texts(app)


def test_the_bundled_sample_is_an_alternative(app: AppTest, sky_server: SkyServer) -> None:
    sky_server.faults["sql"] = hang_up
    live(app)
    next(button for button in app.button if button.label == "Open the built-in galaxies").click()
    rerun(app)
    assert "**9 built-in galaxies.**" in texts(app)


def test_live_galaxies_of_a_stale_response_are_requested_again(app: AppTest, sky_server: SkyServer) -> None:
    open_catalogue("Live SDSS")
    for path in response_cache.folder().iterdir():
        os.utime(path, (time.time() - SKYSERVER_SQL.cache_ttl_s - 1,) * 2)
    sky_server.faults["sql"] = hang_up
    assert sources.open_source("Live SDSS").stale
    sky_server.faults.clear()
    reset_cool_down()
    fresh = sources.open_source("Live SDSS")
    assert not fresh.stale
    assert sources.open_source("Live SDSS") is fresh


def test_draws_evict_no_other_catalogue(app: AppTest, sky_server: SkyServer) -> None:
    first = sources.open_source("sample")
    for seed in range(10):
        sources.open_source(f"Live SDSS 5 seed {seed}")
    assert sources.open_source("sample") is first


def test_a_live_galaxy_has_a_page_of_its_own(app: AppTest, sky_server: SkyServer, sample: Catalogue) -> None:
    ask_for(app, "galaxy")
    app.query_params["source"], app.query_params["galaxy"] = "Live SDSS", SPIRAL
    rerun(app)
    assert plain(app.title[0].value) == "SDSS J082617.4+541216"
    assert in_words(sample.table.loc[SPIRAL, list(COLUMNS)].to_numpy(dtype=float)) in sentences(app)


def test_an_upload_needs_no_catalogue(app: AppTest, sky_server: SkyServer, sample: Catalogue) -> None:
    sky_server.faults["sql"] = hang_up
    live(app)
    app.switch_page(paths.UPLOAD)
    rerun(app)
    app.file_uploader[0].set_value([("mine.jpg", sample.picture_bytes("100008"), "image/jpeg")])
    rerun(app)
    assert app.subheader[0].value == "mine"
