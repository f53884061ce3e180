"""Entry of the app: page config, style sheets, and the list of pages."""

from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from galaxy_explorer import set_thread_policy
from galaxy_explorer.app import paths, server, state
from galaxy_explorer.app.services.classroom import rooms
from galaxy_explorer.app.services.local_paths import read_token
from galaxy_explorer.app.services.preloading import preload_soon
from galaxy_explorer.app.ui import menu, vote_kind
from galaxy_explorer.app.ui.buttons.heart import keep_collections
from galaxy_explorer.app.ui.menu import Page

UI = paths.APP / "ui"
SHEETS = tuple(
    f"{name}.css" for name in ("style", "menu", "tiles", "gallery", "empty_page", "loading", "print", "buttons/heart")
)

PAGES = (
    Page(paths.START, "start", "Start", "home"),  # the default page
    Page(paths.BROWSE, "browse", "Browse", "grid_view"),
    Page(paths.MAP, "map", "Map", "scatter_plot"),
    Page(paths.GALAXY, "galaxy", "Galaxy", "flare"),
    Page(paths.UPLOAD, "upload", "Upload", "upload"),
    Page(paths.SKY, "sky", "Sky", "travel_explore"),
    Page(paths.COMPARE, "compare", "Compare", "balance"),
    Page(paths.VOTE, "vote", "Vote", "how_to_vote"),
    Page(paths.WORKBENCH, "workbench", "Workbench", "tune", tab="Bench"),
    Page(paths.COLLECTIONS, "collections", "Collections", "favorite", tab="Hearts"),
    Page(paths.ABOUT, "about", "About", "info"),
)
# Pages that no menu lists, with the page of the menu that leads to them.
HIDDEN = {
    Page(paths.CLASSIFY, "classify", "Find more like these", "auto_awesome"): "Collections",
    Page(paths.CLASSROOM, "class", "A class votes", "school"): "Vote",
    Page(paths.JOIN, "join", "Join a class", "group_add"): "Vote",
    Page(paths.AGREEMENT, "agreement", "Your votes", "rule"): "Vote",
}


def main() -> None:
    """Draw what all pages share, and run the page that the URL names."""
    set_thread_policy()
    server.register_session()
    # A file: the browser would fetch a named icon from a font's host.
    st.set_page_config(page_title="Galaxy Explorer", page_icon=UI / "icon.svg", layout="wide")
    for sheet in SHEETS:
        st.html(UI / sheet)
    page = st.navigation(
        [
            st.Page(
                page.script,
                url_path=page.url_path,
                title=page.title,
                icon=f":material/{page.icon}:",
                default=page is PAGES[0],
                visibility="hidden" if page in HIDDEN else "visible",
            )
            for page in (*PAGES, *HIDDEN)
        ]
        + missing_pages(),
        position="top",
    )
    menu.show_tabs(PAGES, {hidden.title: shown for hidden, shown in HIDDEN.items()}.get(page.title, page.title))
    read_token()
    follow_earlier_link(page.url_path)
    state.enter(page.url_path)
    state.collections().watched = state.collections().outdated = state.votes().outdated = False
    keep_collections()
    vote_kind.read_url()
    rooms.delete_ended()
    page.run()
    preload_soon()


def missing_pages() -> list[Any]:
    """Return a hidden page at the path that was requested, if no page has it.

    Without it Streamlit would show a message of its own over Start.
    """
    context, shared = get_script_run_ctx(), state.shared()
    requested = context.pages_manager.intended_page_name if context else None
    if requested and requested not in {page.url_path for page in (*PAGES, *HIDDEN)}:
        shared.missing_path = requested
    if not shared.missing_path:
        return []
    title, name = "No such page", shared.missing_path.strip("/").replace("/", "-")
    return [st.Page(paths.MISSING, url_path=name, title=title, icon=":material/link_off:", visibility="hidden")]


def follow_earlier_link(url_path: str) -> None:
    """Switch to the page of an earlier deep link; see `server.EarlierLinks`."""
    if not url_path and (other := paths.page_of_link(st.query_params)):
        st.switch_page(
            paths.script(other), query_params={name: st.query_params.get_all(name) for name in st.query_params}
        )
