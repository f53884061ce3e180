"""The entry of the app: it opens every page, from any folder and any entry file."""

from pathlib import Path
from urllib.parse import parse_qs

import pytest
from app_page import SECONDS, go_to, opened
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app import main, paths


@pytest.fixture
def elsewhere(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app, started by an entry file in another folder, as an installed package does."""
    entry = tmp_path / "entry.py"
    entry.write_text("from galaxy_explorer.app.main import main\n\nmain()\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return AppTest.from_file(str(entry), default_timeout=SECONDS)


def test_every_page_with_a_script_is_in_the_menu_once() -> None:
    scripts = {str(path) for path in paths.APP.glob("*/page.py")} - {paths.MISSING} | {paths.JOIN}
    pages = [*main.PAGES, *main.HIDDEN]
    assert {page.script for page in pages} == scripts
    assert len({page.url_path for page in pages}) == len(pages) == len(scripts)
    paths_in_menu = ["start", "browse", "map", "galaxy", "upload", "sky", "compare", "vote"]
    paths_in_menu += ["workbench", "collections", "about"]
    assert [page.url_path for page in main.PAGES] == paths_in_menu
    assert set(main.HIDDEN.values()) <= {page.title for page in main.PAGES}


def test_links_and_pages_work_from_another_folder(elsewhere: AppTest) -> None:
    opened(elsewhere)
    (link,) = [link for link in elsewhere.page_link if "100008" in link.proto.query_string]
    assert link.proto.page == "galaxy"
    assert parse_qs(link.proto.query_string) == {"source": ["sample"], "galaxy": ["100008"]}
    go_to(elsewhere, "galaxy", galaxy="nowhere")
    assert elsewhere.title[0].value == "No such galaxy"
    go_to(elsewhere, "browse")
    assert elsewhere.title[0].value == "Browse galaxies"
