"""Checkpoints are written atomically: a failure leaves the old file and nothing else."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_prediction import tiny_card, tiny_model, tiny_network

from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import read_card, save, torch_save_atomic


class Unwritable:
    """Fails half-way through being written."""

    def __reduce__(self) -> tuple[Any, ...]:
        raise OSError("the disk is full")


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    save(path, tiny_model())
    before = path.read_bytes()
    with pytest.raises(OSError, match="the disk is full"):
        torch_save_atomic({"weights": {"a": torch.zeros(1000)}, "card": Unwritable()}, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="no limit can be set there")
def test_a_full_disk_is_an_error_and_leaves_the_old_file(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "net.pt"
    save(path, tiny_model())
    before = path.read_bytes()
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, allowed[1]))
    try:
        with pytest.raises(OSError, match=r"net\.pt cannot be written \(.*\); free some space"):
            save(path, tiny_model())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_replaces_the_old(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    for epochs in (1, 2):
        save(path, Model(tiny_network(), tiny_card(epochs=epochs)))
    assert read_card(path).epochs == 2
    assert list(tmp_path.iterdir()) == [path]
