"""The tabs of a narrow window."""

import pytest
from app_page import go_to, opened
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.main import PAGES
from galaxy_explorer.app.ui import menu

SHOW_TABS = menu.show_tabs


def test_every_page_has_a_tab_and_the_open_one_is_marked(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menu, "show_tabs", SHOW_TABS)
    opened(app)
    for page in (PAGES[-1], PAGES[0]):
        go_to(app, page.url_path)
        assert [link.label for link in app.page_link[: len(PAGES)]] == [listed.tab or listed.title for listed in PAGES]
        (script,) = [html.proto.body for html in app.get("html") if "aria-current" in html.proto.body]
        assert f"<!-- {page.title} -->" in script
