"""Pages that send requests to the sky's services, without a browser: what their tests share."""

from collections.abc import Iterator

import pytest
import streamlit as st
from app_page import ROOT, SECONDS
from sky_server import SkyServer
from streamlit.testing.v1 import AppTest

SPIRAL = "587737825678131439"


def fresh_app(sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The app on a fresh machine, with a fake server that responds."""
    monkeypatch.delenv("GALAXY_EXPLORER_DATA", raising=False)
    st.cache_resource.clear()  # live galaxies of another test
    st.cache_data.clear()
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
    st.cache_resource.clear()
    st.cache_data.clear()


def rerun(app: AppTest) -> AppTest:
    """Run the page again, without an exception."""
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    """All texts of the page."""
    elements = [*app.markdown, *app.caption, *app.error, *app.warning, *app.info]
    return " ".join(element.value for element in elements).replace("\n", " ")
