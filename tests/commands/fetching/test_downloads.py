"""Downloads of whole files from a server that breaks off, or sends another file."""

import gzip
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from file_server import ServedFile, file_server, md5

from galaxy_explorer.commands.fetching import downloads
from galaxy_explorer.commands.fetching.downloads import FetchError, Remote, download

CONTENT = bytes(range(256)) * 2000


@pytest.fixture
def server(monkeypatch):
    """The fake server."""
    with file_server() as play:
        play.use(monkeypatch)
        yield play


@pytest.fixture
def remote(server):
    """One file of the server, with its md5."""
    server.files["/file.bin"] = ServedFile(CONTENT)
    return Remote("file.bin", f"{server.address}/file.bin", 1, md5(CONTENT))


@pytest.fixture
def folder(tmp_path):
    """The folder of the downloads."""
    path = tmp_path / "fetched"
    path.mkdir()
    return path


class TestDownload:
    def test_it_leaves_the_file_and_nothing_else(self, remote, folder):
        assert download(remote, folder).read_bytes() == CONTENT
        assert [path.name for path in folder.iterdir()] == ["file.bin"]

    def test_the_user_agent_is_sent(self, server, remote, folder):
        download(remote, folder)
        assert server.asked[0][2]["user-agent"].startswith("galaxy-explorer/")

    def test_an_existing_file_is_not_requested(self, server, remote, folder):
        (folder / "file.bin").write_bytes(CONTENT)
        download(remote, folder)
        assert server.asked == []

    def test_a_wrong_existing_file_is_renamed(self, remote, folder, capsys):
        (folder / "file.bin").write_bytes(b"something else")
        assert download(remote, folder).read_bytes() == CONTENT
        assert (folder / "file.bin.wrong").read_bytes() == b"something else"
        assert "renamed to file.bin.wrong" in capsys.readouterr().out

    def test_a_broken_connection_is_resumed(self, server, remote, folder):
        server.files["/file.bin"].breaks = [100_000, 50_000]
        assert download(remote, folder).read_bytes() == CONTENT
        assert server.ranges_of("/file.bin") == ["", "bytes=100000-", "bytes=150000-"]

    def test_another_run_resumes(self, server, remote, folder, monkeypatch):
        server.files["/file.bin"].breaks = [100_000]
        monkeypatch.setattr(downloads, "MAX_BREAKS", 0)
        with pytest.raises(FetchError, match=r"broke off.*same command again to resume"):
            download(remote, folder)
        assert (folder / "file.bin.part").stat().st_size == 100_000
        assert download(remote, folder).read_bytes() == CONTENT
        assert server.ranges_of("/file.bin") == ["", "bytes=100000-"]

    def test_a_connection_that_always_breaks_is_an_error(self, server, remote, folder):
        server.files["/file.bin"].breaks = [1000] * 99
        with pytest.raises(FetchError, match="broke off"):
            download(remote, folder)
        assert len(server.asked) == 1 + downloads.MAX_BREAKS

    def test_a_server_without_ranges_sends_the_file_from_its_start(self, server, remote, folder):
        server.files["/file.bin"] = ServedFile(CONTENT, ranges=False, breaks=[100_000])
        assert download(remote, folder).read_bytes() == CONTENT
        assert server.ranges_of("/file.bin") == ["", "bytes=100000-"]

    @pytest.mark.parametrize("has_md5", [True, False], ids=["with md5", "without md5"])
    def test_a_file_that_changed_between_two_runs_is_downloaded_again(self, server, folder, monkeypatch, has_md5):
        old, new = gzip.compress(b"old" * 9999, 0), gzip.compress(b"new" * 9999, 0)
        remote = Remote("file.gz", f"{server.address}/file.gz", 1, md5(new) if has_md5 else "")
        server.files["/file.gz"] = ServedFile(old, breaks=[10_000])
        monkeypatch.setattr(downloads, "MAX_BREAKS", 0)
        with pytest.raises(FetchError):
            download(remote, folder)
        server.files["/file.gz"] = ServedFile(new)
        assert download(remote, folder).read_bytes() == new

    def test_a_complete_unfinished_file_is_used(self, server, remote, folder):
        (folder / "file.bin.part").write_bytes(CONTENT)
        assert download(remote, folder).read_bytes() == CONTENT
        assert server.ranges_of("/file.bin") == [f"bytes={len(CONTENT)}-"]

    def test_an_unfinished_file_that_is_too_long_is_downloaded_again(self, remote, folder):
        (folder / "file.bin.part").write_bytes(CONTENT + b"more")
        assert download(remote, folder).read_bytes() == CONTENT

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_an_unavailable_server_is_retried(self, server, remote, folder, status):
        server.files["/file.bin"].statuses = [status, status, 200]
        assert download(remote, folder).read_bytes() == CONTENT

    def test_a_server_that_stays_unavailable_is_an_error(self, server, remote, folder):
        server.files["/file.bin"].statuses = [503] * 99
        with pytest.raises(FetchError, match=r"HTTP 503.*same command again"):
            download(remote, folder)
        assert len(server.asked) == 1 + downloads.CLIENT.limits.max_retries

    @pytest.mark.parametrize(("retry_after", "slept"), [("60", [60]), ("86400", [])])
    def test_retry_after_is_respected_up_to_a_minute(self, server, remote, folder, monkeypatch, retry_after, slept):
        waits = []
        monkeypatch.setattr(time, "sleep", waits.append)
        server.files["/file.bin"].statuses = [503, 200]
        server.files["/file.bin"].headers = {"Retry-After": retry_after}
        if slept:
            download(remote, folder)
        else:
            with pytest.raises(FetchError, match="HTTP 503"):
                download(remote, folder)
        assert waits == slept

    @pytest.mark.parametrize("status", [400, 403, 410])
    def test_a_rejection_is_not_retried(self, server, remote, folder, status):
        server.files["/file.bin"].statuses = [status]
        with pytest.raises(FetchError, match=f"HTTP {status}"):
            download(remote, folder)
        assert len(server.asked) == 1

    def test_a_file_with_another_md5_is_renamed(self, server, remote, folder):
        server.files["/file.bin"].content = b"an older file"
        with pytest.raises(FetchError, match=rf"its md5 is .*{remote.md5}.*file\.bin\.wrong"):
            download(remote, folder)
        assert [path.name for path in folder.iterdir()] == ["file.bin.wrong"]

    def test_a_damaged_gzip_file_is_renamed(self, server, folder):
        server.files["/table.gz"] = ServedFile(gzip.compress(CONTENT)[:-20])
        with pytest.raises(FetchError, match=r"table\.gz\.wrong"):
            download(Remote("table.gz", f"{server.address}/table.gz", 1), folder)

    def test_a_gzip_file_stays_compressed_whatever_its_headers(self, server, folder):
        packed = gzip.compress(CONTENT)
        server.files["/table.gz"] = ServedFile(packed, headers={"Content-Encoding": "gzip"})
        assert download(Remote("table.gz", f"{server.address}/table.gz", 1), folder).read_bytes() == packed

    def test_a_web_page_instead_of_the_file_fails_the_checksum(self, server, remote, folder):
        server.files["/file.bin"] = ServedFile(b"<html>down for maintenance</html>")
        with pytest.raises(FetchError, match="its md5 is"):
            download(remote, folder)

    def test_redirects_are_followed(self, server, remote, folder):
        server.files["/old"] = ServedFile(b"", statuses=[302], headers={"Location": "/file.bin"})
        assert download(replace(remote, url=f"{server.address}/old"), folder).read_bytes() == CONTENT

    @pytest.mark.parametrize("url", ["http://zenodo.org/file.bin", "https://example.org/a", "file:///etc/passwd"])
    def test_a_redirect_to_another_host_or_scheme_is_rejected(self, server, remote, folder, url):
        server.files["/file.bin"].statuses = [302]
        server.files["/file.bin"].headers = {"Location": url}
        with pytest.raises(FetchError, match=rf"redirected to {url}.*zenodo\.org"):
            download(remote, folder)

    def test_redirects_in_a_circle_end(self, server, remote, folder):
        server.files["/file.bin"].statuses = [302] * 99
        server.files["/file.bin"].headers = {"Location": "/file.bin"}
        with pytest.raises(FetchError, match="redirected more than"):
            download(remote, folder)

    def test_no_connection_is_an_error(self, server, remote, folder, monkeypatch):
        server.address = "http://127.0.0.1:1"
        server.use(monkeypatch)
        with pytest.raises(FetchError, match=r"no connection to zenodo\.org"):
            download(replace(remote, url="https://zenodo.org/file.bin"), folder)

    def test_a_silent_server_is_a_timeout(self, server, remote, folder, monkeypatch):
        monkeypatch.setattr(downloads, "READ_TIMEOUT_S", 0.1)
        server.files["/file.bin"].is_silent = True
        with pytest.raises(FetchError, match="within the timeout"):
            download(remote, folder)

    def test_the_disk_space_is_checked_before_anything_is_written(self, server, remote, folder, monkeypatch):
        monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
        with pytest.raises(FetchError, match="make room"):
            download(remote, folder)
        assert not (folder / "file.bin.part").exists()

    def test_a_file_far_larger_than_expected_is_an_error(self, server, remote, folder, monkeypatch):
        monkeypatch.setattr(downloads, "SIZE_MARGIN_MB", 0.0)
        server.files["/file.bin"] = ServedFile(bytes(6_000_000))
        with pytest.raises(FetchError, match=r"more than 2 MB, expected 1 MB"):
            download(remote, folder)
