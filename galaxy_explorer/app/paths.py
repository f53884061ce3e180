"""Absolute paths of the pages' scripts, for every entry file; pages of earlier deep links."""

from collections.abc import Iterable
from pathlib import Path

APP = Path(__file__).resolve().parent


def script(page: str) -> str:
    """Return a page's script for `st.Page`, `st.switch_page` and `st.page_link`."""
    return str(APP / page / "page.py")


START, BROWSE, GALAXY, UPLOAD = script("start"), script("browse"), script("galaxy"), script("upload")
SKY, COMPARE, ABOUT = script("sky"), script("compare"), script("about")
COLLECTIONS, CLASSIFY, MAP = script("collections"), script("classify"), script("map")
WORKBENCH = script("workbench")
CLASSROOM, JOIN = script("classroom"), str(APP / "classroom" / "join.py")  # the teacher's page and the pupils'
VOTE, AGREEMENT = script("vote"), script("agreement")
MISSING = script("missing")  # for a path that no page has

# Deep links to Browse lead to the default page, which Browse was before Start.
BROWSE_PARAMS = ("source", "votes", "filter", "asked", "ood", "search", "sort", "order", "seed", "network", "page")


def page_of_link(params: Iterable[str]) -> str | None:
    """Return the page that a link to the default page means; None for Start."""
    given = set(params)
    return "galaxy" if "galaxy" in given else "browse" if given & {*BROWSE_PARAMS} else None
