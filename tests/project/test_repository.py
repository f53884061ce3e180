"""What the repository may hold."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LARGEST_FILE = 16 * 2**20  # bytes, of a file of weights


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """The files under version control."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this test reads the list of files under version control, and this copy has none")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def of_kind(path: Path) -> str:
    """Name the kind of a tracked file by its place and ending; "text" for what is none of the others."""
    place, ending = path.relative_to(ROOT), path.suffix.lower()
    if place.match("galaxy_explorer/sample/*.jpg"):
        return "sample"
    if place.parts[:2] == ("galaxy_explorer", "simulated_survey") and ending in {".webp", ".npy", ".parquet"}:
        return "survey"
    if place.match("docs/*") and ending in {".png", ".webp", ".gif", ".webm"}:
        return "screenshot"
    return "weights" if place.match("weights/*.pt") else "text"


def test_only_galaxies_screenshots_and_weights_are_not_text(tracked: list[Path]) -> None:
    for path in tracked:
        assert path.stat().st_size <= LARGEST_FILE, f"{path} is over 16 MB"
        if of_kind(path) == "text":
            assert b"\0" not in path.read_bytes(), f"{path} is no text, and has no place in the repository"
    tables = {path.relative_to(ROOT).parts[1] for path in tracked if path.suffix in {".csv", ".tsv", ".parquet"}}
    assert tables <= {"sample", "simulated_survey"}


def test_the_sample_is_the_nine_galaxies_that_its_readme_credits(tracked: list[Path]) -> None:
    credits = (ROOT / "galaxy_explorer" / "sample" / "README.md").read_text(encoding="utf-8")
    pictures = [path for path in tracked if of_kind(path) == "sample"]
    assert len(pictures) == 9
    assert all(path.stem in credits for path in pictures)


def test_no_file_of_the_shared_data_is_committed(tracked: list[Path], shared_data: Path) -> None:
    sizes = {path.stat().st_size for path in tracked}
    shared = {path.read_bytes() for path in shared_data.rglob("*") if path.is_file() and path.stat().st_size in sizes}
    assert [path for path in tracked if of_kind(path) != "sample" and path.read_bytes() in shared] == []


def test_no_text_names_a_folder_of_one_machine(tracked: list[Path]) -> None:
    # A path from the root of somebody's disk; web addresses have a letter, a colon or a slash before it.
    machine_path = re.compile(r"(?<![\w.:/~*])/(?:home|Users|root|work|opt|mnt|tmp)/\w[\w./-]*")
    found = {
        str(path.relative_to(ROOT)): machine_path.findall(path.read_text(encoding="utf-8"))
        for path in tracked
        if of_kind(path) == "text"
    }
    assert {name: paths for name, paths in found.items() if paths} == {}
