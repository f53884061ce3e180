"""What every fetching needs: whole files from a server that breaks off, changes its mind, or is another one."""

import gzip
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import requests
from file_server import ServedFile, file_server, md5

from galaxy_explorer.commands import downloads
from galaxy_explorer.commands.downloads import FetchError, Remote, download

CONTENT = bytes(range(256)) * 2000


@pytest.fixture
def server(monkeypatch):
    """The server, which counts as a host that may be asked; waiting takes no time."""
    with file_server() as play:
        play.may_be_asked(monkeypatch)
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


def test_a_file_far_larger_than_awaited_is_refused(server, remote, folder, monkeypatch):
    monkeypatch.setattr(downloads, "SPARE_MEGABYTES", 0.0)
    server.files["/file.bin"] = ServedFile(bytes(6_000_000))
    with pytest.raises(FetchError, match=r"sends more than 2 MB, where some 1 MB were awaited"):
        download(remote, folder)
