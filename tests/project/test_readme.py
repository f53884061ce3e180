"""The README's paths, commands, flags and figures are those of the code."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from galaxy_explorer.cli import main
from galaxy_explorer.models.checkpoints import available, read_card
from galaxy_explorer.models.networks import MODELS
from galaxy_explorer.training import cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
COMMANDS = [
    re.split(r"\s+#", line)[0] for language, text in FENCES if language == "sh" for line in text.splitlines() if line
]


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the help of a command."""
    with pytest.raises(SystemExit) as ended:
        cli.read_flags(["--help"]) if command == "train.py" else main([command, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 130


@pytest.mark.parametrize("address", re.findall(r"\]\((?!https?://)([^)]+)\)", README))
def test_every_link_within_the_project_leads_somewhere(address: str) -> None:
    assert (ROOT / address).exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_the_code_takes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [word for word in shlex.split(command) if not re.match(r"[A-Z_]+=", word)]
    match words:
        case ["make", target]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
        case ["python", "train.py", *flags]:
            cli.read_flags(flags)
        case ["galaxy-explorer", "app"]:
            assert 'galaxy-explorer = "galaxy_explorer.cli:main"' in (ROOT / "pyproject.toml").read_text()
        case ["galaxy-explorer", subcommand, *rest]:
            known = help_of(subcommand, capsys)
            assert [flag for flag in rest if flag.startswith("--") and not re.search(rf"{flag}\b", known)] == []
        case ["pip", "install", "."]:
            assert (ROOT / "pyproject.toml").is_file()
        case _:
            pytest.fail(f"no test knows the command {command}")


def test_every_flag_and_target_in_the_text_exists(capsys: pytest.CaptureFixture[str]) -> None:
    known = "".join(help_of(command, capsys) for command in ("app", "predict", "evaluate", "fetch", "train.py"))
    assert [flag for flag in re.findall(r"`(--[\w-]+)`", README) if not re.search(rf"{flag}\b", known)] == []
    targets = re.findall(r"`make (\w+)`", README)
    makefile = (ROOT / "Makefile").read_text()
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, flags=re.MULTILINE)] == []


def test_the_command_line_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "galaxy_explorer", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert "predict" in done.stdout


def test_the_oldest_python_is_the_same_everywhere() -> None:
    (major, minor) = re.findall(r"Python (\d+)\.(\d+) or newer", README)[0]
    assert f"sys.version_info < ({major}, {minor})" in (ROOT / "Makefile").read_text()
    settings = (ROOT / "pyproject.toml").read_text()
    assert f'python_version = "{major}.{minor}"' in settings
    assert f'target-version = "py{major}{minor}"' in settings


def test_the_figures_of_the_networks_are_those_on_their_cards() -> None:
    quoted = dict(re.findall(r"^\| `(\w+)` \|.*\| (\S+) \|$", README, flags=re.MULTILINE))
    assert quoted.keys() == set(MODELS)
    cards = {name: read_card(available()[name]) for name in quoted}
    measured = {name: card.validation for name, card in cards.items() if card.validation}
    assert quoted == {name: f"{measured[name].rmse:.4f}" if name in measured else "–" for name in cards}
    for validation in measured.values():
        assert f"{validation.galaxies} galaxies that neither has seen" in README
        assert f"predicting the mean gives {validation.mean_rmse:.3f}" in README
