"""Pages that ask the services of the sky, opened through app.py without a browser: what their tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from sky_server import SkyServer
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
SECONDS = 120  # the first page that needs a network imports torch
SPIRAL = "587737825678131439"


def fresh_app(sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The app as a visitor of a fresh machine finds it, with services that answer."""
    monkeypatch.delenv("GALAXY_EXPLORER_DATA", raising=False)
    st.cache_resource.clear()  # live galaxies of another test
    st.cache_data.clear()
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
    st.cache_resource.clear()
    st.cache_data.clear()


def rerun(app: AppTest) -> AppTest:
    """Run the page again; no trace is ever shown."""
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    """All that a page says."""
    elements = [*app.markdown, *app.caption, *app.error, *app.warning, *app.info]
    return " ".join(element.value for element in elements).replace("\n", " ")
