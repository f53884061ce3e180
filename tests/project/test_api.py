"""docs/api.md: its functions exist, and its notebook runs."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\|[^|]*\|([^|]*)\| `(galaxy_explorer[\w.]*)` \|", PAGE, flags=re.MULTILINE)
FUNCTIONS = [(module, name) for text, module in ROWS for name in re.findall(r"`(\w+)\(", text)]


def test_the_table_is_read() -> None:
    assert ("galaxy_explorer.prediction", "predict") in FUNCTIONS


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_every_function_of_the_page_exists_and_is_documented(module: str, name: str) -> None:
    assert getattr(importlib.import_module(module), name).__doc__


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    notebook, similar = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len([line for line in notebook.splitlines() if line and "import" not in line]) <= 20
    monkeypatch.chdir(tmp_path)
    exec(notebook, {})  # here, where torch has been imported by other tests
    assert "spiral" in capsys.readouterr().out
    exec(similar, {})
    assert len(re.findall(r"\d{6,}", capsys.readouterr().out.partition("places")[0])) == 3
    assert "<svg" in (page := (tmp_path / "galaxy.html").read_text(encoding="utf-8")) or "Plotly.newPlot" in page
    assert np.asarray(Image.open(tmp_path / "saliency.png")).shape == (424, 424, 3)
