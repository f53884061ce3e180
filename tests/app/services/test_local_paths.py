"""Folders and tables that a visitor opens by their path: who may, what they are called, when they are read anew."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from browse_page import fresh_app, opened, run, tiles
from streamlit.runtime.context import StreamlitHeaders
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.compare import external_tables
from galaxy_explorer.app.panel.examples import sure_examples
from galaxy_explorer.app.services import local_paths, networks, sources
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import to_png

app = pytest.fixture(fresh_app)


@pytest.fixture(autouse=True)
def nothing_typed() -> Iterator[None]:
    """Before and after each test no folder has been typed in."""
    local_paths.typed_folders.clear()
    yield
    local_paths.typed_folders.clear()


@pytest.fixture
def folder_of(tmp_path: Path, draw_galaxy: Callable[..., np.ndarray]) -> Callable[[str, str], Path]:
    """A function that makes a folder with a picture of one galaxy."""

    def make(name: str, galaxy_id: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / f"{galaxy_id}.png").write_bytes(to_png(draw_galaxy(0)))
        return folder

    return make


def open_folder(app: AppTest, path: Path | str) -> AppTest:
    """Type a path into “Open a folder” and press Open."""
    next(field for field in app.text_input if field.label.startswith("Folder")).set_value(str(path))
    next(button for button in app.button if button.label == "Open").click()
    return run(app)


def test_a_folder_opened_again_shows_what_has_come_into_it(app: AppTest, folder_of, sample: Catalogue) -> None:
    folder = folder_of("mine", "first")
    open_folder(opened(app), folder)
    assert tiles(app) == ["first"]
    surest = next(iter(sure_examples("sample", "Class1.1")))
    assert not sure_examples(str(folder), "Class1.1")
    shutil.copyfile(folder / "first.png", folder / "second.png")
    votes = ",".join(str(sample.table.at[surest, column]) for column in COLUMNS)
    (folder / "scores.csv").write_text(f"GalaxyID,{','.join(COLUMNS)}\nsecond,{votes}\n")
    open_folder(app, folder)
    assert tiles(app) == ["first", "second"]
    assert list(sure_examples(str(folder), "Class1.1")) == ["second"]
    assert len(local_paths.typed_folders()) == 1


@pytest.mark.parametrize("path", ["~nosuchuser/galaxies", "/" + 300 * "x", " "])
def test_a_path_that_leads_nowhere_is_said_in_words(app: AppTest, path: str) -> None:
    open_folder(opened(app), path)
    assert [error.value.startswith("This cannot be opened:") for error in app.error] == [True] * bool(path.strip())


def test_folders_of_one_name_stand_side_by_side(app: AppTest, folder_of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(folder_of("given/cut", "given")))
    opened(app)
    for run_of in ("a", "b"):
        open_folder(app, folder_of(f"{run_of}/cut", f"from-{run_of}"))
    assert list(sources.sources())[:3] == ["cut", "cut (a)", "cut (b)"]
    for source, galaxy_id in (("cut", "given"), ("cut (a)", "from-a"), ("cut (b)", "from-b")):
        assert sources.open_source(sources.sources()[source]).ids == [galaxy_id]


def test_the_folder_of_the_environment_stays_itself_when_it_is_typed_in(
    app: AppTest, folder_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", f"{folder_of('given', 'a')}/")
    open_folder(opened(app), folder_of("b", "b").parent / "given")
    assert app.query_params["source"] in ("given", ["given"])
    assert not local_paths.typed_folders()


def test_a_name_grows_by_as_many_folders_as_it_takes() -> None:
    taken = ["cut", "cut (b)"]
    assert local_paths.free_name("cut", Path("/x/c/cut"), taken) == "cut (c)"
    assert local_paths.free_name("cut", Path("/x/b/cut"), taken) == "cut (x/b)"
    assert local_paths.free_name("cut", Path("/b/cut"), taken) == "cut (/b)"


def test_a_typed_folder_opens_in_another_tab_too(app: AppTest, folder_of, tmp_path: Path, monkeypatch) -> None:
    open_folder(opened(app), folder_of("cut", "one"))
    tab = opened(fresh_app(monkeypatch, tmp_path), source="cut")
    assert tiles(tab) == ["one"]
    assert not tab.warning


def test_tables_of_one_name_stand_side_by_side(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_tables, "read_table", lambda path: (None, None, "of other weights"))
    monkeypatch.setattr(networks, "networks", lambda: [])
    monkeypatch.setattr(st, "session_state", {})
    for run_of in ("a", "b", "b"):
        path = tmp_path / run_of / "scores.parquet"
        path.parent.mkdir(exist_ok=True)
        pd.DataFrame().to_parquet(path)
        external_tables.open_table(str(path))
    kept = st.session_state[external_tables.OPENED]
    assert kept == {"scores": tmp_path / "a" / "scores.parquet", "scores (b)": tmp_path / "b" / "scores.parquet"}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("'/data/my galaxies'", "/data/my galaxies"),
        (' "/data/galaxies" ', "/data/galaxies"),
        ("/data/Jim's", "/data/Jim's"),
        ("'/data/galaxies\"", Path("'/data/galaxies\"").absolute()),
        ("'", Path("'").absolute()),
    ],
)
def test_a_path_may_be_pasted_in_quotes(text: str, path: str | Path) -> None:
    assert local_paths.full_path(text) == Path(path)


def test_the_path_of_a_table_is_written_out_whatever_it_begins_with(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    monkeypatch.setattr(external_tables, "read_table", lambda path: (None, None, read.append(path)))
    monkeypatch.setattr(networks, "networks", lambda: [])
    monkeypatch.setattr(st, "session_state", {})
    for text in ("~nosuchuser/scores.parquet", " ~/scores.parquet "):
        external_tables.open_table(text)
    assert read[0].is_absolute()
    assert read[0].parts[-2:] == ("~nosuchuser", "scores.parquet")
    assert read[1] == Path.home().resolve() / "scores.parquet"


LOCALLY = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        (LOCALLY, True),
        ({"Host": "127.0.0.1:8501", "Origin": "http://127.0.0.1:8501"}, True),
        ({"Host": "[::1]:8501", "Origin": "http://[::1]:8501"}, True),
        ({"Host": "galaxies.example.org", "Origin": "https://galaxies.example.org"}, False),
        ({"Host": "127.0.0.1:8501", "Origin": "https://galaxies.example.org"}, False),  # nginx by itself
        ({**LOCALLY, "Origin": "null"}, False),
        ({"Host": "localhost:8501"}, False),  # no browser
        ({"Host": "[::1", "Origin": "http://localhost"}, False),
        ({**LOCALLY, "X-Forwarded-For": "203.0.113.7"}, False),
        ({**LOCALLY, "Forwarded": "for=203.0.113.7"}, False),
        ({**LOCALLY, "Via": "1.1 proxy"}, False),
        ({"Upgrade": "websocket"}, False),
    ],
)
def test_paths_may_be_typed_at_this_machine_alone(
    headers: dict[str, str], may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "get_option", lambda _: "localhost")
    monkeypatch.setattr(type(st.context), "headers", StreamlitHeaders(headers.items()))
    assert local_paths.may_be_typed() == may
    monkeypatch.setattr(st, "get_option", lambda _: "0.0.0.0")
    assert not local_paths.may_be_typed()


def test_a_visitor_from_elsewhere_sees_no_typed_folder(
    app: AppTest, folder_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_folder(opened(app), folder_of("cut", "one"))
    monkeypatch.setattr(type(st.context), "headers", StreamlitHeaders([("Host", "galaxies.example.org")]))
    assert "cut" not in sources.sources()
