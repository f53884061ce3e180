"""Command line of the training: flags, errors, results, kills and resumptions."""

import json
import re
import signal
import subprocess
import sys
from dataclasses import fields
from functools import partial

import pytest
import torch
from PIL import Image, ImageOps
from tiny_training import ROOT, TIMEOUT_S, TINY_FLAGS, FakeClock, in_one_thread

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.models.checkpoints import WEIGHTS, load, read_card
from galaxy_explorer.training import Recipe, Run, build_training_set, cli
from galaxy_explorer.training.resume import work_folder_lock

# Libraries of other parts of the project, which a GPU box may not have.
ABSENT = ("streamlit", "plotly", "pytorch_grad_cam", "pyarrow", "astropy", "sklearn", "requests", "matplotlib", "scipy")

VALIDATION = ("200001", "200002", "200003")  # of the fixture


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the processes that are started
    yield from in_one_thread()


@pytest.fixture
def flags(kaggle_folder, tmp_path):
    """A function that returns the command line of a tiny training in its own folder."""

    def make(*more, work="run"):
        folders = ["--data", kaggle_folder, "--work", tmp_path / work, "--cache", tmp_path / "cache"]
        return [str(part) for part in (*folders, "--device", "cpu", *TINY_FLAGS, *more)]

    return make


def weights_in(path):
    return torch.load(path, weights_only=True)["weights"]


class TestFlags:
    def test_each_setting_of_the_recipe_is_a_flag(self):
        assert cli.recipe_of(cli.read_flags(["--data", "x"])) == Recipe()
        given = "--model fcn --size 96 --widths 16 32 --no-flips --no-partial --zoom 1.5"
        recipe = cli.recipe_of(cli.read_flags(["--data", "x", *given.split()]))
        assert recipe == Recipe(model="fcn", size=96, widths=(16, 32), flips=False, partial=False, zoom=1.5)

    # Flags of earlier versions, which cards and scripts hold. Their use in runs: test_leakage.py, test_teachers.py.
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("--never a.txt", "--exclude-ids a.txt"),
            ("--unscored a.zip --unscored-field 288/424", "--unlabeled a.zip --unlabeled-field 288/424"),
            ("--remeasure a.pt", "--update-card a.pt"),
            ("--reweigh", "--reweight"),
            ("--no-reweigh", "--no-reweight"),
            ("--teaching 0.3", "--distill-weight 0.3"),
            ("--start a.pt", "--start-from a.pt"),
            ("--mixup 0 --label-noise 0.0 --head tree", ""),
        ],
    )
    def test_old_flags_mean_the_same(self, old, new):
        before, after = (cli.read_flags(["--data", "x", *text.split()]) for text in (old, new))
        assert before == after
        assert cli.recipe_of(before) == cli.recipe_of(after)

    @pytest.mark.parametrize("flag", ["--mixup 0.3", "--label-noise 0.05", "--head sigmoid"])
    def test_flags_of_removed_features_are_an_error(self, flags, capsys, flag):
        assert cli.main(flags(*flag.split())) == 2
        assert "this feature was removed (docs/experiments.md)" in capsys.readouterr().err

    def test_old_and_removed_flags_are_hidden_from_the_help(self, capsys):
        with pytest.raises(SystemExit, match="0"):
            cli.main(["--help"])
        text = capsys.readouterr().out
        assert "example: galaxy-explorer train --data" in text
        assert "--distill-weight" in text
        for old in ("never", "unscored", "remeasure", "reweigh ", "teaching", "mixup", "label-noise", "head "):
            assert f"--{old}" not in text

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            (["--time-limit", "0"], "the time limit is 0 minutes"),
            (["--model", "resnet"], "invalid choice: 'resnet'"),
            (["--size", "big"], "invalid int value: 'big'"),
            (["--unlabeled-field", "1/0"], "field of view is 1/0; expected more than 0 and at most 1"),
            (["--unlabeled-field", "1.5"], "field of view is 1.5"),
            (["--teacher-views", "0"], "invalid choice: 0"),
        ],
    )
    def test_a_wrong_value_is_an_error(self, flags, capsys, wrong, words):
        with pytest.raises(SystemExit, match="2"):
            cli.main(flags(*wrong))
        assert words in capsys.readouterr().err


