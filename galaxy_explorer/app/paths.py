"""Absolute paths of the pages' scripts, which hold for every entry file of the app."""

from pathlib import Path

APP = Path(__file__).resolve().parent


def script(page: str) -> str:
    """Return a page's script for `st.Page`, `st.switch_page` and `st.page_link`."""
    return str(APP / page / "page.py")


BROWSE, GALAXY, UPLOAD = script("browse"), script("galaxy"), script("upload")
SKY, COMPARE, ABOUT = script("sky"), script("compare"), script("about")
