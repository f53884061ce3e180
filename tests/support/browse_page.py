"""Browse, opened through app.py without a browser: what its tests share."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS

ROOT = Path(__file__).parents[2]


def fresh_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    """The app as a visitor of a fresh machine finds it: the bundled sample, an empty cache."""
    monkeypatch.delenv("GALAXY_EXPLORER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)


def sixty_galaxies(app: AppTest, sample: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Sixty galaxies with the sample's pictures and votes, three pages of them, as the app's first source."""
    folder = tmp_path / "survey"
    folder.mkdir()
    voted = sample.table.dropna(subset=list(COLUMNS))
    lines = ["GalaxyID," + ",".join(COLUMNS)]
    for number in range(60):
        row = voted.iloc[number % len(voted)]
        (folder / f"g{number:02d}.jpg").symlink_to(sample.root / row["picture"])
        lines.append(f"g{number:02d}," + ",".join(str(row[column]) for column in COLUMNS))
    (folder / "scores.csv").write_text("\n".join(lines))
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(folder))
    return open_catalogue(folder)


def opened(app: AppTest, **address: str | list[str]) -> AppTest:
    """Open Browse at an address, and see that nothing went wrong."""
    for name, value in address.items():
        app.query_params[name] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    """Run the page after a visitor's action."""
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    """All that the page says in Markdown and captions."""
    return " ".join(element.value for element in (*app.markdown, *app.caption)).replace("\u00a0", " ")


def shown(markdown: str) -> str:
    """What a visitor sees of a text in which nothing is to be taken for Markdown."""
    return re.sub(r"\\(\W)", r"\1", markdown)


def tiles(app: AppTest) -> list[str]:
    """The ids on the tiles, in order."""
    return [shown(link.label.split(" *")[0]) for link in app.page_link if link.label != "Compare"]


def asked(app: AppTest, name: str) -> list[str]:
    """The values of a name in the page's address."""
    values = app.query_params[name]
    return [values] if isinstance(values, str) else values


def chips(app: AppTest) -> list[str]:
    """The words of the chips."""
    return [
        shown(button.label).replace("\u00a0", " ") for button in app.button if (button.key or "").startswith("chip_")
    ]