def edit_scores(folder, edit):
    """Rewrite the table of full scores in the challenge's layout."""
    table = folder / "training_solutions_rev1.csv"
    table.write_text(edit(table.read_text()))


class TestErrors:
    """What cannot work ends with a message and exit status 2, before any work is done."""

    def test_settings(self, flags, capsys):
        assert cli.main(flags("--warmup", "2")) == 2
        assert capsys.readouterr().err == "train: the recipe's warmup is 2.0; it must lie between 0 and 1\n"

    def test_a_missing_folder(self, tmp_path, capsys):
        assert cli.main(["--data", str(tmp_path / "none"), "--work", str(tmp_path / "run")]) == 2
        assert "none does not exist" in capsys.readouterr().err

    def test_too_few_galaxies(self, flags, capsys):
        assert cli.main(flags("--batch-size", "64")) == 2
        assert "a batch takes 64" in capsys.readouterr().err

    def test_a_run_over_another_run(self, flags, tmp_path, capsys):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "state.pt").touch()
        assert cli.main(flags()) == 2
        assert "already holds a run; add --resume" in capsys.readouterr().err

    def test_the_folder_of_finished_models_as_work_folder(self, flags, capsys):
        assert cli.main(flags(work=WEIGHTS)) == 2
        assert "set another folder for the run with --work" in capsys.readouterr().err

    def test_a_folder_as_the_checkpoint_to_write(self, flags, tmp_path, capsys):
        assert cli.main(flags("--out", tmp_path)) == 2
        assert "is a folder; set the checkpoint to write with --out" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("ids", "words"),
        [("no-such-galaxy\n", "lists 1, challenge has 0"), ("300001\n300002\n", "lists 2, challenge has 2")],
    )
    def test_validation_without_scores(self, flags, tmp_path, capsys, ids, words):
        (tmp_path / "excluded.txt").write_text(ids)
        assert cli.main(flags("--validate", "--exclude-ids", tmp_path / "excluded.txt")) == 2
        assert words in capsys.readouterr().err

    def test_validation_without_a_list_names_the_file_that_is_missing(self, flags, kaggle_folder, capsys):
        (kaggle_folder / "validation.txt").unlink()
        assert cli.main(flags("--validate")) == 2
        assert f"but {kaggle_folder} holds no validation.txt; list ids in a file" in capsys.readouterr().err

    @pytest.mark.parametrize("option", ["", "--exclude-ids"])
    def test_an_empty_list_of_excluded_galaxies(self, flags, kaggle_folder, tmp_path, capsys, option):
        path = tmp_path / "empty.txt" if option else kaggle_folder / "validation.txt"
        path.write_text("\n")
        assert cli.main(flags(*([option, path] if option else []))) == 2
        assert f"{path} is empty: write one id per line" in capsys.readouterr().err

    def test_a_folder_without_a_score_table(self, picture_folder, flags, capsys):
        assert cli.main(flags("--data", picture_folder)) == 2
        message = capsys.readouterr().err
        assert f"{picture_folder} holds no scores.csv with the volunteers' votes" in message
        assert "batch" not in message

    @pytest.mark.parametrize("option", ["--data", "--unlabeled"])
    def test_an_address(self, flags, capsys, option):
        teacher = ["--teacher", "fcn"] if option == "--unlabeled" else []
        assert cli.main(flags(*teacher, option, "s3://bucket/galaxies")) == 2
        assert "s3://bucket/galaxies is an address; download it" in capsys.readouterr().err

    def test_a_table_in_which_every_column_is_misspelt(self, flags, kaggle_folder, capsys):
        edit_scores(kaggle_folder, lambda text: text.replace("Class", "class_"))
        assert cli.main(flags()) == 2
        assert "none of the score columns Class1.1 to Class11.6 is there; found GalaxyID, class_1.1" in (
            capsys.readouterr().err
        )

    @pytest.mark.parametrize("misspelt", [True, False])
    def test_a_table_in_which_no_galaxy_has_all_scores(self, flags, kaggle_folder, tmp_path, capsys, misspelt):
        name = "training_solutions_rev1.csv"
        if misspelt:
            edit_scores(kaggle_folder, lambda text: text.replace("Class1.1", "smooth"))
        else:  # partial scores alone
            (kaggle_folder / name).unlink()
        assert cli.main(flags("--batch-size", "2")) == 2
        message = capsys.readouterr().err
        assert "so the hold-out would be empty" in message
        assert "--hold-out 0" in message
        assert ("Columns of the score table that are not read: 1 (smooth)" in message) == misspelt
        assert ("no galaxy has Class3.1" in message) != misspelt
        assert not (tmp_path / "run" / "state.pt").exists()

    def test_a_work_folder_whose_lock_is_held(self, flags, tmp_path, capsys):
        with work_folder_lock(tmp_path / "run"):
            assert cli.main(flags("--resume")) == 2
        assert "another run uses" in capsys.readouterr().err
        assert not (tmp_path / "cache").exists()

    def test_a_checkpoint_below_a_file(self, flags, tmp_path, capsys):
        (tmp_path / "file").touch()
        assert cli.main(flags("--out", tmp_path / "file" / "model.pt")) == 2
        assert "file" in capsys.readouterr().err
        assert not (tmp_path / "run").exists()

    def test_divergence(self, flags, tmp_path, capsys):
        absurd = ["--learning-rate", "10", "--weight-decay", "100", "--warmup", "0", "--epochs", "60"]
        assert cli.main(flags(*absurd)) == 2
        message = capsys.readouterr().err
        assert re.search(r"train: training diverged: .* became NaN or inf at step \d+", message)
        assert "Lower --learning-rate (now 10)" in message
        state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
        assert all(value.isfinite().all() for value in state["parts"]["network"].values())
        assert not (tmp_path / "run" / "model.pt").exists()


