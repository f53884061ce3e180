"""Training in several processes, as torchrun starts them."""

import json
import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import torch
import torch.distributed.run
from tiny_training import ROOT, TIMEOUT_S, TINY_FLAGS

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models.checkpoints import read_card
from galaxy_explorer.training import cli

# One process of several: trains with some command lines, saves the weights of each process, and makes the loss of
# rank 1 diverge in one of the runs.
ONE_OF_SEVERAL = """
import contextlib, json, os, sys
sys.path.insert(0, {root!r})
import torch
from galaxy_explorer.training import cli, run
from galaxy_explorer.training.data import decoded_images

rank, folder = os.environ["RANK"], {folder!r}
decode, fit, loss = decoded_images.central_field, cli.fit, run.LOSSES["squared"]

def decode_and_note(*given, **named):
    open(f"{{folder}}/decoded-by-{{rank}}", "w").close()
    return decode(*given, **named)

def fit_and_save(run):
    progress = fit(run)
    torch.save(dict(run.network.named_parameters()), f"{{folder}}/{{run.work.name}}-{{rank}}.pt")
    return progress

def diverging(*given):
    return loss(*given) * (float("nan") if rank == "1" else 1.0)

decoded_images.central_field, cli.fit = decode_and_note, fit_and_save
with cli.init_distributed("cpu") as own_rank:  # a process group can be made once
    cli.init_distributed = lambda _: contextlib.nullcontext(own_rank)
    for name, arguments in json.loads(sys.argv[1]).items():
        if name == "diverged":
            run.LOSSES["squared"] = diverging
        status = cli.main(arguments)
        open(f"{{folder}}/{{name}}-{{rank}}.status", "w").write(str(status))
"""


@pytest.fixture(scope="module")
def several(tmp_path_factory, sample):
    """Three runs in two processes of one torchrun: finished, at its time limit, diverged."""
    folder = tmp_path_factory.mktemp("several")
    data = folder / "data"
    data.mkdir()
    voted = sample.table[sample.table[COLUMNS[0]].notna()]
    rows = pd.concat([voted] * 2).iloc[:11]
    rows.index = pd.Index([str(number) for number in range(11)], name="GalaxyID")
    rows[list(COLUMNS)].to_csv(data / "scores.csv")
    for galaxy, name in rows["picture"].items():
        shutil.copyfile(sample.root / name, data / f"{galaxy}.jpg")
    common = ["--data", data, "--cache", folder / "cache", *TINY_FLAGS, "--device", "cpu", "--work"]
    runs = {
        # Nine galaxies to train on: four for each process, in a batch of three and one of one.
        "uneven": [*common, folder / "uneven", "--epochs", "3", "--batch-size", "6"],
        "limited": [*common, folder / "limited", "--epochs", "100000", "--time-limit", "0.02"],
        "diverged": [*common, folder / "diverged", "--epochs", "3"],
    }
    script = folder / "one_of_several.py"
    script.write_text(ONE_OF_SEVERAL.format(root=str(ROOT), folder=str(folder)))
    given = json.dumps({name: [str(argument) for argument in arguments] for name, arguments in runs.items()})
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", script, given]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    (folder / "stdout").write_text(done.stdout)
    (folder / "stderr").write_text(done.stderr)
    return folder


class TestSeveralProcesses:
    """Under torchrun, on the CPU."""

    @pytest.mark.parametrize("name", ["uneven", "limited"])
    def test_end_together_with_the_same_weights(self, several, name):
        assert [(several / f"{name}-{rank}.status").read_text() for rank in (0, 1)] == ["0", "0"]
        ours, theirs = (torch.load(several / f"{name}-{rank}.pt", weights_only=True) for rank in (0, 1))
        assert ours
        assert all(torch.equal(value, theirs[part]) for part, value in ours.items())

    def test_write_one_file_and_one_log(self, several):
        card = read_card(several / "uneven" / "model.pt")
        assert card.epochs == 3
        assert card.command.startswith("torchrun --nproc-per-node 2 train.py --data ")
        log = (several / "uneven" / "log.jsonl").read_text()
        assert [json.loads(line)["epoch"] for line in log.splitlines()] == [1, 2, 3]
        assert (several / "stdout").read_text().startswith(log)  # printed once

    def test_decode_in_rank_0_alone(self, several):
        assert (several / "decoded-by-0").exists()
        assert not (several / "decoded-by-1").exists()

    def test_end_at_the_time_limit(self, several):
        assert 1 <= read_card(several / "limited" / "model.pt").epochs < 5000

    def test_stop_together_if_one_diverges(self, several):
        assert [(several / f"diverged-{rank}.status").read_text() for rank in (0, 1)] == ["2", "2"]
        assert (several / "stderr").read_text().count("train: training diverged: the loss") == 2
        assert not (several / "diverged" / "state.pt").exists()


def test_no_flag_is_an_abbreviation_of_one_of_torchrun(capsys):
    # torchrun reads abbreviations of its options even after the script's name.
    with pytest.raises(SystemExit):
        cli.read_flags(["--help"])
    flags = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    assert "--resume" in flags
    parser = torch.distributed.run.get_args_parser()
    for flag in flags - {"--help"}:
        assert parser.parse_args(["train.py", flag, "1"]).training_script_args == [flag, "1"], flag


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_missing_gpu_is_an_error_with_the_remedy(tmp_path, capsys):
    assert cli.main(["--data", str(tmp_path), "--device", "cuda"]) == 2
    assert "--device cpu" in capsys.readouterr().err
