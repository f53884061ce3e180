"""Setting up: what make does, and how the app starts."""

import ipaddress
import os
import pty
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START_LIMIT = 60  # seconds; it takes three on an idle machine

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="this test runs make, which is not installed")


# The Makefile

# What "make test ARGS=-x" hands down to these tests.
OF_ANOTHER_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "ARGS", "PYTHON"}


def make(*words: str, folder: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make as a person would, whatever make these tests were started by."""
    clean = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER_MAKE}
    return subprocess.run(
        ["make", *words], cwd=folder, env=clean | variables, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("target", "promised"),
    [
        ("app", ["-m venv --clear .venv", "install -r requirements.txt", "-m streamlit run app.py"]),
        ("test", ["install -r requirements.txt", "-r requirements-dev.txt", "apt-get -q install -y chromium"]),
        ("test", ["apt-get -q install -y --no-install-recommends npm"]),
        ("test", ["-m playwright install", "-m pytest"]),
        ("check", ["ruff format --check", "ruff check", "mypy", "-m pytest"]),
    ],
)
@needs_make
def test_make_runs_the_promised_commands(tmp_path: Path, target: str, promised: list[str]) -> None:
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    commands = make("--dry-run", target, folder=tmp_path).stdout
    assert [words for words in promised if words not in commands] == []


STAND_IN = """#!/bin/sh
# Stands in for Python: notes what it is asked for, and makes environments of copies of itself.
[ "$1" = --version ] && echo "Python $VERSION" && exit
[ "$1" = -c ] && case "$2" in *version_info*) [ "$VERSION" != 3.9.9 ]; exit;; *) exit;; esac
echo "$@" >> "$NOTES"
case "$*" in
  *"-m venv"*) rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python;;
  *"$FAILS"*) exit 1;;
