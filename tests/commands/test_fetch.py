"""``fetch gz2`` against a real server on this machine that plays Zenodo."""

import gzip
import time
from dataclasses import replace

import pytest
from file_server import ServedFile, file_server, md5, zipped

from galaxy_explorer.__main__ import main
from galaxy_explorer.catalogue import gz2, layouts, open_catalogue
from galaxy_explorer.commands import downloads, fetch, kaggle
from galaxy_explorer.storage import try_lock

IDS = ["587726016142835881", "587736542560715163", "587737825678131439"]


@pytest.fixture
def server(monkeypatch, tmp_path):
    """The server, which counts as a host that may be asked; no table was kept before."""
    with file_server() as play:
        play.may_be_asked(monkeypatch)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield play


@pytest.fixture
def folder(tmp_path):
    """Where things are fetched to."""
    path = tmp_path / "fetched"
    path.mkdir()
    return path


class TestGalaxyZoo2:
    @pytest.fixture
    def zoo(self, server, sample, monkeypatch):
        """Zenodo and the votes' host, with the sample's three galaxies of Galaxy Zoo 2."""
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

    def test_gives_a_folder_that_the_catalogue_opens(self, zoo, folder, sample, capsys):
        assert self.run(folder / "zoo") == 0
        catalogue = open_catalogue(folder / "zoo")
        assert catalogue.ids == IDS
        assert catalogue.picture_bytes(IDS[0]) == sample.picture_bytes(IDS[0])
        assert catalogue.vote_kind == "debiased"
        assert sorted(path.name for path in (folder / "zoo").iterdir()) == [
            "gz2_filename_mapping.csv", "gz2_hart16.csv.gz", "images",
        ]  # fmt: skip
        assert "3 galaxies are in" in capsys.readouterr().out

    def test_a_second_run_does_nothing(self, zoo, folder, capsys):
        self.run(folder)
        zoo.asked.clear()
        began = time.monotonic()
        assert self.run(folder) == 0
        assert time.monotonic() - began < 1
        assert zoo.asked == []
        assert "already" in capsys.readouterr().out

    def test_a_table_that_came_empty_is_not_believed(self, zoo, folder, capsys):
        votes = zoo.files["/gz2_hart16.csv.gz"].content
        zoo.files["/gz2_hart16.csv.gz"].content = b""
        assert self.run(folder) == 2
        assert "is damaged (it is empty)" in capsys.readouterr().err
        zoo.files["/gz2_hart16.csv.gz"].content = votes
        assert self.run(folder) == 0

    def test_what_is_there_and_cannot_be_opened_is_told_at_every_run(self, zoo, folder, capsys):
        self.run(folder)
        (folder / "gz2_hart16.csv.gz").write_bytes(gzip.compress(b"hello"))
        for _ in range(2):
            assert self.run(folder) == 2
            assert "is left as it is: delete what is wrong before" in capsys.readouterr().err

    def test_a_file_in_the_place_of_the_pictures_is_no_folder_of_them(self, zoo, folder, capsys):
        folder.mkdir(exist_ok=True)
        (folder / "images").touch()
        for _ in range(2):
            assert self.run(folder) == 2
            assert "images" in capsys.readouterr().err

    @pytest.mark.parametrize("name", ["gz2_filename_mapping.csv", "gz2_hart16.csv.gz"])
    def test_a_missing_piece_alone_is_fetched(self, zoo, folder, name):
        self.run(folder)
        zoo.asked.clear()
        (folder / name).unlink()
        assert self.run(folder) == 0
        assert [path for _, path, _ in zoo.asked] == [f"/{name}?download=1"]

    def test_an_unpacked_table_counts_as_there(self, zoo, folder, sample):
        (folder / "gz2_hart16.csv").write_bytes((sample.root / "gz2_rows.csv").read_bytes())
        assert self.run(folder) == 0
        assert not [path for _, path, _ in zoo.asked if "hart16" in path]

    def test_pictures_that_were_fetched_by_hand_are_unpacked(self, zoo, folder):
        (folder / "images_gz2.zip").write_bytes(zoo.files["/images_gz2.zip"].content)
        assert self.run(folder) == 0
        assert not [path for _, path, _ in zoo.asked if "images" in path]
        assert len(list((folder / "images").iterdir())) == 3

    def test_the_disk_is_looked_at_before_anything_is_fetched(self, zoo, folder, monkeypatch, capsys):
        monkeypatch.setattr(fetch, "GZ2_UNPACKED_MEGABYTES", 10**9)
        assert self.run(folder) == 2
        assert "make room" in capsys.readouterr().err
        assert zoo.asked == []

    def test_what_a_killed_run_has_unpacked_does_not_count_as_taken(self, zoo, folder, monkeypatch):
        left = folder / ".images.part"
        left.mkdir()
        (left / "1.jpg").write_bytes(b"-" * 1000)
        monkeypatch.setattr(fetch, "check_room", lambda *_: None if not left.exists() else pytest.fail("it is there"))
        assert self.run(folder) == 0

    def test_a_second_fetch_at_the_same_time_is_refused(self, zoo, folder, capsys):
        with try_lock(folder / fetch.LOCK):
            assert self.run(folder) == 2
        assert "another fetch is at work in" in capsys.readouterr().err
        assert zoo.asked == []

    def test_in_a_folder_that_cannot_be_written_what_is_there_is_told(self, zoo, folder, monkeypatch, capsys):
        self.run(folder)
        monkeypatch.setattr(fetch.os, "access", lambda *_: False)
        monkeypatch.setattr(fetch, "try_lock", lambda _: pytest.fail("a lock was asked for"))
        assert self.run(folder) == 0
        assert "all of it is in" in capsys.readouterr().out

    def test_how_to_see_them_can_be_pasted(self, zoo, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert self.run("my galáxies") == 0
        last = capsys.readouterr().out.splitlines()[-1]
        assert last == f"To see them: GALAXY_EXPLORER_DATA='{tmp_path.resolve()}/my galáxies' make app"

    def test_a_fault_is_said_and_what_came_before_it_stays(self, zoo, folder, capsys):
        zoo.files["/images_gz2.zip"].statuses = [404]
        assert self.run(folder) == 2
        said = capsys.readouterr().err
        assert said.startswith("fetch could not run: ")
        assert "HTTP 404" in said
        assert (folder / "gz2_hart16.csv.gz").is_file()
        assert self.run(folder) == 0

    def test_an_interruption_says_how_to_go_on(self, zoo, folder, monkeypatch, capsys):
        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(fetch, "unpack", interrupted)
        assert self.run(folder) == 130
        assert "the same command goes on" in capsys.readouterr().err


def test_the_folders_and_files_are_those_that_the_catalogue_opens():
    assert gz2.IMAGES == fetch.GZ2_FOLDERS
    assert {remote.name for remote in fetch.GZ2_TABLES} == {gz2.MAPPING, gz2.TABLES[1]}
    assert {piece.holds for piece in kaggle.PIECES} == {*layouts.KAGGLE_PICTURES, layouts.KAGGLE_SCORES[0]}


def test_only_https_is_asked_and_only_the_hosts_of_the_data():
    for remote in (fetch.GZ2_PICTURES, *fetch.GZ2_TABLES):
        assert remote.url.startswith(tuple(f"https://{host}/" for host in downloads.HOSTS))
    assert downloads.SCHEMES == ("https",)
