"""Training runs: learning, log, time limit, divergence, resuming."""

import io
import json
import math
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import CPU, TINY, TINY_DENSENET, FakeClock, weights_of, without_hold_out

from galaxy_explorer.evaluation.metrics import score
from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import load, save
from galaxy_explorer.training import Run, TrainingError, fit
from galaxy_explorer.training import run as run_module
from galaxy_explorer.training.data.augmentation import crop_centre
from galaxy_explorer.training.model_card.card import make_card

pytestmark = pytest.mark.usefixtures("one_thread")


class TestFit:
    @pytest.mark.parametrize("recipe", [TINY, TINY_DENSENET], ids=["fcn", "densenet"])
    def test_a_network_learns_from_the_pictures(self, galaxies, random_fractions, tmp_path, recipe):
        kind = np.arange(12) % 2
        galaxies.pictures[kind == 1] //= 3  # the dark ones have other votes
        two = random_fractions(2, seed=3).astype(np.float32)
        run = Run(
            replace(recipe, epochs=25, drop_rate=0.0, learning_rate=0.03),
            replace(galaxies, volunteer_fractions=two[kind]),
            CPU,
            tmp_path,
        )
        of_the_mean = score(np.tile(two.mean(axis=0), (2, 1)), two).rmse
        assert fit(run, quiet=True).best_rmse < 0.7 * of_the_mean

    def test_a_seed_fixes_it(self, trained):
        first, again, other = (
            trained(replace(TINY, seed=seed), folder) for folder, seed in (("a", 1), ("b", 1), ("c", 2))
        )
        assert torch.equal(weights_of(first), weights_of(again))
        assert not torch.equal(weights_of(first), weights_of(other))

    def test_each_epoch_logs_one_line_of_json(self, galaxies, tmp_path, capsys):
        progress = fit(Run(TINY, galaxies, CPU, tmp_path / "run"))
        printed = capsys.readouterr()
        lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
        assert lines == progress.history == [json.loads(line) for line in printed.out.splitlines()]
        assert [line["epoch"] for line in lines] == [1, 2, 3]
        for line in lines:
            assert line["rmse"] == pytest.approx(math.sqrt(line["loss"]), abs=1e-4)
            assert 0 < line["hold_out_rmse"] < 1
            assert line["images_per_second"] > 0
            assert line["complete"]

    def test_a_log_file_gets_no_line_of_a_run_of_less_than_a_minute(self, galaxies, tmp_path, capsys):
        fit(Run(TINY, galaxies, CPU, tmp_path))
        captured = capsys.readouterr()
        assert captured.err == ""
        assert captured.out.count("\n") == 3  # a line of JSON per epoch

    def test_a_log_file_gets_lines_with_count_rate_time_left_and_loss(self, galaxies, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr("galaxy_explorer.progress.LOG_SECONDS", 0.0)
        fit(Run(TINY, galaxies, CPU, tmp_path))
        lines = capsys.readouterr().err.splitlines()
        pattern = r"(epoch [123]/3: )?\d+ of 27 images, +[\d.?]+ ?images/s, [\d:?]+ left(, loss=0\.\d+, rmse=0\.\d+)?"
        assert all(re.fullmatch(pattern, line) for line in lines)
        assert "rmse" in lines[-1]

    def test_the_progress_bar_shows_loss_and_rmse(self, galaxies, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        fit(Run(TINY, galaxies, CPU, tmp_path))
        shown = capsys.readouterr().err.splitlines()[-1].rpartition("\r")[2]
        assert re.search(r"epoch 3/3: 100%.* 27/27 \[.* loss=0\.\d+, rmse=0\.\d+\]", shown)

    def test_the_best_epoch_is_chosen_by_the_hold_out(self, galaxies, tmp_path, monkeypatch):
        run = Run(replace(TINY, epochs=4), galaxies, CPU, tmp_path)
        measured, averages = iter([0.3, 0.1, 0.2, 0.1]), []

        def evaluate():
            averages.append({name: value.clone() for name, value in run.average.module.state_dict().items()})
            return next(measured)

        monkeypatch.setattr(run, "evaluate", evaluate)
        progress = fit(run, quiet=True)
        assert (progress.best_epoch, progress.best_rmse) == (2, 0.1)
        assert all(torch.equal(value, averages[1][name]) for name, value in run.best.items())
        assert not torch.equal(run.best["to_answers.weight"], averages[3]["to_answers.weight"])

    def test_the_hold_out_is_evaluated_with_the_averaged_weights_without_tta(self, trained, galaxies):
        run = trained()
        with torch.no_grad():
            inputs = (crop_centre(torch.from_numpy(galaxies.pictures[9:]), 32) - 0.2) / 0.2
            predicted = run.average.module.eval()(inputs).numpy()
        expected = score(predicted, galaxies.volunteer_fractions[9:]).rmse
        assert run.evaluate() == pytest.approx(expected, abs=1e-5)
        assert run.progress.history[-1]["hold_out_rmse"] == pytest.approx(expected, abs=1e-5)

    def test_without_a_hold_out_the_last_epoch_counts(self, galaxies, tmp_path):
        run = Run(TINY, without_hold_out(galaxies), CPU, tmp_path)
        fit(run, quiet=True)
        assert run.progress.best_epoch == 3
        assert run.progress.history[-1]["hold_out_rmse"] is None
        average = run.average.module.state_dict()
        assert all(torch.equal(value, average[name]) for name, value in run.best.items())

    def test_unknown_scores_do_no_harm(self, trained, galaxies):
        galaxies.volunteer_fractions[:8, 7:] = np.nan
        run = trained()
        assert weights_of(run).isfinite().all()
        assert run.progress.history[-1]["loss"] < 0.5

    def test_a_last_batch_of_one_is_skipped(self, trained):
        assert trained(replace(TINY, epochs=2)).progress.step == 2 * 2  # nine galaxies, four at a time

    def test_in_bf16_the_weights_stay_float32(self, trained):
        run = trained(replace(TINY, precision="bf16"))
        assert all(value.dtype == torch.float32 for value in run.network.parameters())
        assert run.network.features_net[0].conv.weight.is_contiguous(memory_format=torch.channels_last)
        assert run.autocast().fast_dtype == torch.bfloat16
        assert not torch.equal(weights_of(run), weights_of(trained(folder="whole")))
        assert run.progress.history[-1]["loss"] < run.progress.history[0]["loss"] < 0.5

    def test_the_best_network_is_rounded_to_half_precision(self, trained, tmp_path):
        run = trained()
        network = run.best_network()
        save(tmp_path / "model.pt", Model(network, make_card(run, data="drawn", command="train.py")))
        read = load(tmp_path / "model.pt").network.state_dict()
        assert all(torch.equal(value, read[name]) for name, value in network.state_dict().items())


class TestTimeLimit:
    """One minute of a clock that advances by a fixed step at each reading."""

    def test_ends_the_run_within_the_epoch_and_keeps_its_weights(self, trained):
        run = trained(replace(TINY, epochs=1000), minutes=1.0, now=FakeClock(61.0))
        assert run.progress.epoch == len(run.progress.history) == 1
        assert not run.progress.history[0]["complete"]
        assert run.progress.best_epoch == 1
        assert run.progress.step == 1

    def test_the_learning_rate_is_down_by_then(self, galaxies, tmp_path, monkeypatch):
        monkeypatch.setattr(run_module, "SYNC_STEPS", 1)
        run = Run(replace(TINY, epochs=100_000), galaxies, CPU, tmp_path, minutes=1.0, now=FakeClock(1.0))
        rates = []
        step = run._step
        monkeypatch.setattr(
            run, "_step", lambda *given: (step(*given), rates.append(run.optimiser.param_groups[0]["lr"]))[0]
        )
        fit(run, quiet=True)
        assert 5 < len(rates) < 60
        assert max(rates) > 0.9 * TINY.learning_rate
        assert rates[-1] < 0.1 * TINY.learning_rate

    def test_includes_the_time_before_a_resumption(self, trained):
        steps = trained(replace(TINY, epochs=50), minutes=1.0, now=FakeClock(61.0)).progress.step
        again = trained(replace(TINY, epochs=50), minutes=1.0, now=FakeClock(61.0), resume=True)
        assert again.progress.step == steps


class TestDivergence:
    """A diverged run stops with an error, and never writes NaN or inf."""

    def test_a_nan_loss_stops_the_run(self, galaxies, tmp_path):
        with pytest.raises(TrainingError, match=r"diverged: the loss .* step 1 .*Lower --learning-rate"):
            fit(Run(TINY, replace(galaxies, std=[0.0] * 3), CPU, tmp_path), quiet=True)
        assert not (tmp_path / "state.pt").exists()

    @pytest.mark.parametrize("what", ["the loss", "the gradient", "a weight"])
    def test_the_run_checkpoint_stays_that_of_the_last_good_epoch(self, galaxies, tmp_path, monkeypatch, what):
        run = Run(TINY, without_hold_out(galaxies), CPU, tmp_path)
        diverge_at_the_end_of_epoch_2(run, what, monkeypatch)
        with pytest.raises(TrainingError, match=f"diverged: {what} became NaN or inf at step 4 \\(epoch 2\\)"):
            fit(run, quiet=True)
        state = torch.load(tmp_path / "state.pt", weights_only=True)
        assert state["progress"]["epoch"] == 1
        assert all(value.isfinite().all() for part in ("network", "average") for value in state["parts"][part].values())


def diverge_at_the_end_of_epoch_2(run, what, monkeypatch):
    """Make the loss, the gradient or a weight of a run's fourth step NaN or inf."""
    loss, update, weight = run_module.LOSSES["squared"], run.average.update, run.parameters[0]

    def factor(bad):
        return bad if run.progress.step == 3 else 1.0

    if what == "the loss":
        monkeypatch.setitem(run_module.LOSSES, "squared", lambda *given: loss(*given) * factor(math.nan))
    elif what == "the gradient":
        weight.register_hook(lambda gradient: gradient * factor(math.inf))
    else:
        monkeypatch.setattr(run.average, "update", lambda: (update(), weight.data.mul_(factor(math.inf))))


class TestResume:
    @pytest.mark.parametrize("recipe", [TINY, TINY_DENSENET], ids=["fcn", "densenet"])
    def test_an_interrupted_run_ends_like_an_uninterrupted_one(self, trained, galaxies, tmp_path, monkeypatch, recipe):
        whole = trained(recipe, "whole")
        run = Run(recipe, galaxies, CPU, tmp_path / "cut")
        epochs = iter([run.train_epoch, lambda bar: (_ for _ in ()).throw(KeyboardInterrupt)])
        monkeypatch.setattr(run, "train_epoch", lambda bar: next(epochs)(bar))
        with pytest.raises(KeyboardInterrupt):
            fit(run, quiet=True)
        again = trained(recipe, "cut", resume=True)
        assert torch.equal(weights_of(again), weights_of(whole))
        assert all(torch.equal(value, whole.best[name]) for name, value in again.best.items())
        assert [line["loss"] for line in again.progress.history] == [line["loss"] for line in whole.progress.history]

    def test_the_log_agrees_with_the_run_checkpoint_after_a_kill_between_the_two(self, trained, tmp_path):
        trained()
        log = tmp_path / "run" / "log.jsonl"
        lines = log.read_text()
        log.write_text(lines.rpartition('{"epoch": 3')[0])  # the run checkpoint was written, its line was not
        trained(resume=True)
        assert log.read_text() == lines

    def test_the_best_epoch_survives_a_resumption(self, galaxies, tmp_path, monkeypatch):
        run = Run(TINY, galaxies, CPU, tmp_path)
        measured = iter([0.1, 0.2, 0.3])
        monkeypatch.setattr(run, "evaluate", lambda: next(measured))
        fit(run, quiet=True)
        again = Run(TINY, galaxies, CPU, tmp_path)
        assert again.resume()
        assert again.progress == run.progress
        assert all(torch.equal(value, run.best[name]) for name, value in again.best.items())

    def test_a_run_without_a_run_checkpoint_starts(self, galaxies, tmp_path):
        run = Run(TINY, galaxies, CPU, tmp_path)
        assert not run.resume()
        assert run.progress.epoch == 0

    def test_other_settings_are_rejected(self, trained, galaxies):
        work = trained().work
        run = Run(replace(TINY, learning_rate=0.5), galaxies, CPU, work)
        with pytest.raises(TrainingError, match=r"other settings \(learning_rate 0.01 there, 0.5 here\)"):
            run.resume()

    def test_settings_of_the_other_network_may_differ(self, trained, galaxies):
        work = trained().work
        assert Run(replace(TINY, growth_rate=7, stem_stride=4), galaxies, CPU, work).resume()

    @pytest.mark.parametrize("changed", ["rows", "scores"])
    def test_other_galaxies_are_rejected(self, trained, galaxies, changed):
        work = trained().work
        scores = galaxies.volunteer_fractions.copy()
        scores[0] = scores[1]
        other = {
            "rows": replace(galaxies, training_rows=np.arange(1, 10), hold_out_rows=np.array([0, 10, 11])),
            "scores": replace(galaxies, volunteer_fractions=scores),
        }
        with pytest.raises(TrainingError, match="on other galaxies"):
            Run(TINY, other[changed], CPU, work).resume()

    @pytest.mark.parametrize("content", [b"", b"no state", "a state without its parts"])
    def test_a_damaged_run_checkpoint_is_an_error(self, galaxies, tmp_path, content):
        if isinstance(content, str):
            file = io.BytesIO()
            torch.save({"recipe": {}}, file)
            content = file.getvalue()
        (tmp_path / "state.pt").write_bytes(content)
        with pytest.raises(TrainingError, match=r"state\.pt cannot be read as a run checkpoint"):
            Run(TINY, galaxies, CPU, tmp_path).resume()

    def test_a_run_checkpoint_of_an_earlier_version_is_resumed(self, trained, galaxies):
        run = trained()
        state = torch.load(run.work / "state.pt", weights_only=True)
        recipe = state["recipe"]
        del state["galaxies"], recipe["flips"], recipe["reweight"], recipe["distill_weight"]
        recipe |= {"reweigh": False, "teaching": 0.0, "mixup": 0.0, "label_noise": 0.0, "head": "tree"}
        torch.save(state, run.work / "state.pt")
        again = Run(TINY, galaxies, CPU, run.work)
        assert again.resume()
        assert torch.equal(weights_of(again), weights_of(run))

    def test_a_run_checkpoint_with_a_removed_feature_is_rejected(self, trained, galaxies):
        run = trained()
        state = torch.load(run.work / "state.pt", weights_only=True)
        state["recipe"]["mixup"] = 0.3
        torch.save(state, run.work / "state.pt")
        with pytest.raises(ValueError, match=r"mixup is 0\.3, but this feature was removed"):
            Run(TINY, galaxies, CPU, run.work).resume()
