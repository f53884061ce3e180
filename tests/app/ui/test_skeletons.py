"""Skeletons of a page that waits; `browser/test_sky.py` sees them in a browser."""

from xml.etree import ElementTree as ET

import pytest
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.ui.skeletons import LINE, OUTLINES


@pytest.mark.parametrize("kind", OUTLINES)
def test_outlines_are_well_formed_and_hold_no_words(kind: str) -> None:
    root = ET.fromstring(f"<div>{OUTLINES[kind]()}</div>")
    assert list(root.iter("i")) or kind == LINE
    assert not "".join(root.itertext())


def page_that_waits() -> None:
    """Wait for what the URL names, then continue."""
    import streamlit as st

    from galaxy_explorer.app.ui.skeletons import PANEL, waiting

    try:
        with waiting("Asking the network …", PANEL) as say:
            say("Asking the sky …")
            if st.query_params["end"] == "refused":
                raise ValueError("the picture cannot be read")
            if st.query_params["end"] == "broken":
                raise RuntimeError("a bug")
    except ValueError as error:
        st.error(str(error))
    st.write("what comes after")


@pytest.mark.parametrize(
    ("end", "left"),
    [("done", ["what comes after"]), ("refused", ["what comes after"]), ("broken", [])],
)
def test_no_outline_stays_however_the_work_ends(end: str, left: list[str]) -> None:
    app = AppTest.from_function(page_that_waits)
    app.query_params["end"] = end
    app.run()
    assert not app.get("html")
    assert [element.value for element in app.markdown] == left
    assert len(app.error) == (end == "refused")
    assert len(app.exception) == (end == "broken")
