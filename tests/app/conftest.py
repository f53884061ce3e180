"""The app in `AppTest`, and the galaxies that it opens."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from app_page import new_app
from browse_page import sixty_galaxies
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test, local_script_runner

from galaxy_explorer.app import main
from galaxy_explorer.app.services import prediction_jobs
from galaxy_explorer.app.ui import menu
from galaxy_explorer.catalogue import Catalogue


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without tabs, and that load nothing in the background, which would outlast their test."""
    monkeypatch.setattr(main, "preload_soon", lambda: None)
    monkeypatch.setattr(menu, "show_tabs", lambda *_: None)
    timed: Future[float] = Future()
    timed.set_result(1.0)
    monkeypatch.setattr(prediction_jobs, "timing", lambda network: timed)


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """One compilation of each page: `AppTest` by itself would compile them again for every run."""
    kept = ScriptCache()
    with pytest.MonkeyPatch.context() as patched:
        for module in (app_test, local_script_runner):
            patched.setattr(module, "ScriptCache", lambda: kept)
        yield


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    """The app for a visitor of a fresh machine: the bundled sample, an empty cache."""
    monkeypatch.delenv("GALAXY_EXPLORER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return new_app()


@pytest.fixture
def survey(app: AppTest, sample: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Sixty galaxies, three pages of them, as the app's first source."""
    catalogue = sixty_galaxies(sample, tmp_path / "survey")
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(catalogue.root))
    return catalogue