class TestResult:
    def test_of_the_bundled_sample_is_a_checkpoint(self, tmp_path):
        flags = ["--data", "sample", "--work", tmp_path / "run", "--cache", tmp_path / "cache", "--device", "cpu"]
        assert cli.main([str(part) for part in (*flags, *TINY_FLAGS, "--epochs", "1")]) == 0
        assert read_card(tmp_path / "run" / "model.pt").data == "sample"

    def test_is_a_checkpoint_in_half_precision_with_its_card(self, flags, tmp_path, capsys):
        out = tmp_path / "weights" / "fcn.pt"
        out.parent.mkdir()
        (out.parent / "README.md").write_text("# Weights\n")
        given = flags("--epochs", "2", "--out", out, "--validate", "--note", "two")
        assert cli.main(given) == 0
        assert all(value.dtype == torch.float16 for value in weights_in(out).values() if value.is_floating_point())
        model = load(out)
        card = model.card
        assert not model.network.training
        assert (card.model, card.image_size, card.epochs) == ("fcn", 32, 2)
        assert (card.training_galaxies, card.hold_out_galaxies, card.excluded_galaxies) == (9, 2, 3)
        assert card.validation.galaxies == 3
        assert card.command == "python train.py " + " ".join(given)
        messages = capsys.readouterr().err
        assert "9 training galaxies, 2 in the hold-out, 3 excluded" in messages
        assert f"RMSE on 3 validation galaxies: {card.validation.rmse:.4f}" in messages
        assert "two" in (out.parent / "README.md").read_text()

    def test_lists_the_unreadable_pictures(self, flags, kaggle_folder, capsys):
        for galaxy in ("200005", "200001"):  # one to train on, one to validate on
            (kaggle_folder / "images_training_rev1" / f"{galaxy}.jpg").write_bytes(b"\xff\xd8\xff nothing")
        assert cli.main(flags("--epochs", "1", "--validate")) == 1
        messages = capsys.readouterr().err
        for galaxy in ("200005", "200001"):
            assert re.search(f"skipped: galaxy {galaxy}: .*cannot be read", messages)

    def test_comes_with_a_report_of_all_that_is_left_out(self, flags, kaggle_folder, tmp_path, capsys):
        edit_scores(kaggle_folder, lambda text: text.replace("Class1.1", " Class1.1 "))  # spaces do not count
        pictures = kaggle_folder / "images_training_rev1"
        (pictures / "200012.jpg").unlink()
        (pictures / "200011.jpg").rename(pictures / "200011.heic")
        (kaggle_folder / "validation.txt").write_text("200001\n200001.jpg\n")
        assert cli.main(flags("--epochs", "1", "--hold-out", "800", "--batch-size", "2")) == 0
        messages = capsys.readouterr().err
        assert "left out, scores without a picture: 2; pictures without scores: 3" in messages
        assert "Files that are not pictures by their names: 1 (.heic: 1)" in messages
        assert "1 of the 2 ids in" in messages
        assert "2 training galaxies, 9 in the hold-out, 1 excluded" in messages
        assert "the hold-out has 9 galaxies, not the 800 of --hold-out: no more have all 37 scores" in messages
        assert "not read" not in messages

    def test_without_a_hold_out_on_request_is_a_checkpoint_without_intervals(self, flags, kaggle_folder, tmp_path):
        (kaggle_folder / "training_solutions_rev1.csv").unlink()
        assert cli.main(flags("--epochs", "1", "--hold-out", "0", "--batch-size", "2")) == 0
        assert read_card(tmp_path / "run" / "model.pt").interval_models == {}

    def test_is_written_at_the_time_limit(self, flags, tmp_path, monkeypatch):
        monkeypatch.setattr(cli, "Run", partial(Run, now=FakeClock(1.0)))
        assert cli.main(flags("--epochs", "100000", "--time-limit", "1")) == 0
        card = read_card(tmp_path / "run" / "model.pt")
        assert 1 <= card.epochs < 60
        assert card.minutes == pytest.approx(1, abs=0.1)
        assert cli.main(flags("--epochs", "100000", "--time-limit", "1", "--resume")) == 0
        assert read_card(tmp_path / "run" / "model.pt").epochs == card.epochs


