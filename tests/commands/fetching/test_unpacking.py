"""Zip files: bounds, damage, and names that lead elsewhere."""

import shutil
import stat

import pytest
from file_server import zipped

from galaxy_explorer.commands.fetching.downloads import FetchError
from galaxy_explorer.commands.fetching.unpacking import unpack


@pytest.fixture
def folder(tmp_path):
    """The folder of the zip file."""
    path = tmp_path / "fetched"
    path.mkdir()
    return path


class TestUnpacking:
    def opened(self, folder, content, max_gigabytes=1.0):
        (folder / "a.zip").write_bytes(content)
        return unpack(folder / "a.zip", folder / "images", (".jpg",), max_gigabytes)

    def test_files_are_unpacked_without_their_folders(self, folder):
        others = dict.fromkeys(("images/", "README.md", "__MACOSX/images/._1.jpg", "images/.DS_Store"), b"")
        content = zipped({"images/1.jpg": b"one", "images/2.JPG": b"two"} | others)
        assert self.opened(folder, content) == 2
        assert {path.name: path.read_bytes() for path in (folder / "images").iterdir()} == {
            "1.jpg": b"one",
            "2.JPG": b"two",
        }

    @pytest.mark.parametrize("name", ["../1.jpg", "images/../../1.jpg", "/etc/1.jpg", "C:/1.jpg", "..\\1.jpg"])
    def test_no_name_leads_outside_the_folder(self, folder, name):
        assert self.opened(folder, zipped({"images/2.jpg": b"two", name: b"one"})) == 2
        assert sorted(path.name for path in folder.parent.rglob("*.jpg")) == ["1.jpg", "2.jpg"]
        assert (folder / "images" / "1.jpg").read_bytes() == b"one"

    def test_a_link_becomes_a_file(self, folder):
        content = zipped({"images/1.jpg": b"/etc/passwd"}, **{"images/1.jpg": stat.S_IFLNK | 0o777})
        assert self.opened(folder, content) == 1
        assert not (folder / "images" / "1.jpg").is_symlink()
        assert (folder / "images" / "1.jpg").read_bytes() == b"/etc/passwd"

    def test_a_zip_file_that_is_too_large_is_an_error_before_it_is_unpacked(self, folder):
        with pytest.raises(FetchError, match="expected at most"):
            self.opened(folder, zipped({"1.jpg": b"0" * 10_000}), max_gigabytes=1e-5)
        assert not (folder / "images").exists()

    def test_a_member_that_lies_about_its_size_is_damaged(self, folder):
        content = zipped({"1.jpg": b"0" * 10_000})
        lie = content.replace((10_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
        with pytest.raises(FetchError, match="is damaged"):
            self.opened(folder, lie)
        assert [path.name for path in folder.iterdir()] == ["a.zip"]

    def test_two_files_with_one_name_are_an_error(self, folder):
        with pytest.raises(FetchError, match=r"1\.jpg twice"):
            self.opened(folder, zipped({"a/1.jpg": b"one", "b/1.jpg": b"two"}))

    @pytest.mark.parametrize("damage", ["cut", "changed", "empty", "other files"])
    def test_a_damaged_file_leaves_no_folder(self, folder, damage):
        content = zipped({"1.jpg": b"one" * 99, "2.jpg": b"two"})
        changed = {
            "cut": content[:-40],
            "changed": content.replace(b"oneone", b"onetwo", 1),
            "empty": zipped({}),
            "other files": zipped({"readme.txt": b"-"}),
        }
        with pytest.raises(FetchError, match="again"):
            self.opened(folder, changed[damage])
        assert [path.name for path in folder.iterdir()] == ["a.zip"]

    def test_an_interruption_leaves_no_files(self, folder, monkeypatch):
        def interrupt(*_):
            assert (folder / ".images.part" / "1.jpg").is_file()
            raise KeyboardInterrupt

        monkeypatch.setattr(shutil, "copyfileobj", interrupt)
        with pytest.raises(KeyboardInterrupt):
            self.opened(folder, zipped({"1.jpg": b"one"}))
        assert [path.name for path in folder.iterdir()] == ["a.zip"]

    def test_files_of_a_killed_run_are_replaced(self, folder):
        (folder / ".images.part").mkdir()
        (folder / ".images.part" / "half.jpg").write_bytes(b"ha")
        self.opened(folder, zipped({"1.jpg": b"one"}))
        assert [path.name for path in (folder / "images").iterdir()] == ["1.jpg"]
        assert not (folder / ".images.part").exists()
