"""Zip files from the internet: what is unpacked, and what is refused."""

import shutil
import stat

import pytest
from file_server import zipped

from galaxy_explorer.commands.downloads import FetchError
from galaxy_explorer.commands.unpacking import unpack


@pytest.fixture
def folder(tmp_path):
    """Where things are fetched to."""
    path = tmp_path / "fetched"
    path.mkdir()
    return path


class TestUnpacking:
    def opened(self, folder, content, most=1.0):
        (folder / "a.zip").write_bytes(content)
        return unpack(folder / "a.zip", folder / "images", (".jpg",), most)

    def test_gives_the_files_without_their_folders(self, folder):
        content = zipped({"images/1.jpg": b"one", "images/2.JPG": b"two", "images/": b"", "README.md": b"-",
                          "__MACOSX/images/._1.jpg": b"-", "images/.DS_Store": b"-"})  # fmt: skip
        assert self.opened(folder, content) == 2
        assert {path.name: path.read_bytes() for path in (folder / "images").iterdir()} == {
            "1.jpg": b"one",
            "2.JPG": b"two",
        }

    @pytest.mark.parametrize("name", ["../1.jpg", "images/../../1.jpg", "/etc/1.jpg", "C:/1.jpg", "..\\1.jpg"])
    def test_places_outside_are_refused(self, folder, name):
        with pytest.raises(FetchError, match="outside the folder"):
            self.opened(folder, zipped({"images/1.jpg": b"one", name: b"two"}))
        assert [path.name for path in folder.iterdir()] == ["a.zip"]

    def test_links_are_refused(self, folder):
        content = zipped({"images/1.jpg": b"/etc/passwd"}, **{"images/1.jpg": stat.S_IFLNK | 0o777})
        with pytest.raises(FetchError, match="holds a link"):
            self.opened(folder, content)

    def test_what_is_too_large_is_refused_before_it_is_unpacked(self, folder):
        with pytest.raises(FetchError, match="wanted at most"):
            self.opened(folder, zipped({"1.jpg": b"0" * 10_000}), most=1e-5)
        assert not (folder / "images").exists()

    def test_two_files_of_one_name_are_refused(self, folder):
        with pytest.raises(FetchError, match=r"holds 1.jpg twice"):
            self.opened(folder, zipped({"a/1.jpg": b"one", "b/1.jpg": b"two"}))

    @pytest.mark.parametrize("damage", ["cut", "changed", "empty", "other files"])
    def test_a_damaged_file_leaves_no_folder(self, folder, damage):
        content = zipped({"1.jpg": b"one" * 99, "2.jpg": b"two"})
        changed = {"cut": content[:-40], "changed": content.replace(b"oneone", b"onetwo", 1), "empty": zipped({}),
                   "other files": zipped({"readme.txt": b"-"})}  # fmt: skip
        with pytest.raises(FetchError, match="again"):
            self.opened(folder, changed[damage])
        assert [path.name for path in folder.iterdir()] == ["a.zip"]

    def test_an_interruption_leaves_nothing_that_fills_the_disk(self, folder, monkeypatch):
        def interrupt(*_):
            assert (folder / ".images.part" / "1.jpg").is_file()
            raise KeyboardInterrupt

        monkeypatch.setattr(shutil, "copyfileobj", interrupt)
        with pytest.raises(KeyboardInterrupt):
            self.opened(folder, zipped({"1.jpg": b"one"}))
        assert [path.name for path in folder.iterdir()] == ["a.zip"]

    def test_what_an_interrupted_run_left_is_replaced(self, folder):
        (folder / ".images.part").mkdir()
        (folder / ".images.part" / "half.jpg").write_bytes(b"ha")
        self.opened(folder, zipped({"1.jpg": b"one"}))
        assert [path.name for path in (folder / "images").iterdir()] == ["1.jpg"]
        assert not (folder / ".images.part").exists()
