"""Thumbnails are made once, kept on disk within bounds, and never mixed up."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from galaxy_explorer.app.services import thumbnails
from galaxy_explorer.app.services.thumbnails import SIDE, Thumbnails
from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.images import ImageError, read_image, to_png
from galaxy_explorer.storage import ResultCache


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the pictures that are decoded."""
    count: list[int] = []

    def counting(*arguments, **options):
        count.append(1)
        return read_image(*arguments, **options)

    monkeypatch.setattr(thumbnails, "read_image", counting)
    return count


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[..., Thumbnails]:
    """A function that opens the thumbnails as a newly started app does."""
    return lambda **bounds: Thumbnails(tmp_path / "thumbnails", ResultCache(max_size=100), **bounds)


def files(tmp_path: Path) -> list[Path]:
    """The thumbnails on disk."""
    return sorted((tmp_path / "thumbnails").glob("*/*"))


def test_each_is_made_once_even_by_another_run_of_the_app(sample: Catalogue, fresh, decoded, tmp_path) -> None:
    first = fresh()
    made = list(first.get_all(sample, sample.ids))
    assert made == list(first.get_all(sample, sample.ids)) == list(fresh().get_all(sample, sample.ids))
    assert len(decoded) == len(files(tmp_path)) == len(sample)
    assert all(read_image(content).shape == (SIDE, SIDE, 3) for content in made)


def test_it_shows_the_middle_of_the_picture(tmp_path: Path, fresh) -> None:
    picture = np.zeros((400, 400, 3), dtype=np.uint8)
    picture[50:350, 50:350] = (200, 100, 50)
    (tmp_path / "one.png").write_bytes(to_png(picture))
    shown = read_image(fresh().get(open_catalogue(tmp_path), "one"))
    assert np.abs(shown[4:-4, 4:-4] - np.array([200.0, 100.0, 50.0])).max() < 12


def test_a_picture_that_was_cropped_before_is_shown_whole(tmp_path: Path, fresh) -> None:
    picture = np.full((220, 220, 3), 200, dtype=np.uint8)
    picture[:20] = 0
    (tmp_path / "one.png").write_bytes(to_png(picture))
    (tmp_path / "field.json").write_text('{"centre": 220, "of": 424}')
    shown = read_image(fresh().get(open_catalogue(tmp_path), "one"))
    assert shown[:12].mean() < 20
    assert shown[30:].mean() > 190


def test_a_changed_picture_gets_a_new_one(picture_folder: Path, draw_galaxy, fresh, decoded) -> None:
    catalogue, kept = open_catalogue(picture_folder), fresh()
    before = kept.get(catalogue, "0012")
    (picture_folder / "0012.png").write_bytes(to_png(draw_galaxy(99)))
    assert kept.get(catalogue, "0012") != before
    assert len(decoded) == 2


def test_galaxies_of_one_id_in_two_folders_are_not_mixed_up(tmp_path: Path, draw_galaxy, fresh) -> None:
    shown = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "one.png").write_bytes(to_png(draw_galaxy(seed)))
        shown.append(fresh().get(open_catalogue(folder), "one"))
    assert shown[0] != shown[1]


@pytest.mark.parametrize("bounds", [{"max_files": 3}, {"max_bytes": 30_000}])
def test_those_used_last_stay_within_the_bounds(sample: Catalogue, fresh, tmp_path, bounds) -> None:
    list(fresh(**bounds).get_all(sample, sample.ids))
    assert 0 < len(files(tmp_path)) < len(sample)
    assert sum(path.stat().st_size for path in files(tmp_path)) <= bounds.get("max_bytes", 1e9)
    assert len(files(tmp_path)) <= bounds.get("max_files", 99)


def test_what_is_looked_at_again_is_not_the_oldest(sample: Catalogue, fresh, tmp_path) -> None:
    list(fresh().get_all(sample, sample.ids[:4]))
    for path in files(tmp_path):
        os.utime(path, (0, 0))
    used = fresh().get(sample, sample.ids[2])
    list(fresh(max_files=1).get_all(sample, []))
    assert [path.read_bytes() for path in files(tmp_path)] == [used]


def test_a_bad_picture_is_a_reason_among_the_others(picture_folder: Path, fresh, tmp_path) -> None:
    (picture_folder / "NA.png").write_bytes(b"no picture")
    catalogue = open_catalogue(picture_folder)
    (picture_folder / "0012.png").unlink()
    found = dict(zip(catalogue.ids, fresh().get_all(catalogue, catalogue.ids), strict=True))
    assert [galaxy for galaxy, content in found.items() if isinstance(content, ImageError)] == ["0012", "NA"]
    assert "0012.png" in str(found["0012"])
    assert len(files(tmp_path)) == 2  # nothing is kept of what failed


def test_a_folder_that_cannot_be_written_costs_no_picture(sample: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "thumbnails").write_text("a file stands in the way")
    kept = Thumbnails(tmp_path / "thumbnails", ResultCache(max_size=100))
    assert all(isinstance(content, bytes) for content in kept.get_all(sample, sample.ids))
