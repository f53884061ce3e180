"""The script ``train.py``: its flags, what it refuses, what it leaves, kills and resumptions, a bare machine."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import fields

import pytest
import torch
from PIL import Image, ImageOps
from tiny_training import PATIENCE, ROOT, TINY_FLAGS, in_one_thread

import train
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.models.checkpoints import WEIGHTS, load, read_card
from galaxy_explorer.training import Recipe, gather
from galaxy_explorer.training.resume import alone_in

# What the project uses elsewhere and a bare GPU box does not have.
ABSENT = ("streamlit", "plotly", "pytorch_grad_cam", "pyarrow", "astropy", "sklearn", "requests", "matplotlib", "scipy")

VALIDATION = ("200001", "200002", "200003")  # of the fixture


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the processes that are started
    yield from in_one_thread()


@pytest.fixture
def flags(kaggle_folder, tmp_path):
    """A function that makes the command line of a tiny training in its own folder."""

    def make(*more, work="run"):
        places = ["--data", kaggle_folder, "--work", tmp_path / work, "--cache", tmp_path / "cache"]
        return [str(part) for part in (*places, "--device", "cpu", *TINY_FLAGS, *more)]

    return make


def weights_in(path):
    return torch.load(path, weights_only=True)["weights"]


class TestFlags:
    def test_each_setting_of_the_recipe_is_a_flag(self):
        assert train.recipe_of(train.read_flags(["--data", "x"])) == Recipe()
        given = [
            "--model",
            "fcn",
            "--size",
            "96",
            "--widths",
            "16",
            "32",
            "--no-flips",
            "--no-partial",
            "--zoom",
            "1.5",
        ]
        recipe = train.recipe_of(train.read_flags(["--data", "x", *given]))
        assert recipe == Recipe(model="fcn", size=96, widths=(16, 32), flips=False, partial=False, zoom=1.5)

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            (["--time-limit", "0"], "0 minutes leave no time to train"),
            (["--model", "resnet"], "invalid choice: 'resnet'"),
            (["--size", "big"], "invalid int value: 'big'"),
            (["--unscored-field", "1/0"], "1/0 is no part of a field; give more than 0 and at most 1"),
            (["--unscored-field", "1.5"], "1.5 is no part of a field"),
            (["--teacher-views", "0"], "invalid choice: 0"),
        ],
    )
    def test_a_wrong_flag_is_told(self, flags, capsys, wrong, words):
        with pytest.raises(SystemExit, match="2"):
            train.main(flags(*wrong))
        assert words in capsys.readouterr().err


class TestRefusals:
    """What cannot work ends with a sentence and exit status 2, before any work is done."""

    def test_settings(self, flags, capsys):
        assert train.main(flags("--warmup", "2")) == 2
        assert capsys.readouterr().err == "train.py: the recipe's warmup is 2.0; it must lie between 0.0 and 1.0\n"

    def test_a_folder_that_is_not_there(self, tmp_path, capsys):
        assert train.main(["--data", str(tmp_path / "none"), "--work", str(tmp_path / "run")]) == 2
        assert "none does not exist" in capsys.readouterr().err

    def test_too_few_galaxies(self, flags, capsys):
        assert train.main(flags("--batch-size", "64")) == 2
        assert "a batch takes 64: give more galaxies" in capsys.readouterr().err

    def test_a_run_over_another_run(self, flags, tmp_path, capsys):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "state.pt").touch()
        assert train.main(flags()) == 2
        assert "holds a run already; --resume goes on with it" in capsys.readouterr().err

    def test_the_folder_of_finished_weights_as_work_folder(self, flags, capsys):
        assert train.main(flags(work=WEIGHTS)) == 2
        assert "name another folder for the run with --work" in capsys.readouterr().err

    def test_a_folder_as_the_file_to_write(self, flags, tmp_path, capsys):
        assert train.main(flags("--out", tmp_path)) == 2
        assert "is a folder; name the file of weights to write" in capsys.readouterr().err

    def test_validation_without_galaxies(self, flags, tmp_path, capsys):
        (tmp_path / "never.txt").write_text("no-such-galaxy\n")
        assert train.main(flags("--validate", "--never", tmp_path / "never.txt")) == 2
        assert "names 1, of which challenge has 0, and scores of none" in capsys.readouterr().err

    def test_validation_without_scores(self, flags, tmp_path, capsys):
        (tmp_path / "never.txt").write_text("300001\n300002\n")
        assert train.main(flags("--validate", "--never", tmp_path / "never.txt")) == 2
        assert "names 2, of which challenge has 2, and scores of none" in capsys.readouterr().err

    def test_a_folder_in_which_another_run_is_at_work(self, flags, tmp_path, capsys):
        with alone_in(tmp_path / "run"):
            assert train.main(flags("--resume")) == 2
        assert "another run is at work in" in capsys.readouterr().err
        assert not (tmp_path / "cache").exists()

    def test_a_file_to_write_in_what_is_no_folder(self, flags, tmp_path, capsys):
        (tmp_path / "file").touch()
        assert train.main(flags("--out", tmp_path / "file" / "model.pt")) == 2
        assert "file" in capsys.readouterr().err
        assert not (tmp_path / "run").exists()

    def test_numbers_that_are_none_any_more(self, flags, tmp_path, capsys):
        absurd = ["--learning-rate", "10", "--weight-decay", "100", "--warmup", "0", "--epochs", "60"]
        assert train.main(flags(*absurd)) == 2
        told = capsys.readouterr().err
        assert re.search(
            r"train\.py: (the loss|its gradient|a weight|a prediction) was no finite number any more by step \d+", told
        )
        assert "Lower --learning-rate (now 10)" in told
        state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
        assert all(value.isfinite().all() for value in state["parts"]["network"].values())
        assert not (tmp_path / "run" / "model.pt").exists()


class TestRun:
    def test_ends_with_weights_in_half_precision_and_their_card(self, flags, tmp_path, capsys):
        out = tmp_path / "weights" / "fcn.pt"
        out.parent.mkdir()
        (out.parent / "README.md").write_text("# Weights\n")
        assert train.main(flags("--epochs", "2", "--out", out, "--validate", "--note", "two")) == 0
        assert all(value.dtype == torch.float16 for value in weights_in(out).values() if value.is_floating_point())
        network, card = load(out)
        assert not network.training
        assert (card["model"], card["image_size"], card["epochs"]) == ("fcn", 32, 2)
        assert (card["training_galaxies"], card["hold_out_galaxies"], card["never_seen"]) == (9, 2, 3)
        assert card["validation"]["galaxies"] == 3
        assert card["command"] == "python train.py " + " ".join(
            flags("--epochs", "2", "--out", out, "--validate", "--note", "two")
        )
        told = capsys.readouterr().err
        assert "9 galaxies to train on, 2 held out to choose the epoch by, 3 never to be seen" in told
        assert f"RMSE on 3 validation galaxies: {card['validation']['rmse']:.4f}" in told
        assert "- note: two\n" in (out.parent / "README.md").read_text()

    def test_names_the_pictures_that_cannot_be_read(self, flags, kaggle_folder, capsys):
        for galaxy in ("200005", "200001"):  # one to train on, one to validate on
            (kaggle_folder / "images_training_rev1" / f"{galaxy}.jpg").write_bytes(b"\xff\xd8\xff nothing")
        assert train.main(flags("--epochs", "1", "--validate")) == 1
        told = capsys.readouterr().err
        for galaxy in ("200005", "200001"):
            assert re.search(f"left out: galaxy {galaxy}: .*cannot be read", told)

    def test_ends_at_the_time_limit_with_its_weights(self, flags, tmp_path):
        assert train.main(flags("--epochs", "100000", "--time-limit", "0.01")) == 0
        card = read_card(tmp_path / "run" / "model.pt")
        assert 1 <= card["epochs"] < 5000
        assert card["minutes"] == pytest.approx(0.01, abs=0.1)
        assert train.main(flags("--epochs", "100000", "--time-limit", "0.01", "--resume")) == 0
        assert read_card(tmp_path / "run" / "model.pt")["epochs"] == card["epochs"]


def test_a_killed_run_goes_on_and_ends_as_if_it_had_not_been(flags, tmp_path):
    whole, cut = (flags("--epochs", "12", work=work) for work in ("whole", "cut"))
    assert train.main(whole) == 0
    state, log = tmp_path / "cut" / "state.pt", tmp_path / "cut" / "log.jsonl"
    with subprocess.Popen([sys.executable, "train.py", *cut], cwd=ROOT, stderr=subprocess.PIPE) as process:
        wait_for(lambda: log.exists() and log.read_text().count("\n") >= 2, process)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    done = log.read_text().count("\n")
    assert not (tmp_path / "cut" / "model.pt").exists()
    assert torch.load(state, weights_only=True)["progress"]["epoch"] >= done >= 2
    went_on = subprocess.run(
        [sys.executable, "train.py", *cut, "--resume"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert went_on.returncode == 0, went_on.stderr
    assert "going on after epoch" in went_on.stderr
    epochs = [json.loads(line)["epoch"] for line in log.read_text().splitlines()]
    assert epochs == list(range(1, 13))
    expected = weights_in(tmp_path / "whole" / "model.pt")
    for name, value in weights_in(tmp_path / "cut" / "model.pt").items():
        torch.testing.assert_close(value, expected[name], atol=1e-6, rtol=0)


class TestResuming:
    def test_with_other_pictures_is_refused(self, flags, kaggle_folder, capsys):
        assert train.main(flags("--epochs", "1")) == 0
        for path in (kaggle_folder / "images_training_rev1").iterdir():
            ImageOps.invert(Image.open(path)).save(path)
        assert train.main(flags("--epochs", "1", "--resume")) == 2
        assert "or their scores or pictures have changed since" in capsys.readouterr().err

    def test_without_the_weights_that_it_began_with_is_refused(self, flags, tmp_path, capsys):
        assert train.main(flags("--epochs", "1", work="first")) == 0
        began = flags("--epochs", "1", "--start-from", tmp_path / "first" / "model.pt")
        assert train.main(began) == 0
        assert train.main(flags("--epochs", "1", "--resume")) == 2
        assert re.search(r"other settings \(start .*model\.pt there, random weights now\)", capsys.readouterr().err)
        assert train.main([*began, "--resume"]) == 0


class TestWhatIsLostAtTheEnd:
    """Pictures that were there to learn from and are not there to measure on."""

    @pytest.fixture
    def lose(self, monkeypatch, kaggle_folder):
        """A function that makes a training delete pictures when it has learnt."""

        def after_the_fit(*lost):
            def fit(run):
                progress = whole(run)
                for galaxy in lost:
                    (kaggle_folder / "images_training_rev1" / f"{galaxy}.jpg").unlink()
                return progress

            whole = train.fit
            monkeypatch.setattr(train, "fit", fit)

        return after_the_fit

    def held_out(self, flags, tmp_path):
        """Name the galaxies held out."""
        assert train.main(flags("--epochs", "1", work="before")) == 0
        options = train.read_flags(flags())
        galaxies = gather(open_catalogue(options.data), train.recipe_of(options), tmp_path / "cache", never=VALIDATION)
        return galaxies.hold_out_ids

    def test_a_galaxy_held_out_costs_itself(self, flags, tmp_path, capsys, lose):
        first, *others = self.held_out(flags, tmp_path)
        lose(first)
        assert train.main(flags("--epochs", "1")) == 1
        assert f"left out: galaxy {first}: " in capsys.readouterr().err
        card = read_card(tmp_path / "run" / "model.pt")
        assert card["hold_out"]["galaxies"] == card["error_models"]["8"]["galaxies"] == len(others) > 0

    def test_all_held_out_leave_a_card_without_their_figures(self, flags, tmp_path, lose):
        lose(*self.held_out(flags, tmp_path))
        assert train.main(flags("--epochs", "1")) == 1
        assert "hold_out" not in read_card(tmp_path / "run" / "model.pt")

    def test_all_to_validate_on_leave_the_figures_of_those_held_out(self, flags, tmp_path, lose):
        lose(*VALIDATION)
        assert train.main(flags("--epochs", "1", "--validate")) == 1
        card = read_card(tmp_path / "run" / "model.pt")
        assert "hold_out" in card
        assert "validation" not in card


def wait_for(happened, process):
    """Wait until something has happened while a process runs."""
    start = time.monotonic()
    while not happened():
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() - start < PATIENCE, "it did not happen in time"
        time.sleep(0.005)


def test_a_bare_machine_is_enough(flags, tmp_path):
    script = tmp_path / "bare.py"
    script.write_text(
        "import runpy, sys\n"
        f"sys.modules.update(dict.fromkeys({ABSENT}))  # as if they were not installed\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "for arguments in (['--help'], sys.argv[1:]):\n"
        "    sys.argv = ['train.py', *arguments]\n"
        "    try:\n"
        f"        runpy.run_path({str(ROOT / 'train.py')!r}, run_name='__main__')\n"
        "    except SystemExit as done:\n"
        "        assert not done.code, done.code\n"
    )
    command = [sys.executable, "-W", "error", script, *flags("--epochs", "1", "--validate")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    for setting in fields(Recipe):
        assert "--" + setting.name.replace("_", "-") in done.stdout
    assert read_card(tmp_path / "run" / "model.pt")["validation"]["galaxies"] == 3
