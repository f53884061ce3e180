"""Processes of a distributed ``predict``, as torchrun starts them."""

import argparse
import json
import os
import signal
import subprocess
import sys
from functools import partial

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_prediction import folder_with_two_damaged
from tiny_training import ROOT, TIMEOUT_S

from galaxy_explorer.cli import main
from galaxy_explorer.commands import console
from galaxy_explorer.prediction import SINGLE_PROCESS, DistributedError, Rank, init_distributed, read_fractions, stream

# One process of two: predicts a table, then another one, during which rank 1 is killed at its second batch, after rank
# 0 has finished its share.
ONE_OF_TWO = """
import contextlib, json, os, pathlib, signal, sys, time
import pandas as pd
sys.path.insert(0, {root!r})
from galaxy_explorer.cli import main
from galaxy_explorer.commands import predict
from galaxy_explorer.prediction import catalogues, stream

whole, broken = json.loads(sys.argv[1])
predicted, calls = stream.predict_inputs, []

def killed(*given):
    calls.append(given)
    if os.environ["RANK"] == "1" and len(calls) == 2:
        parts = pathlib.Path({output!r} + ".partial")
        while sum(len(pd.read_parquet(path)) for path in parts.glob("*.parquet")) < 5 + 2:
            time.sleep(0.1)  # torchrun ends the other process as soon as this one is dead
        os.kill(os.getpid(), signal.SIGKILL)
    return predicted(*given)

with predict.init_distributed() as own_rank:  # a process group can be made once
    predict.init_distributed = lambda: contextlib.nullcontext(own_rank)
    pathlib.Path({output!r} + ".status-" + os.environ["RANK"]).write_text(str(main(whole)))
    catalogues.CHUNK_SECONDS = 0.0
    stream.predict_inputs = killed
    sys.exit(main(broken))
"""
GOOD = [f"{n:04}" for n in range(11) if n not in (3, 8)]


@pytest.fixture(scope="module")
def arguments(checkpoint):
    """A function that returns the arguments of ``predict`` with the tiny network."""

    def arguments(folder, output, *more):
        options = ("--weights", checkpoint, "--views", 2, "--batch-size", 2, "--device", "cpu", *more)
        return [str(word) for word in ("predict", folder, "--output", output, *options)]

    return arguments


@pytest.fixture
def two_processes(monkeypatch):
    """Simulate a run of two processes, in which the other one always agrees."""

    def gathered(numbers, own):
        for number in numbers:
            number.copy_(own)

    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda *_, **__: None)
    monkeypatch.setattr(torch.distributed, "destroy_process_group", lambda: None)
    monkeypatch.setattr(torch.distributed, "all_gather", gathered)


@pytest.fixture(scope="module")
def of_two(arguments, pictures, tmp_path_factory):
    """Two commands in the two processes of one torchrun: one to its end, and one of which a process dies."""
    where = tmp_path_factory.mktemp("two")
    folder, output = folder_with_two_damaged(where, pictures), where / "broken.csv"
    script = where / "one_of_two.py"
    script.write_text(ONE_OF_TWO.format(root=str(ROOT), output=str(output)))
    given = json.dumps([arguments(folder, where / "whole.parquet"), arguments(folder, output)])
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", script, given]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=ROOT, env=environment)
    return done, folder, where


def test_two_processes_write_one_table_with_every_galaxy_once(arguments, of_two, tmp_path):
    done, folder, where = of_two
    output, alone = where / "whole.parquet", tmp_path / "alone.parquet"
    statuses = [(where / f"broken.csv.status-{rank}").read_text() for rank in (0, 1)]
    assert statuses[0] == "1", done.stderr  # two pictures are damaged
    assert main(arguments(folder, alone)) == 1
    assert read_fractions(output).index.tolist() == GOOD
    pd.testing.assert_frame_equal(read_fractions(output), read_fractions(alone), atol=1e-6)
    failed = [pd.read_csv(f"{path}.failed.csv", dtype=str) for path in (output, alone)]
    pd.testing.assert_frame_equal(*failed)
    assert done.stdout.count("9 of 11 galaxies are in") == 1
    assert done.stderr.count("galaxy 0003 failed") == 1
    assert not (where / "whole.parquet.partial").exists()


