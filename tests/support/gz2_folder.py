"""Fixtures of a small Galaxy Zoo 2: the sample's three galaxies, with their own cache."""

import shutil

import pandas as pd

IDS = ["587726016142835881", "587736542560715163", "587737825678131439"]


def own_cache(monkeypatch, tmp_path):
    """An empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def gz2_rows(sample) -> pd.DataFrame:
    """The sample's three rows of the catalogue, all cells as text."""
    return pd.read_csv(sample.root / "gz2_rows.csv", dtype=str)


def gz2_folder(tmp_path, sample, rows):
    """A Galaxy Zoo 2 of the sample's three galaxies, as pictures 7, 8 and 9."""
    path = tmp_path / "zoo"
    (path / "images").mkdir(parents=True)
    (path / "gz2_filename_mapping.csv").write_text("objid,sample,asset_id\n", encoding="utf-8")
    for asset, (galaxy, of) in enumerate(zip(rows["dr7objid"], rows["sample"], strict=True), start=7):
        shutil.copyfile(sample.root / f"{galaxy}.jpg", path / "images" / f"{asset}.jpg")
        add_to_mapping(path, f"{galaxy},{of},{asset}")
    rows.to_csv(path / "gz2_hart16.csv", index=False)
    return path


def add_to_mapping(folder, *lines):
    """Append lines to the mapping."""
    with (folder / "gz2_filename_mapping.csv").open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
