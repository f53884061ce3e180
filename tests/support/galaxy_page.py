"""The galaxy page in `AppTest`: what its tests share."""

from app_page import opened as opened_page
from streamlit.testing.v1 import AppTest


def opened(app: AppTest, **url_params: str) -> AppTest:
    """Open the page."""
    return opened_page(app, "galaxy", **url_params)


def component_data(app: AppTest, name: str) -> list[str]:
    """The JSON that the browser gets for the page's own components of one name."""
    return [part.proto.json for part in app.get("bidi_component") if part.proto.component_name == name]