def test_when_a_process_dies_the_other_reports_it_and_resume_completes(arguments, of_two, monkeypatch, capsys):
    done, folder, where = of_two
    output = where / "broken.csv"
    assert done.returncode != 0
    assert "run the same command with --resume" in done.stderr
    assert not output.exists()
    kept = sum(len(pd.read_parquet(path)) for path in (where / "broken.csv.partial").glob("*.parquet"))
    assert kept == 5 + 2  # the first process's share, and the second one's first batch
    seen = []
    predicted = stream.predict_inputs
    monkeypatch.setattr(stream, "predict_inputs", lambda *given: seen.append(len(given[1])) or predicted(*given))
    assert main(arguments(folder, output)) == 2
    assert "add --resume" in capsys.readouterr().err
    assert main(arguments(folder, output, "--resume")) == 1
    assert sum(seen) == 9 - 6
    assert sorted(read_fractions(output).index) == GOOD


@given(items=st.lists(st.integers()), world=st.integers(1, 12))
def test_the_shares_of_all_processes_are_the_whole(items, world):
    shares = [Rank(rank, world).share(items) for rank in range(world)]
    assert [item for share in shares for item in share] == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_process_that_is_told_to_end_saves_what_is_done(
    arguments, folder, tmp_path, monkeypatch, capsys, two_processes
):
    before = signal.getsignal(signal.SIGTERM)
    predicted, calls = stream.predict_inputs, []

    def told(*given):
        calls.append(given)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return predicted(*given)

    monkeypatch.setattr(stream, "predict_inputs", told)
    assert main(arguments(folder, tmp_path / "scores.csv")) == 130
    assert "interrupted; run the same command with --resume" in capsys.readouterr().err
    (chunk,) = (tmp_path / "scores.csv.partial").iterdir()
    assert pd.read_parquet(chunk)["GalaxyID"].tolist() == ["0000", "0001"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_processes_that_found_different_galaxies_are_refused(
    arguments, folder, tmp_path, monkeypatch, capsys, two_processes
):
    def others_differ(numbers, own):
        for number, theirs in zip(numbers, (own, own + (own > 1)), strict=True):
            number.copy_(theirs)

    monkeypatch.setattr(torch.distributed, "all_gather", others_differ)
    assert main(arguments(folder, tmp_path / "scores.csv")) == 2
    assert "all machines must see the same images" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["galaxies"]


def test_a_process_learns_that_another_failed_and_reports_its_own_reason_first(two_processes, monkeypatch):
    monkeypatch.setattr(torch.distributed, "all_gather", lambda numbers, own: numbers[0].copy_(1 - own))
    with pytest.raises(DistributedError, match="another process of this run failed"), Rank(0, 2).barrier():
        pass
    with pytest.raises(OSError, match="full"), Rank(0, 2).barrier():
        raise OSError("full")


def test_a_process_without_torchrun_is_alone():
    with init_distributed() as process:
        assert process == SINGLE_PROCESS
        assert process.is_rank_0


def test_several_processes_that_cannot_connect_are_told_how_to_start(monkeypatch):
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(DistributedError, match=r"process 1 of 2.*start them with torchrun"), init_distributed():
        pass


def test_each_process_takes_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(console, "load", lambda weights, device: device)
    chosen = partial(console.load_model, argparse.Namespace(weights="fcn", device=None))
    assert chosen() == "cuda"
    assert chosen(Rank(rank=5, world_size=8, local_rank=1, local_world_size=4)) == "cuda:1"
    with pytest.raises(ValueError, match=r"process 3 of this machine found 2 CUDA devices.*--device cpu"):
        chosen(Rank(rank=2, world_size=8, local_rank=2, local_world_size=4))
