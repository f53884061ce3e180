"""Browse in `AppTest`: a catalogue of several pages, and what its tests read."""

from pathlib import Path

from app_page import plain
from streamlit.testing.v1 import AppTest

from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS


def sixty_galaxies(sample: Catalogue, folder: Path) -> Catalogue:
    """Make a folder of sixty galaxies with the sample's pictures and votes."""
    folder.mkdir()
    voted = sample.table.dropna(subset=list(COLUMNS))
    lines = ["GalaxyID," + ",".join(COLUMNS)]
    for number in range(60):
        row = voted.iloc[number % len(voted)]
        (folder / f"g{number:02d}.jpg").symlink_to(sample.root / row["picture"])
        lines.append(f"g{number:02d}," + ",".join(str(row[column]) for column in COLUMNS))
    (folder / "scores.csv").write_text("\n".join(lines))
    return open_catalogue(folder)


def tiles(app: AppTest) -> list[str]:
    """The ids on the tiles, in order."""
    return [plain(link.label.split(" *")[0]) for link in app.page_link if link.label != "Compare"]


def chips(app: AppTest) -> list[str]:
    """The texts of the chips."""
    return [plain(button.label) for button in app.button if (button.key or "").startswith("chip_")]
