"""The command ``app``: options, and sharing in the network with an address and a QR code."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from galaxy_explorer import cli
from galaxy_explorer.app.services.local_paths import OPEN_FOLDERS
from galaxy_explorer.commands import app
from galaxy_explorer.storage import bundled

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 120  # it takes four seconds on an idle machine
COLUMNS_OF_A_TERMINAL = 80


class FakeStreamlit:
    """Records how Streamlit would be started, and ends at once."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        type(self).command, type(self).environment = command, env
        self.poll = self.wait = lambda *_: 0


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> type[FakeStreamlit]:
    """The command and the environment that Streamlit is started with."""
    monkeypatch.setattr(subprocess, "Popen", FakeStreamlit)
    return FakeStreamlit


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which another program listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        yield other.getsockname()[1]


def test_streamlit_gets_the_entry_file_and_all_options_but_ours(started: type[FakeStreamlit], tmp_path: Path) -> None:
    assert cli.main(["app", "--data", str(tmp_path), "--server.headless", "true", "--port", "48621"]) == 0
    entry = ["-m", "streamlit", "run", str(bundled("app.py"))]
    assert started.command[1:] == [*entry, "--server.port", "48621", "--server.headless", "true"]
    assert started.environment["GALAXY_EXPLORER_DATA"] == str(tmp_path)
    assert cli.main(["app"]) == 0
    assert started.command[1:] == entry


def test_sharing_allows_this_machine_by_its_address_and_names_and_no_folders_by_path(
    started: type[FakeStreamlit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OPEN_FOLDERS, "1")
    monkeypatch.setattr(socket, "gethostname", lambda: "desk.example.org")
    monkeypatch.setattr(app, "first_free_port", lambda: 8502)
    assert cli.main(["app", "--share", "10.42.0.1", "--server.headless", "true"]) == 0
    assert started.environment[OPEN_FOLDERS] == "0"
    words = started.command
    hosts = [host for option, host in pairwise(words) if option == "--server.allowedHosts"]
    assert hosts == ["localhost", "127.0.0.1", "::1", "10.42.0.1", "desk.example.org", "desk.local"]
    assert words[words.index("--server.address") + 1] == "0.0.0.0"
    assert words[words.index("--server.port") + 1] == "8502"


@pytest.mark.parametrize("share", [[], ["--share"]])
def test_a_port_that_is_taken_is_an_error(share: list[str], taken_port: int, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["app", *share, "--port", str(taken_port)]) == 2
    assert f"port {taken_port} is taken by another program; name another one" in capsys.readouterr().err


def test_without_a_port_the_first_free_one_is_used(taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "FIRST_PORT", taken_port)
    assert taken_port < app.first_free_port() < taken_port + app.PORTS


def test_without_a_network_the_message_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(app.socket.socket, "connect", unreachable)
    assert cli.main(["app", "--share"]) == 2
    assert "no address in a network; connect it, for example to Wi-Fi" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--share", "http://10.0.0.1"], "'http://10.0.0.1' is not a name or IPv4 address"),
        (["--port", "99999"], "'99999' is not a port"),
    ],
)
def test_a_value_that_cannot_be_used_is_an_error(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["app", *arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["app", "--data", str(tmp_path / "none")]) == 2
    assert "there is no folder or zip file" in capsys.readouterr().err


def scanned(lines: list[str]) -> str:
    """Read the QR code of a terminal's lines, as a camera does."""
    halves = [[(cell in "▀█", cell in "▄█") for cell in line] for line in lines]
    dark = np.array(halves).transpose(0, 2, 1).reshape(2 * len(halves), -1)
    picture = np.kron(np.where(dark, 0, 255).astype(np.uint8), np.ones((6, 6), np.uint8))
    return cv2.QRCodeDetector().detectAndDecode(picture)[0]


@pytest.mark.parametrize(
    "url", ["http://10.0.0.7:8501", "https://192.168.100.200:65535", f"http://{'laptop-of-a-teacher' * 3}.local:8501"]
)
def test_the_qr_code_holds_the_address_and_fits_a_terminal(url: str) -> None:
    modules = np.asarray(cv2.QRCodeEncoder.create().encode(url)) < 128
    lines = list(app.half_blocks(modules))
    assert scanned(lines) == url
    assert len(lines[0]) <= COLUMNS_OF_A_TERMINAL
    assert all(set(line[: app.QUIET_ZONE] + line[-app.QUIET_ZONE :]) == {" "} for line in lines)


def read_terminal(descriptor: int, until: str) -> str:
    """Return what is printed in a terminal up to a text, or up to its end."""
    printed = b""
    with suppress(OSError):  # Linux reports the end of the process as an error
        while until not in printed.decode(errors="ignore") and (part := os.read(descriptor, 65_536)):
            printed += part
    return printed.decode(errors="ignore")


def status(url: str, host: str) -> int:
    """Return the HTTP status of a page that is asked for under a host name."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host}), timeout=TIMEOUT_S) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_shared_app_prints_its_address_answers_under_it_alone_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    try:
        address = app.network_address()
    except ValueError:
        address = "127.0.0.1"
    terminal, its_end = pty.openpty()
    command = [sys.executable, "-m", "galaxy_explorer", "app", "--share", address, "--server.headless", "true"]
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True
    )
    os.close(its_end)
    watchdog = threading.Timer(TIMEOUT_S, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    try:
        printed = re.sub(r"\x1b\[[\d;]*m", "", read_terminal(terminal, "(Ctrl-C ends it)"))
        (url,) = re.findall(rf"http://{re.escape(address)}:\d+", printed)
        lines = printed.splitlines()
        assert scanned([line[4:] for line in lines if re.fullmatch(r" {4}[ ▀▄█]{20,}", line)]) == url
        assert max(map(len, lines)) <= COLUMNS_OF_A_TERMINAL
        port = url.rsplit(":", 1)[1]
        own_names = (f"{address}:{port}", f"localhost:{port}", f"{socket.gethostname().split('.')[0]}.local:{port}")
        assert [status(url, host) for host in own_names] == [200, 200, 200]
        assert status(url, f"evil.example:{port}") == 403
        assert status(f"{url}/_stcore/health", "10.1.2.3") == 200  # a container's probe
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait() == 0
    finally:
        watchdog.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        os.close(terminal)
