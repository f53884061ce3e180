"""The app in `AppTest`."""

from pathlib import Path

import pytest
from app_page import ROOT, SECONDS
from streamlit.testing.v1 import AppTest


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    """The app as a visitor of a fresh machine finds it: the bundled sample, an empty cache."""
    monkeypatch.delenv("GALAXY_EXPLORER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
