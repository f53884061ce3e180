"""``fetch gz2`` and what every fetching needs, against a real server on this machine that plays Zenodo."""

import gzip
import hashlib
import io
import stat
import time
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import pytest
import requests
from file_server import ServedFile, file_server

from galaxy_explorer.__main__ import main
from galaxy_explorer.catalogue import gz2, layouts, open_catalogue
from galaxy_explorer.commands import downloads, fetch, kaggle
from galaxy_explorer.commands.downloads import FetchError, Remote, download
from galaxy_explorer.commands.unpacking import unpack

CONTENT = bytes(range(256)) * 2000
IDS = ["587726016142835881", "587736542560715163", "587737825678131439"]


def md5(content):
    """Give the checksum that Zenodo would state."""
    return hashlib.md5(content).hexdigest()


def zipped(files, **attributes):
    """Pack files into a zip file, by their names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = attributes.get(name, 0o644) << 16
            archive.writestr(member, content)
    return packed.getvalue()


@pytest.fixture
def server(monkeypatch, tmp_path):
    """The server, which counts as a host that may be asked; waiting takes no time."""
    with file_server() as play:
        monkeypatch.setattr(downloads, "HOSTS", ("127.0.0.1",))
        monkeypatch.setattr(downloads, "SCHEMES", ("http",))
        monkeypatch.setattr(downloads, "PAUSES", (0, 0, 0))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield play


@pytest.fixture
def remote(server):
    """One file of the server, whose md5 is known."""
    server.files["/file.bin"] = ServedFile(CONTENT)
    return Remote("file.bin", f"{server.address}/file.bin", 1, md5(CONTENT))


@pytest.fixture
def folder(tmp_path):
    """Where things are fetched to."""
    path = tmp_path / "fetched"
    path.mkdir()
    return path


class TestDownloading:
    def test_gives_the_file_and_leaves_nothing_else(self, remote, folder):
        assert download(remote, folder).read_bytes() == CONTENT
        assert [path.name for path in folder.iterdir()] == ["file.bin"]

    def test_says_who_asks(self, server, remote, folder):
        download(remote, folder)
        assert server.asked[0][2]["user-agent"].startswith("galaxy-explorer/")

    def test_a_file_that_is_there_is_not_asked_for(self, server, remote, folder):
        (folder / "file.bin").write_bytes(CONTENT)
        download(remote, folder)
        assert server.asked == []

    def test_a_wrong_file_that_is_there_is_set_aside(self, remote, folder, capsys):
        (folder / "file.bin").write_bytes(b"something else")
        assert download(remote, folder).read_bytes() == CONTENT
        assert (folder / "file.bin.wrong").read_bytes() == b"something else"
        assert "set aside as file.bin.wrong" in capsys.readouterr().out

    def test_a_broken_connection_is_gone_on_with(self, server, remote, folder):
        server.files["/file.bin"].breaks = [100_000, 50_000]
        assert download(remote, folder).read_bytes() == CONTENT
        assert server.ranges_of("/file.bin") == ["", "bytes=100000-", "bytes=150000-"]

    def test_another_run_goes_on_where_the_first_stopped(self, server, remote, folder, monkeypatch):
        server.files["/file.bin"].breaks = [100_000]
        monkeypatch.setattr(downloads, "PAUSES", ())
        with pytest.raises(FetchError, match="it goes on where it stopped"):
            download(remote, folder)
        assert (folder / "file.bin.part").stat().st_size == 100_000
        assert download(remote, folder).read_bytes() == CONTENT
        assert server.ranges_of("/file.bin") == ["", "bytes=100000-"]

    def test_a_server_that_knows_no_parts_begins_again(self, server, remote, folder):
        server.files["/file.bin"] = ServedFile(CONTENT, ranges=False, breaks=[100_000])
        assert download(remote, folder).read_bytes() == CONTENT
        assert server.ranges_of("/file.bin") == ["", "bytes=100000-"]

    @pytest.mark.parametrize("known", [True, False], ids=["md5 known", "md5 unknown"])
    @pytest.mark.parametrize("etag", ['"second"', ""], ids=["another version", "no version"])
    def test_a_file_that_changed_meanwhile_is_fetched_anew(self, server, folder, monkeypatch, known, etag):
        old, new = gzip.compress(b"old" * 9999, 0), gzip.compress(b"new" * 9999, 0)
        remote = Remote("file.gz", f"{server.address}/file.gz", 1, md5(new) if known else "")
        server.files["/file.gz"] = ServedFile(old, etag='"first"' if etag else "", breaks=[10_000])
        monkeypatch.setattr(downloads, "PAUSES", ())
        with pytest.raises(FetchError):
            download(remote, folder)
        server.files["/file.gz"] = ServedFile(new, etag=etag)
        assert download(remote, folder).read_bytes() == new

    def test_what_was_whole_already_is_kept(self, server, remote, folder):
        (folder / "file.bin.part").write_bytes(CONTENT)
        assert download(remote, folder).read_bytes() == CONTENT
        assert server.ranges_of("/file.bin") == [f"bytes={len(CONTENT)}-"]

    def test_a_part_longer_than_the_file_is_thrown_away(self, remote, folder):
        (folder / "file.bin.part").write_bytes(CONTENT + b"more")
        assert download(remote, folder).read_bytes() == CONTENT

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_a_busy_server_is_asked_again(self, server, remote, folder, status):
        server.files["/file.bin"].statuses = [status, status, 200]
        assert download(remote, folder).read_bytes() == CONTENT

    def test_a_server_that_stays_busy_is_given_up(self, server, remote, folder):
        server.files["/file.bin"].statuses = [503] * 99
        with pytest.raises(FetchError, match=r"HTTP 503.*run the same command again"):
            download(remote, folder)
        assert len(server.asked) == 1 + len(downloads.PAUSES)

    def test_a_server_that_asks_to_wait_is_waited_for_within_a_bound(self, server, remote, folder, monkeypatch):
        waited = []
        monkeypatch.setattr(time, "sleep", waited.append)
        server.files["/file.bin"].statuses = [503, 200]
        server.files["/file.bin"].headers = {"Retry-After": "86400"}
        download(remote, folder)
        assert waited == [downloads.LONGEST_PAUSE]

    @pytest.mark.parametrize("status", [400, 403, 410])
    def test_a_refusal_is_said_at_once(self, server, remote, folder, status):
        server.files["/file.bin"].statuses = [status]
        with pytest.raises(FetchError, match=f"HTTP {status}"):
            download(remote, folder)
        assert len(server.asked) == 1

    def test_a_wrong_md5_sets_the_file_aside(self, server, remote, folder):
        server.files["/file.bin"].content = b"an older file"
        with pytest.raises(FetchError, match=r"its md5 is .* set aside as file.bin.wrong"):
            download(remote, folder)
        assert [path.name for path in folder.iterdir()] == ["file.bin.wrong"]

    def test_a_damaged_gzip_file_is_set_aside(self, server, folder):
        server.files["/table.gz"] = ServedFile(gzip.compress(CONTENT)[:-20])
        with pytest.raises(FetchError, match=r"set aside as table\.gz\.wrong"):
            download(Remote("table.gz", f"{server.address}/table.gz", 1), folder)

    def test_a_gzip_file_arrives_packed_whatever_the_server_calls_it(self, server, folder):
        packed = gzip.compress(CONTENT)
        server.files["/table.gz"] = ServedFile(packed, headers={"Content-Encoding": "gzip"})
        assert download(Remote("table.gz", f"{server.address}/table.gz", 1), folder).read_bytes() == packed

    def test_a_web_page_is_not_taken_for_the_file(self, server, remote, folder):
        server.files["/file.bin"] = ServedFile(b"<html>down for maintenance</html>", kind="text/html; charset=utf-8")
        with pytest.raises(FetchError, match="gave a web page"):
            download(remote, folder)

    def test_it_goes_where_the_server_sends_it(self, server, remote, folder):
        server.files["/old"] = ServedFile(b"", statuses=[302], headers={"Location": "/file.bin"})
        assert download(replace(remote, url=f"{server.address}/old"), folder).read_bytes() == CONTENT

    @pytest.mark.parametrize("way", ["http://example.org/file.bin", "https://127.0.0.1/file.bin", "file:///etc/passwd"])
    def test_other_hosts_and_ways_are_never_asked(self, server, remote, folder, way):
        server.files["/file.bin"].statuses = [302]
        server.files["/file.bin"].headers = {"Location": way}
        with pytest.raises(FetchError, match="not among the hosts"):
            download(remote, folder)

    def test_a_circle_of_ways_ends(self, server, remote, folder):
        server.files["/file.bin"].statuses = [302] * 99
        server.files["/file.bin"].headers = {"Location": "/file.bin"}
        with pytest.raises(FetchError, match="leads on and on"):
            download(remote, folder)

    def test_no_connection_is_said_in_words(self, remote, folder):
        with pytest.raises(FetchError, match=r"\(no connection\); check the connection"):
            download(replace(remote, url="http://127.0.0.1:1/file.bin"), folder)

    def test_a_silent_server_is_not_waited_for(self, server, remote, folder, monkeypatch):
        def no_answer(*_, timeout, **__):
            assert timeout == downloads.TIMEOUT
            raise requests.ReadTimeout

        monkeypatch.setattr(requests.Session, "get", no_answer)
        with pytest.raises(FetchError, match="no answer in time"):
            download(remote, folder)

    def test_a_full_disk_is_said_before_anything_is_written(self, server, remote, folder, monkeypatch):
        monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
        with pytest.raises(FetchError, match="make room"):
            download(remote, folder)
        assert not (folder / "file.bin.part").exists()


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

    def test_what_an_interrupted_run_left_is_replaced(self, folder):
        (folder / ".images.part").mkdir()
        (folder / ".images.part" / "half.jpg").write_bytes(b"ha")
        self.opened(folder, zipped({"1.jpg": b"one"}))
        assert [path.name for path in (folder / "images").iterdir()] == ["1.jpg"]
        assert not (folder / ".images.part").exists()


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