# Kills itself after the third epoch's run checkpoint, before the epoch's line in the log.
KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from galaxy_explorer.training import cli, run

append_log = run.append_log

def append_or_die(work, line):
    if line["epoch"] == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    append_log(work, line)

run.append_log = append_or_die
sys.exit(cli.main(sys.argv[1:]))
"""


def test_a_killed_run_resumes_and_ends_like_an_uninterrupted_one(flags, tmp_path, capsys):
    whole, cut = (flags("--epochs", "6", work=work) for work in ("whole", "cut"))
    assert cli.main(whole) == 0
    (tmp_path / "killed.py").write_text(KILLED.format(root=str(ROOT)))
    killed = subprocess.run([sys.executable, tmp_path / "killed.py", *cut], capture_output=True, timeout=TIMEOUT_S)
    assert killed.returncode == -signal.SIGKILL
    log = tmp_path / "cut" / "log.jsonl"
    assert log.read_text().count("\n") == 2
    assert not (tmp_path / "cut" / "model.pt").exists()
    assert torch.load(tmp_path / "cut" / "state.pt", weights_only=True)["progress"]["epoch"] == 3
    assert cli.main([*cut, "--resume"]) == 0
    assert "resuming after epoch 3" in capsys.readouterr().err
    assert [json.loads(line)["epoch"] for line in log.read_text().splitlines()] == list(range(1, 7))
    expected = weights_in(tmp_path / "whole" / "model.pt")
    for name, value in weights_in(tmp_path / "cut" / "model.pt").items():
        torch.testing.assert_close(value, expected[name], atol=1e-6, rtol=0)


# Runs train.py, and sends itself the signal of a batch system after an epoch.
TERMINATED = """
import os, runpy, signal, sys
sys.path.insert(0, {root!r})
from galaxy_explorer.training import run

append_log = run.append_log

def append_and_terminate(work, line):
    append_log(work, line)
    os.kill(os.getpid(), signal.SIGTERM)

