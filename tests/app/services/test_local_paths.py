"""Folders and tables that a visitor opens by their path: permission, names, reading again."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from app_page import go_to, new_app, opened, run, url_values
from browse_page import tiles
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app import state
from galaxy_explorer.app.compare import external_tables
from galaxy_explorer.app.panel.examples import find_examples
from galaxy_explorer.app.services import local_paths, networks
from galaxy_explorer.app.services.local_paths import OPEN_FOLDERS
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import to_png


@pytest.fixture(autouse=True)
def on_the_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Visitors may open paths, and none has typed in a folder."""
    monkeypatch.setenv(OPEN_FOLDERS, "1")
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


def folder_field(app: AppTest) -> Any:
    """The field for a folder's path; None if it is not offered."""
    return next((field for field in app.text_input if field.label.startswith("Folder")), None)


def open_folder(app: AppTest, path: Path | str) -> AppTest:
    """Type the path of a folder and open it."""
    folder_field(app).set_value(str(path))
    next(button for button in app.button if button.label.startswith("Open")).click()
    return run(app)


def sources_of(app: AppTest) -> list[str]:
    """The sources that a visitor can choose."""
    return app.selectbox(key="source_choice").options


def test_a_folder_opened_again_shows_what_has_come_into_it(app: AppTest, folder_of, sample: Catalogue) -> None:
    folder = folder_of("mine", "first")
    open_folder(opened(app), folder)
    assert tiles(app) == ["first"]
    surest = next(iter(find_examples("sample", "Class1.1")))
    assert not find_examples(str(folder), "Class1.1")
    shutil.copyfile(folder / "first.png", folder / "second.png")
    votes = ",".join(str(sample.table.at[surest, column]) for column in COLUMNS)
    (folder / "scores.csv").write_text(f"GalaxyID,{','.join(COLUMNS)}\nsecond,{votes}\n")
    open_folder(app, folder)
    assert tiles(app) == ["first", "second"]
    assert list(find_examples(str(folder), "Class1.1")) == ["second"]
    assert len(local_paths.typed_folders()) == 1


@pytest.mark.parametrize("path", ["~nosuchuser/galaxies", "/" + 300 * "x", " "])
def test_a_path_that_leads_nowhere_is_an_error_message(app: AppTest, path: str) -> None:
    open_folder(opened(app), path)
    assert len(app.error) == bool(path.strip())
    assert not local_paths.typed_folders()


def test_folders_of_one_name_stand_side_by_side(app: AppTest, folder_of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(folder_of("given/cut", "given")))
    opened(app)
    for run_of in ("a", "b"):
        open_folder(app, folder_of(f"{run_of}/cut", f"from-{run_of}"))
    assert sources_of(app)[:3] == ["cut", "cut (a)", "cut (b)"]
    for source, galaxy_id in (("cut", "given"), ("cut (a)", "from-a"), ("cut (b)", "from-b")):
        app.selectbox(key="source_choice").set_value(source)
        assert tiles(run(app)) == [galaxy_id]
        assert url_values(app, "source") == [source]


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
    tab = opened(new_app(), source="cut")
    assert tiles(tab) == ["one"]
    assert not tab.warning
    go_to(tab, "compare")  # its URL is empty
    assert tab.selectbox(key="compare_source").value == "cut"


def test_a_typed_folder_changes_nothing_for_other_visitors(app: AppTest, folder_of, sample: Catalogue) -> None:
    early = opened(new_app())
    open_folder(opened(app), folder_of("cut", "one"))
    for tab in (run(early), opened(new_app()), opened(new_app(), "compare")):
        (choice,) = [box for box in tab.selectbox if box.label == "Catalogue"]
        assert choice.value == "sample"
        assert "cut" not in choice.options
    assert tiles(early) == sample.ids
    assert sources_of(app)[0] == "cut"
    app.selectbox(key="source_choice").set_value("sample")
    assert "cut" in sources_of(run(app))  # its own tab can return to it


def test_tables_of_one_name_stand_side_by_side(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_tables, "read_table", lambda path: (None, None, "of other weights"))
    monkeypatch.setattr(networks, "networks", lambda: [])
    monkeypatch.setattr(st, "session_state", {})
    for run_of in ("a", "b", "b"):
        path = tmp_path / run_of / "scores.parquet"
        path.parent.mkdir(exist_ok=True)
        pd.DataFrame().to_parquet(path)
        external_tables.open_table(str(path))
    assert state.compare().tables == {
        "scores": tmp_path / "a" / "scores.parquet",
        "scores (b)": tmp_path / "b" / "scores.parquet",
    }


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


def test_the_secret_link_opens_paths_for_one_visitor_and_leaves_the_url(
    app: AppTest, folder_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(OPEN_FOLDERS)
    local_paths.secret_token.clear()
    opened(app, source="sample", token="wrong" * 9)
    assert folder_field(app) is None
    assert "token" not in app.query_params
    link = capsys.readouterr().err
    (token,) = re.findall(r"\?token=([\w-]{32,})", link)  # printed once, when the app starts
    host = opened(new_app(), source="sample", token=token)
    assert "token=" not in capsys.readouterr().err
    assert "token" not in host.query_params
    assert not host.warning
    open_folder(host, folder_of("cut", "one"))
    assert tiles(host) == ["one"]
    assert folder_field(run(app)) is None
    assert "cut" in sources_of(host)
    assert "cut" not in sources_of(app)
    assert opened(app, source="cut").warning  # another visitor's URL does not lead there


def test_folders_by_path_can_be_turned_off_for_the_secret_link_too(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = local_paths.secret_token()
    capsys.readouterr()
    monkeypatch.setenv(OPEN_FOLDERS, "0")
    assert folder_field(opened(app, token=token)) is None
    assert "token" not in app.query_params
    assert "token=" not in capsys.readouterr().err


def test_a_token_beyond_ascii_is_wrong(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OPEN_FOLDERS)
    assert folder_field(opened(app, token="é")) is None


@pytest.mark.parametrize(("option", "may"), [("1", True), ("0", False), ("", False)])
def test_a_start_option_opens_paths_for_every_visitor(
    app: AppTest, option: str, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OPEN_FOLDERS, option)
    assert (folder_field(opened(app)) is not None) == may


def test_the_token_is_never_in_a_permalink(app: AppTest) -> None:
    opened(app, "galaxy", source="sample", galaxy="100008", token=local_paths.secret_token())
    (permalink,) = [part.proto.json for part in app.get("bidi_component") if "?source=" in part.proto.json]
    assert "galaxy=100008" in permalink
    assert "token" not in permalink
