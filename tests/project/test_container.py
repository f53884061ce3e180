"""The Dockerfile: what it copies, the versions that it installs, and its probe."""

import fnmatch
import re
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
DOCKERFILE = re.sub(r"\\\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
ENVIRONMENT = dict(re.findall(r"\b([A-Z_]+)=(\S+)", re.search(r"^ENV (.*)$", DOCKERFILE, flags=re.MULTILINE)[1]))
PINS = dict(re.findall(r"^ARG ([A-Z]+)=(\S+)$", DOCKERFILE, flags=re.MULTILINE))
COPIED = [
    name for line in re.findall(r"^COPY (.*)$", DOCKERFILE, flags=re.MULTILINE) for name in line.split()[:-1]
]  # the last word is the target


@pytest.mark.parametrize("name", COPIED)
def test_what_is_copied_exists_and_is_in_the_build_context(name: str) -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert (ROOT / name).exists()
    assert f"!{name}" in ignored
    assert ignored.index("*") < ignored.index(f"!{name}")
    assert not [line for line in ignored[ignored.index(f"!{name}") :] if fnmatch.fnmatch(name, line)]


def test_all_that_the_installed_package_has_is_copied() -> None:
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    bundled = re.findall(r'^"([^"]+)" = "galaxy_explorer/bundled/', settings, flags=re.MULTILINE)
    assert bundled
    assert {*bundled, "galaxy_explorer", "requirements.txt"} <= set(COPIED)


def test_the_pinned_wheels_go_together_and_meet_the_requirements() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = {requirement.name: requirement for requirement in (Requirement(line.split("#")[0]) for line in lines)}
    assert wanted["torch"].specifier.contains(PINS["TORCH"])
    assert wanted["torchvision"].specifier.contains(PINS["TORCHVISION"])
    if version("torchvision").split("+")[0] == PINS["TORCHVISION"]:
        (torch,) = [Requirement(line) for line in requires("torchvision") or () if re.match(r"torch\b", line)]
        assert torch.specifier.contains(PINS["TORCH"])
    hosting = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
    assert all(f"`{name.lower()}=={pin}+cpu`" in hosting for name, pin in PINS.items())


def test_visitors_open_no_paths_and_the_process_is_not_root() -> None:
    assert ENVIRONMENT["GALAXY_EXPLORER_OPEN_FOLDERS"] == "0"
    assert re.search(r"^USER 1000$", DOCKERFILE, flags=re.MULTILINE)
    assert f"EXPOSE {ENVIRONMENT['STREAMLIT_SERVER_PORT']}" in DOCKERFILE


def test_the_python_is_one_that_the_project_supports() -> None:
    (minor,) = re.findall(r"^FROM python:3\.(\d+)-slim$", DOCKERFILE, flags=re.MULTILINE)
    assert f'requires-python = ">=3.{min(int(minor), 11)}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
