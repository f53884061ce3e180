"""The app as a process that can be killed and started again with the same data."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import requests

ROOT = Path(__file__).parents[1]
START_TIMEOUT_S = 120


class ClassServer:
    """The app on a port of its own, with folders of its own.

    Parameters
    ----------
    folder : Path
        For the user's data and cache.
    """

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.database = folder / "galaxy-explorer" / "classes.sqlite"
        self._environment = os.environ | {"XDG_DATA_HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
        self._environment.pop("GALAXY_EXPLORER_DATA", None)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the app, and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={self.port}"]
        command.append("--server.headless=true")
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            try:
                requests.get(f"{self.url}/_stcore/health", timeout=5)
            except requests.RequestException:
                time.sleep(0.2)
            else:
                return
        raise SystemExit(f"the app did not respond at {self.url} within {START_TIMEOUT_S} s")

    def cpu_s(self) -> float:
        """Return the processor time that the app has taken (Linux)."""
        assert self._process is not None
        after_name = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """Kill the app by SIGKILL, which it cannot notice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
