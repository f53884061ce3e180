"""axe-core, which finds accessibility faults: fetched by npm once, checked, and cached."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from galaxy_explorer.storage import cache_folder

VERSION = "4.11.0"
# The sha512 of the package, as the registry states it (`npm view axe-core@4.11.0 dist.integrity`).
INTEGRITY = "ilYanEU8vxxBexpJd8cWM4ElSQq4QctCLKih0TSfjIfCQTeyH/6zVrmIJfLPrKTKJRbiG+cfnZbQIjAlJmF1jQ=="
SERIOUS = {"serious", "critical"}


def axe_source() -> str | None:
    """Return axe-core's script, fetched on first use; None without npm."""
    package = cache_folder() / "npm" / f"axe-core-{VERSION}.tgz"
    if not package.is_file():
        if (npm := shutil.which("npm")) is None:
            return None
        _fetch(package, npm)
    found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != INTEGRITY:
        package.unlink()
        pytest.fail(f"axe-core {VERSION} has the sha512 {found}, but {INTEGRITY} was wanted: it was deleted, run again")
    with tarfile.open(package) as packed:
        script = packed.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def _fetch(package: Path, npm: str) -> None:
    """Fetch the package by npm, atomically."""
    package.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=package.parent) as folder:
        command = [npm, "pack", f"axe-core@{VERSION}", "--pack-destination", folder]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            pytest.fail(f"npm could not fetch axe-core {VERSION}: {done.stderr.strip()}")
        next(Path(folder).glob("*.tgz")).replace(package)


def violations(page: Page, script: str) -> list[str]:
    """Return the serious violations of a page: rule, element and reason."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(script)
    found: list[dict[str, Any]] = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['html'][:160]}: {node['failureSummary']}"
        for violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