run.append_log = append_and_terminate
runpy.run_path({root!r} + "/train.py", run_name="__main__")
"""


def test_the_signal_of_a_batch_system_ends_a_run_with_advice_and_the_next_removes_leftovers(flags, tmp_path):
    script = tmp_path / "terminated.py"
    script.write_text(TERMINATED.format(root=str(ROOT)))
    command = [sys.executable, script, *flags("--epochs", "2")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert ended.returncode == 130, ended.stderr
    assert "train: interrupted; --resume continues" in ended.stderr
    (tmp_path / "run" / ".state.pt.19315.140570993830784").touch()  # as of a killed run
    (tmp_path / "run" / ".model.pt.19315.140570993830784").touch()
    assert cli.main(flags("--epochs", "2", "--resume")) == 0
    assert not list((tmp_path / "run").glob(".*.pt.*"))


class TestResuming:
    def test_with_other_pictures_is_an_error(self, flags, kaggle_folder, capsys):
        assert cli.main(flags("--epochs", "1")) == 0
        for path in (kaggle_folder / "images_training_rev1").iterdir():
            ImageOps.invert(Image.open(path)).save(path)
        assert cli.main(flags("--epochs", "1", "--resume")) == 2
        assert "their scores or pictures have changed" in capsys.readouterr().err

    def test_with_other_initial_weights_is_an_error(self, flags, tmp_path, capsys):
        assert cli.main(flags("--epochs", "1", work="first")) == 0
        started = flags("--epochs", "1", "--start-from", tmp_path / "first" / "model.pt")
        assert cli.main(started) == 0
        assert cli.main(flags("--epochs", "1", "--resume")) == 2
        assert re.search(r"other settings \(start .*model\.pt there, random weights here\)", capsys.readouterr().err)
        assert cli.main([*started, "--resume"]) == 0


class TestPicturesLostDuringTheRun:
    """Pictures that could be read for the training, and not for the evaluation after it."""

    @pytest.fixture
    def lose(self, monkeypatch, kaggle_folder):
        """A function that deletes pictures as soon as a training has ended."""

        def after_the_fit(*lost):
            def fit(run):
                progress = original(run)
                for galaxy in lost:
                    (kaggle_folder / "images_training_rev1" / f"{galaxy}.jpg").unlink()
                return progress

            original = cli.fit
            monkeypatch.setattr(cli, "fit", fit)

        return after_the_fit

    def hold_out(self, flags, tmp_path):
        """Return the ids of the hold-out."""
        assert cli.main(flags("--epochs", "1", work="before")) == 0
        options = cli.read_flags(flags())
        catalogue, recipe = open_catalogue(options.data), cli.recipe_of(options)
        return build_training_set(catalogue, recipe, tmp_path / "cache", excluded_ids=VALIDATION).hold_out_ids

    def test_one_of_the_hold_out_is_skipped(self, flags, tmp_path, capsys, lose):
        first, *others = self.hold_out(flags, tmp_path)
        lose(first)
        assert cli.main(flags("--epochs", "1")) == 1
        assert f"skipped: galaxy {first}: " in capsys.readouterr().err
        card = read_card(tmp_path / "run" / "model.pt")
        assert card.hold_out.galaxies == len(others) > 0

    def test_without_any_of_the_hold_out_the_card_lacks_its_figures(self, flags, tmp_path, lose):
        lose(*self.hold_out(flags, tmp_path))
        assert cli.main(flags("--epochs", "1")) == 1
        assert read_card(tmp_path / "run" / "model.pt").hold_out is None

    def test_without_any_validation_galaxy_the_card_keeps_the_figures_of_the_hold_out(self, flags, tmp_path, lose):
        lose(*VALIDATION)
        assert cli.main(flags("--epochs", "1", "--validate")) == 1
        card = read_card(tmp_path / "run" / "model.pt")
        assert card.hold_out is not None
        assert card.validation is None


def test_a_machine_with_few_libraries_is_enough(flags, tmp_path):
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
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    for setting in fields(Recipe):
        assert "--" + setting.name.replace("_", "-") in done.stdout
    assert read_card(tmp_path / "run" / "model.pt").validation.galaxies == 3
