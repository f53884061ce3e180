"""``fetch gz2`` from a fake server of Zenodo."""

import gzip
from dataclasses import replace

import pytest
from file_server import ServedFile, file_server, md5, zipped

from galaxy_explorer.catalogue import gz2, image_files, layouts, open_catalogue
from galaxy_explorer.cli import main
from galaxy_explorer.commands import fetch
from galaxy_explorer.commands.fetching import downloads, kaggle
from galaxy_explorer.storage import try_lock

IDS = ["587726016142835881", "587736542560715163", "587737825678131439"]


@pytest.fixture
def server(monkeypatch, tmp_path):
    """The fake server, and an empty cache."""
    with file_server() as play:
        play.use(monkeypatch, max_retries=0)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield play


@pytest.fixture
def folder(tmp_path):
    """The folder of the data."""
    path = tmp_path / "fetched"
    path.mkdir()
    return path


class TestGalaxyZoo2:
    @pytest.fixture
    def zoo(self, server, sample, monkeypatch):
        """Zenodo and the host of the votes, with three galaxies of Galaxy Zoo 2."""
        pictures = {f"images/{number}.jpg": sample.picture_bytes(galaxy) for number, galaxy in enumerate(IDS)}
        lines = "".join(f"{galaxy},original,{number}\n" for number, galaxy in enumerate(IDS))
        contents = {
            fetch.GZ2_PICTURES.name: zipped(pictures),
            "gz2_filename_mapping.csv": f"objid,sample,asset_id\n{lines}".encode(),
            "gz2_hart16.csv.gz": gzip.compress((sample.root / "gz2_rows.csv").read_bytes()),
        }

        def served(remote):
            content = contents[remote.name]
            server.files[f"/{remote.name}"] = ServedFile(content)
            return replace(remote, url=f"{server.address}/{remote.name}?download=1", md5=remote.md5 and md5(content))

        monkeypatch.setattr(fetch, "GZ2_PICTURES", served(fetch.GZ2_PICTURES))
        monkeypatch.setattr(fetch, "GZ2_TABLES", tuple(map(served, fetch.GZ2_TABLES)))
        monkeypatch.setattr(fetch, "GZ2_UNPACKED_MEGABYTES", 1)
        return server

    def run(self, folder):
        return main(["fetch", "gz2", "--to", str(folder)])

    def test_the_catalogue_opens_the_folder(self, zoo, folder, sample, capsys):
        assert self.run(folder / "zoo") == 0
        catalogue = open_catalogue(folder / "zoo")
        assert catalogue.ids == IDS
        assert catalogue.picture_bytes(IDS[0]) == sample.picture_bytes(IDS[0])
        assert catalogue.vote_kind == "debiased"
        assert sorted(path.name for path in (folder / "zoo").iterdir()) == [
            "gz2_filename_mapping.csv",
            "gz2_hart16.csv.gz",
            "images",
        ]
        assert "3 galaxies are in" in capsys.readouterr().out

    def test_a_second_run_does_nothing(self, zoo, folder, capsys):
        self.run(folder)
        zoo.asked.clear()
        assert self.run(folder) == 0
        assert zoo.asked == []
        assert "already" in capsys.readouterr().out

    def test_an_empty_table_is_damaged(self, zoo, folder, capsys):
        votes = zoo.files["/gz2_hart16.csv.gz"].content
        zoo.files["/gz2_hart16.csv.gz"].content = b""
        assert self.run(folder) == 2
        assert "(it is empty)" in capsys.readouterr().err
        zoo.files["/gz2_hart16.csv.gz"].content = votes
        assert self.run(folder) == 0

    def test_a_damaged_table_is_reported_at_every_run(self, zoo, folder, capsys):
        self.run(folder)
        (folder / "gz2_hart16.csv.gz").write_bytes(gzip.compress(b"hello"))
        for _ in range(2):
            assert self.run(folder) == 2
            assert "delete the damaged file" in capsys.readouterr().err

    def test_a_file_with_the_name_of_the_pictures_folder_is_an_error(self, zoo, folder, capsys):
        folder.mkdir(exist_ok=True)
        (folder / "images").touch()
        for _ in range(2):
            assert self.run(folder) == 2
            assert "images" in capsys.readouterr().err

    @pytest.mark.parametrize("name", ["gz2_filename_mapping.csv", "gz2_hart16.csv.gz"])
    def test_only_a_missing_file_is_fetched(self, zoo, folder, name):
        self.run(folder)
        zoo.asked.clear()
        (folder / name).unlink()
        assert self.run(folder) == 0
        assert [path for _, path, _ in zoo.asked] == [f"/{name}?download=1"]

    def test_an_uncompressed_table_is_not_fetched(self, zoo, folder, sample):
        (folder / "gz2_hart16.csv").write_bytes((sample.root / "gz2_rows.csv").read_bytes())
        assert self.run(folder) == 0
        assert not [path for _, path, _ in zoo.asked if "hart16" in path]

    def test_a_zip_file_downloaded_by_hand_is_unpacked(self, zoo, folder):
        (folder / "images_gz2.zip").write_bytes(zoo.files["/images_gz2.zip"].content)
        assert self.run(folder) == 0
        assert not [path for _, path, _ in zoo.asked if "images" in path]
        assert len(list((folder / "images").iterdir())) == 3

    def test_the_disk_space_is_checked_first(self, zoo, folder, monkeypatch, capsys):
        monkeypatch.setattr(fetch, "GZ2_UNPACKED_MEGABYTES", 10**9)
        assert self.run(folder) == 2
        assert "make room" in capsys.readouterr().err
        assert zoo.asked == []

    def test_files_that_a_killed_run_unpacked_are_deleted_before_the_disk_is_checked(self, zoo, folder, monkeypatch):
        left = folder / ".images.part"
        left.mkdir()
        (left / "1.jpg").write_bytes(b"-" * 1000)
        monkeypatch.setattr(
            fetch, "check_disk_space", lambda *_: None if not left.exists() else pytest.fail("it exists")
        )
        assert self.run(folder) == 0

    def test_a_second_fetch_at_the_same_time_is_an_error(self, zoo, folder, capsys):
        with try_lock(folder / fetch.LOCK):
            assert self.run(folder) == 2
        assert "another fetch is running in" in capsys.readouterr().err
        assert zoo.asked == []

    def test_a_complete_folder_that_cannot_be_written_is_not_locked(self, zoo, folder, monkeypatch, capsys):
        self.run(folder)
        monkeypatch.setattr(fetch.os, "access", lambda *_: False)
        monkeypatch.setattr(fetch, "try_lock", lambda _: pytest.fail("the lock was tried"))
        assert self.run(folder) == 0
        assert "is complete already" in capsys.readouterr().out

    def test_the_command_to_open_the_folder_can_be_pasted(self, zoo, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert self.run("my galáxies") == 0
        last = capsys.readouterr().out.splitlines()[-1]
        assert last == f"To open them: GALAXY_EXPLORER_DATA='{tmp_path.resolve()}/my galáxies' make app"

    def test_a_failed_download_is_reported_and_earlier_files_stay(self, zoo, folder, capsys):
        zoo.files["/images_gz2.zip"].statuses = [404]
        assert self.run(folder) == 2
        message = capsys.readouterr().err
        assert message.startswith("fetch could not run: ")
        assert "HTTP 404" in message
        assert (folder / "gz2_hart16.csv.gz").is_file()
        assert self.run(folder) == 0

    def test_an_interruption_says_how_to_resume(self, zoo, folder, monkeypatch, capsys):
        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(fetch, "unpack", interrupted)
        assert self.run(folder) == 130
        assert "the same command" in capsys.readouterr().err


def test_the_folders_and_files_are_those_that_the_catalogue_opens():
    assert gz2.IMAGES == fetch.GZ2_FOLDERS
    assert {remote.name for remote in fetch.GZ2_TABLES} == {gz2.MAPPING, gz2.TABLES[1]}
    assert {piece.content for piece in kaggle.PIECES} == {*layouts.KAGGLE_PICTURES, image_files.KAGGLE_SCORES[0]}


def test_the_urls_of_the_data_are_on_allowed_hosts():
    for remote in (fetch.GZ2_PICTURES, *fetch.GZ2_TABLES):
        assert downloads.CLIENT.is_allowed(remote.url)
