"""Set-up: the Makefile's targets, the configuration, and the start of the app."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 120  # it takes three seconds on an idle machine
OF_ANOTHER_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "ARGS", "PYTHON"}

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="this test runs make, which is not installed")

# A fake Python: records its arguments, and makes environments of copies of itself.
FAKE_PYTHON = """#!/bin/sh
[ "$1" = --version ] && echo "Python $VERSION" && exit
[ "$1" = -c ] && case "$2" in *version_info*) [ "$VERSION" != 3.9.9 ]; exit;; *) exit;; esac
echo "$@" >> "$RECORD"
case "$*" in
  *"-m venv"*) rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python;;
  *"$FAILS"*) exit 1;;
esac
"""


class Clone:
    """A new folder with the Makefile, and fake programs for Python and the browser."""

    def __init__(self, path: Path) -> None:
        self.path, self.record = path, path / "record"
        path.mkdir()
        for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / name, path)
        for name in ("python", "chromium", "npm"):
            (path / name).write_text(FAKE_PYTHON)
            (path / name).chmod(0o755)

    def make(self, target: str, *, version: str = "3.11.7", fails: str = "nothing", error: str = "") -> list[str]:
        """Run make, expecting success or an error message; return the commands of Python without their options."""
        self.record.write_text("")
        clean = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER_MAKE}
        clean |= {"RECORD": str(self.record), "VERSION": version, "FAILS": fails}
        clean["PATH"] = f"{self.path}{os.pathsep}{os.environ['PATH']}"
        command = ["make", target, "PYTHON=./python"]
        done = subprocess.run(command, cwd=self.path, env=clean, capture_output=True, text=True)
        assert error in done.stdout + done.stderr
        assert (done.returncode == 0) == (not error), done.stderr
        return [line.split(" -")[0] for line in self.record.read_text().splitlines()]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A folder in which nothing is installed, with a space in its name."""
    return Clone(tmp_path / "a folder")


def test_make_installs_once_and_again_when_the_requirements_change(clone: Clone) -> None:
    assert clone.make("test") == ["-m venv", "-m pip", "-m pip", "-m pytest"]
    assert clone.make("test") == ["-m pytest"]
    assert clone.make("app") == ["-m streamlit run app.py"]
    assert clone.make("share") == ["-m galaxy_explorer app"]
    changed = clone.path / "requirements.txt"
    os.utime(changed, (changed.stat().st_mtime + 100,) * 2)
    assert clone.make("app") == ["-m pip", "-m streamlit run app.py"]


def test_make_check_runs_formatter_linter_types_and_tests(clone: Clone) -> None:
    clone.make("test")
    assert clone.make("check") == ["-m ruff format", "-m ruff check .", "-m mypy", "-m pytest"]


def test_an_installation_that_failed_starts_from_nothing(clone: Clone) -> None:
    clone.make("app", fails="-m pip", error="Error 1")
    assert clone.make("app")[0] == "-m venv"


def test_an_environment_whose_python_is_gone_is_created_again(clone: Clone) -> None:
    clone.make("app")
    (clone.path / ".venv" / "bin" / "python").unlink()
    assert clone.make("app")[0] == "-m venv"


def test_an_old_python_is_rejected_with_a_message(clone: Clone) -> None:
    assert clone.make("app", version="3.9.9", error="needs Python 3.11 or newer, and ./python is Python 3.9.9") == []


def test_continuous_integration_runs_make_test_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]
    assert os.access(script, os.X_OK)


def test_the_configuration_asks_nothing_and_listens_on_this_machine_only() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert (
        config["server"] | {"showEmailPrompt": False, "address": "localhost", "fileWatcherType": "none"}
        == config["server"]
    )
    assert config["browser"]["gatherUsageStats"] is False
    assert {"dark", "light"} <= config["theme"].keys()


@contextmanager
def started(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """Start the app by make's own command under an empty HOME; yield the process, its port and its output."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = subprocess.run(["make", "--dry-run", "app"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    (words,) = [shlex.split(line) for line in lines if " streamlit run " in line]
    ours = ("STREAMLIT_", "XDG_", "GALAXY_EXPLORER_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {"HOME": str(home)}
    output = home / "output"
    with output.open("wb") as file:
        command = [sys.executable, *words[1:], "--server.headless", "true", "--server.port", str(port)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=clean, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield process, port, output
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def fetch(process: subprocess.Popen[bytes], port: int, path: str) -> str:
    """Fetch a path from the app as soon as it serves."""
    while True:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}{path}", timeout=START_TIMEOUT_S) as response:
                return response.read().decode()
        except urllib.error.URLError:
            with pytest.raises(subprocess.TimeoutExpired):  # it has not ended
                process.wait(0.1)


def listening_at(port: int) -> set[str]:
    """The addresses at which some process listens to a port, as Linux writes them."""
    tables = [Path("/proc/net") / name for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return {local.split(":")[0] for _, local, _, state, *_ in rows if state == "0A" and local.endswith(f":{port:04X}")}


def test_the_app_serves_this_machine_at_once_asks_nothing_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    with started(tmp_path) as (process, port, output):
        assert fetch(process, port, "/_stcore/health") == "ok"
        assert "<html" in fetch(process, port, "/")
        if Path("/proc/net/tcp").exists():  # Linux's table of sockets
            assert listening_at(port)
            assert listening_at(port) <= {"0100007F", "0" * 24 + "01000000"}  # 127.0.0.1 and ::1
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(START_TIMEOUT_S) == 0
        printed = output.read_text()
    assert f"http://localhost:{port}" in printed
    assert not [word for word in ("mail", "not a valid config option", "Traceback") if word in printed]


@pytest.mark.parametrize(
    ("package", "lowest"),
    [("torch", "2.10"), ("torchvision", "0.25"), ("urllib3", "2.7"), ("starlette", "1.0.1"), ("requests", "2.32.4")],
)
def test_the_lowest_versions_have_no_hole_that_is_known_to_reach_users(package: str, lowest: str) -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    bounds = [Requirement(line.split("#")[0]).specifier for line in lines if line.startswith(f"{package}>")]
    assert [bound.operator + bound.version for specifier in bounds for bound in specifier] == [f">={lowest}"]
