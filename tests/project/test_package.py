"""The wheel: installed into a fresh environment, it opens the app and predicts from any folder."""

import site
import subprocess
import sys
import sysconfig
from pathlib import Path

import pandas as pd
import pytest

import galaxy_explorer

ROOT = Path(__file__).parents[2]
OPEN_THE_APP = """
from streamlit.testing.v1 import AppTest
import galaxy_explorer
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.storage import bundled
app = AppTest.from_file(str(bundled("app.py")), default_timeout=600).run()
print(len(open_catalogue("simulated")))
print(galaxy_explorer.__file__)
print(len(app.exception), "smooth" in [button.label for button in app.button])
"""

HELP_OF_ALL = """
import contextlib
from galaxy_explorer.cli import main
for command in ("app", "predict", "evaluate", "fetch", "pack", "simulate", "train"):
    with contextlib.suppress(SystemExit):
        main([command, "--help"])
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with the wheel; torch and the like are those of this environment."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    paths = sysconfig.get_paths("venv", {"base": str(folder / "venv"), "platbase": str(folder / "venv")})
    libraries = Path(paths["purelib"])
    subprocess.run([*pip, "--python", python, "install", "--no-deps", wheel], check=True)
    (libraries / "reused.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return python.parent


@pytest.fixture
def run(environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that runs a program of the environment in an empty folder, with an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.delenv("GALAXY_EXPLORER_DATA", raising=False)

    def run_in_folder(program: str, *arguments: object) -> str:
        command = [environment / program, *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_in_folder


def test_the_command_has_a_version_and_a_help_with_an_example_for_each_command(run) -> None:
    assert galaxy_explorer.__version__ in run("galaxy-explorer", "--version")
    printed = run("python", "-c", HELP_OF_ALL)
    for command in ("app", "predict", "evaluate", "fetch", "pack", "train"):
        assert f"usage: galaxy-explorer {command}" in printed
        assert printed.count(f"galaxy-explorer {command}") > 1  # in its example


def test_the_installed_package_predicts_with_its_own_weights(run, tmp_path: Path) -> None:
    image = ROOT / "galaxy_explorer" / "sample" / "100008.jpg"
    run("galaxy-explorer", "predict", image, "--weights", "fcn", "--views", 1, "--output", tmp_path / "table.csv")
    assert pd.read_csv(tmp_path / "table.csv", dtype={"GalaxyID": str})["GalaxyID"].tolist() == ["100008"]


def test_the_installed_app_opens_and_shows_the_sample(run, environment: Path) -> None:
    simulated, where, result = run("python", "-c", OPEN_THE_APP).splitlines()[-3:]
    assert simulated == "400"
    assert Path(where).is_relative_to(environment.parent)
    assert result == "0 True"
