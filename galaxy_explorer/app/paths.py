"""Paths of the pages' scripts: absolute, so that they hold whatever entry file and folder the app starts from."""

from pathlib import Path

APP = Path(__file__).resolve().parent


def script(page: str) -> str:
    """Return the path of a page's script, as `st.Page`, `st.switch_page` and `st.page_link` accept it."""
    return str(APP / page / "page.py")


BROWSE, GALAXY, UPLOAD = script("browse"), script("galaxy"), script("upload")
SKY, COMPARE, ABOUT = script("sky"), script("compare"), script("about")
