"""Browse in `AppTest`: a catalogue of several pages, and what its tests read."""

from pathlib import Path
from urllib.parse import parse_qs

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
    return [galaxy for link in app.page_link for galaxy in parse_qs(link.proto.query_string).get("galaxy", ())]


def captions(app: AppTest) -> list[str]:
    """The captions on the tiles, in order: the text, the values in italics, the id in bold."""
    links = [link for link in app.page_link if "galaxy=" in link.proto.query_string]
    return [plain(link.label) for link in links]


def chips(app: AppTest) -> list[str]:
    """The texts of the chips."""
    return [plain(button.label) for button in app.button if (button.key or "").startswith("chip_")]
