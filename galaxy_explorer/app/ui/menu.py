"""Pages of the menu, and tabs for a narrow window, where Streamlit folds its menu."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

# Streamlit's links do not tell a screen reader which page is open, and containers have no role. What opens over the
# page lies outside the element that has the theme's colour scheme, by which the style sheets choose colours.
MARK_CURRENT = """<script>
  for (const app of document.querySelectorAll(".stApp")) {
    const follow = () => (document.documentElement.style.colorScheme = getComputedStyle(app).colorScheme);
    follow();
    if (!app.dataset.followed) new MutationObserver(follow).observe(app, { attributes: true });
    app.dataset.followed = true;
  }
  for (const tabs of document.querySelectorAll(".st-key-tabs")) {
    const mark = () => tabs.querySelectorAll("a").forEach((link) => {
      if (link.closest("[class*=st-key-tab_here_]")) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    tabs.setAttribute("role", "navigation");
    tabs.setAttribute("aria-label", "Pages");
    mark();
    if (tabs.dataset.watched) continue;
    tabs.dataset.watched = true; // the links may come later than this script
    new MutationObserver(mark).observe(tabs, { childList: true, subtree: true });
  }
</script>"""


class Page(NamedTuple):
    """One page of the menu."""

    script: str
    url_path: str
    title: str
    icon: str  # of Material Symbols
    tab: str = ""  # a shorter title, for the tabs of a phone


def show_tabs(pages: Sequence[Page], current: str) -> None:
    """Draw a link to each page; the style sheet hides them in a wide window.

    Parameters
    ----------
    pages : sequence of Page
        The pages of the menu.
    current : str
        Title of the page that is open.
    """
    with st.container(key="tabs"):
        for page in pages:
            here = "here" if page.title == current else "other"
            with st.container(key=f"tab_{here}_{page.url_path}"):
                st.page_link(page.script, label=page.tab or page.title, icon=f":material/{page.icon}:")
        st.html(f"{MARK_CURRENT}<!-- {current} -->", unsafe_allow_javascript=True)
