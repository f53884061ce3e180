"""The command line: help, version, old flags, and commands that start other programs."""

import shlex

import pytest

from galaxy_explorer import __version__, cli
from galaxy_explorer.prediction import read_table


def help_of(*arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_help_lists_the_commands_and_the_exit_status(capsys):
    text = help_of(capsys=capsys)
    assert all(name in text for name in ("app", "predict", "evaluate", "fetch", "pack", "train"))
    assert "130 it was interrupted" in " ".join(text.split())


@pytest.mark.parametrize("command", ["app", "predict", "evaluate", "fetch", "pack"])
def test_every_help_has_an_example_that_can_be_parsed(command, capsys):
    lines = help_of(command, capsys=capsys).splitlines()
    example = shlex.split(lines[lines.index("Example:") + 1])
    assert example[:2] == ["galaxy-explorer", command]
    assert cli._parser().parse_known_args(example[1:])[0].command == command


def test_the_version(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"galaxy-explorer {__version__}\n"


def test_an_unknown_option_is_an_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["pack", "sample", "--output", "small.zip", "--colour", "red"])
    assert stopped.value.code == 2
    assert "--colour red" in capsys.readouterr().err


def test_the_old_flag_of_the_views_still_works(weights, one_thread, tmp_path, capsys):
    keys = set()
    for flag in ("--tta-views", "--views"):
        output = tmp_path / f"{flag[2:]}.csv"
        assert cli.main(["predict", "sample", "--output", str(output), "--weights", weights, flag, "3"]) == 0
        keys.add(read_table(output)[1])
    assert len(keys) == 1
    assert "--views" not in help_of("predict", capsys=capsys).replace("--tta-views", "")


def test_train_passes_its_options_on(kaggle_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", "--data", str(kaggle_folder), "--out", str(tmp_path)]) == 2
    assert f"{tmp_path} is a folder" in capsys.readouterr().err