esac
"""


class FreshFolder:
    """A new folder with the Makefile, where stand-ins take the place of Python and the browser."""

    def __init__(self, path: Path) -> None:
        self.path, self.notes = path, path / "notes"
        for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / name, path)
        for name in ("python", "chromium", "npm"):
            (path / name).write_text(STAND_IN)
            (path / name).chmod(0o755)

    def make(self, target: str, *, version: str = "3.11.7", fails: str = "nothing", says: str = "") -> list[str]:
        """Run make, which is to succeed or to say something; list what Python was asked for."""
        self.notes.write_text("")
        surroundings = {"NOTES": str(self.notes), "VERSION": version, "FAILS": fails}
        surroundings["PATH"] = f"{self.path}{os.pathsep}{os.environ['PATH']}"
        done = make(target, "PYTHON=./python", folder=self.path, **surroundings)
        assert says in done.stdout + done.stderr
        assert (done.returncode == 0) == (not says), done.stderr
        return self.notes.read_text().splitlines()


@pytest.fixture
def fresh(tmp_path: Path) -> FreshFolder:
    """A folder in which nothing is installed, with a space in its name."""
    path = tmp_path / "a folder"
    path.mkdir()
    return FreshFolder(path)


@needs_make
def test_a_second_make_installs_nothing(fresh: FreshFolder) -> None:
    assert [line.split(" -")[0] for line in fresh.make("test")] == ["-m venv", "-m pip", "-m pip", "-m pytest"]
    assert [line.split(" -")[0] for line in fresh.make("test")] == ["-m pytest"]
    assert fresh.make("app") == ["-m streamlit run app.py"]


@needs_make
def test_changed_requirements_are_installed_into_the_environment_there_is(fresh: FreshFolder) -> None:
    fresh.make("test")
    os.utime(fresh.path / "requirements.txt", (time.time() + 10,) * 2)
    assert [line.split(" -")[0] for line in fresh.make("app")] == ["-m pip", "-m streamlit run app.py"]


@needs_make
def test_an_installation_that_broke_off_is_begun_again_from_nothing(fresh: FreshFolder) -> None:
    fresh.make("app", fails="-m pip", says="Error 1")
    assert fresh.make("app")[0] == "-m venv --clear .venv"


@needs_make
def test_an_environment_whose_python_has_gone_is_made_anew(fresh: FreshFolder) -> None:
    fresh.make("app")
    (fresh.path / ".venv" / "bin" / "python").unlink()
    assert fresh.make("app")[0] == "-m venv --clear .venv"


@needs_make
def test_an_old_python_is_refused_in_words(fresh: FreshFolder) -> None:
    says = "needs Python 3.11 or newer, and ./python is Python 3.9.9. Install one and name it"
    assert fresh.make("app", version="3.9.9", says=says) == []


def test_continuous_integration_runs_make_test_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]
    assert os.access(script, os.X_OK)


# Starting the app


def test_the_configuration_asks_nothing_and_stays_on_this_machine() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["showEmailPrompt"] is False
    assert config["server"]["address"] == "localhost"
    assert config["server"]["fileWatcherType"] == "none"
    assert config["browser"]["gatherUsageStats"] is False
    assert {"dark", "light"} <= config["theme"].keys()


def start_command() -> list[str]:
    """Read the command by which make starts the app, with the Python that runs these tests."""
    lines = make("--dry-run", "app").stdout.splitlines()
    (words,) = [shlex.split(line) for line in lines if " streamlit run " in line]
    return [sys.executable, *words[1:]]


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Started:
    """The app in a terminal of its own, as on a new user's desktop, and what it printed."""

    def __init__(self, home: Path) -> None:
        self.port, self.opened = free_port(), home / "opened"
        opener = home / "bin" / "xdg-open"  # the desktop's: it notes the address instead of opening a browser
        opener.parent.mkdir()
        opener.write_text(f'#!/bin/sh\necho "$1" > {shlex.quote(str(self.opened))}\n')
        opener.chmod(0o755)
        surroundings = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("STREAMLIT_", "XDG_", "GALAXY_EXPLORER_")) and name not in {"PYTHONPATH", "CI"}
        }
        surroundings |= {"HOME": str(home), "DISPLAY": ":99", "PATH": f"{opener.parent}:{os.environ['PATH']}"}
        self.terminal, inside = pty.openpty()
        self.process = subprocess.Popen(
            [*start_command(), "--server.port", str(self.port)],
            cwd=ROOT,
            env=surroundings,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        self.printed = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        """Keep what the app prints until it ends, or its terminal would fill up and block it."""
        while True:
            try:
                text = os.read(self.terminal, 4096)
            except OSError:  # how Linux says that nobody has the terminal open any more
                return
            if not text:
                return
            self.printed += text.decode(errors="replace")

    def get(self, path: str) -> tuple[int, str]:
        """Fetch a path, waiting until the app serves."""
        end = time.monotonic() + START_LIMIT
        while True:
            try:
                with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.URLError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"the app does not serve ({error}); it printed: {self.printed}")
                time.sleep(0.1)

    def stop(self) -> int:
        """Stop the app as Ctrl-C does; give its exit status."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()
        finally:
            self.reader.join(5)
            os.close(self.terminal)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The app, started by make's own command under an empty HOME on a machine with a screen."""
    app = Started(tmp_path_factory.mktemp("home"))
    try:
        yield app
    finally:
        app.stop()


def listens_on(port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """List the addresses that a port of this machine listens on (Linux)."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if Path(table).exists() else ():
            (address, local_port), state = line.split()[1].split(":"), line.split()[3]
            if int(local_port, 16) == port and state == "0A":  # LISTEN
                words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
                found.append(ipaddress.ip_address(b"".join(words)))
    return found


@needs_make
def test_the_app_serves_at_once_and_asks_nothing(started: Started) -> None:
    assert started.get("/_stcore/health") == (200, "ok")
    status, page = started.get("/")
    assert status == 200
    assert "<html" in page
    assert "mail" not in started.printed.lower()
    assert "not a valid config option" not in started.printed
    assert f"http://localhost:{started.port}" in started.printed


@needs_make
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads the kernel's table of sockets, as Linux has it")
def test_the_app_listens_on_this_machine_alone(started: Started) -> None:
    started.get("/_stcore/health")
    addresses = listens_on(started.port)
    assert addresses
    assert all(address.is_loopback for address in addresses)


@needs_make
@pytest.mark.skipif(sys.platform != "linux", reason="stands in for xdg-open, which desktops on Linux have")
def test_the_app_opens_the_browser(started: Started) -> None:
    started.get("/_stcore/health")
    end = time.monotonic() + 10
    while not started.opened.is_file() and time.monotonic() < end:
        time.sleep(0.1)
    assert started.opened.read_text().strip() == f"http://localhost:{started.port}"


@needs_make
def test_ctrl_c_ends_the_app(tmp_path: Path) -> None:
    app = Started(tmp_path)
    app.get("/_stcore/health")
    assert app.stop() == 0
    assert "Traceback" not in app.printed
