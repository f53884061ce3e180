"""Tests of `galaxy_explorer.storage`: the cache, atomic writes and locks."""

import os
import subprocess
import sys
import time

import pytest

from galaxy_explorer.storage import LRUFolder, atomic_path, try_lock, write_atomic

# Holds a lock until it is killed.
HOLDER = """
import sys, time
from pathlib import Path
from galaxy_explorer.storage import try_lock
with try_lock(Path(sys.argv[1])) as held:
    print(held, flush=True)
    time.sleep(600)
"""


def test_one_at_a_time_holds_a_lock_and_leaves_no_file(tmp_path):
    path = tmp_path / "lock"
    with try_lock(path) as first, try_lock(path) as second:
        assert (first, second) == (True, False)
    assert not path.exists()
    with try_lock(path) as again:
        assert again


def test_a_killed_process_leaves_no_lock_behind(tmp_path):
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout.readline() == "True\n"
            with try_lock(path) as held:
                assert not held
        finally:
            holder.kill()
    assert path.exists()
    with try_lock(path) as held:
        assert held


def test_a_lock_in_a_folder_that_cannot_be_written_raises(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError), try_lock(tmp_path / "file" / "lock"):
        pass


def test_an_atomic_write_makes_the_folder_and_leaves_no_temporary_file(tmp_path):
    write_atomic(tmp_path / "new" / "file", b"content")
    assert [path.read_bytes() for path in (tmp_path / "new").iterdir()] == [b"content"]


def test_a_failed_atomic_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half():
        with atomic_path(path) as temporary:
            temporary.write_bytes(b"ne")
            raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        write_half()
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("file", b"old")]


@pytest.fixture
def aged(tmp_path):
    """Six files of 100 bytes; file N was used N × 1000 seconds ago."""
    for number in range(6):
        path = tmp_path / str(number)
        path.write_bytes(bytes(100))
        os.utime(path, (time.time() - 1000 * number,) * 2)
    return tmp_path


@pytest.mark.parametrize(
    ("bounds", "left"),
    [((50, 400, 2500), ["0", "1", "2"]), ((50, 200, 9999), ["0", "1"]), ((1,), ["0"]), ((0,), [])],
)
def test_a_cache_folder_is_bounded_in_number_bytes_and_age(aged, bounds, left):
    LRUFolder(aged, "*", *bounds).evict()
    assert sorted(path.name for path in aged.iterdir()) == left


def test_room_is_made_for_a_further_file(aged):
    LRUFolder(aged, "*", 3).evict(room=1)
    assert sorted(path.name for path in aged.iterdir()) == ["0", "1"]


def test_a_cache_hit_counts_as_use(aged):
    folder = LRUFolder(aged, "*", 1)
    assert folder.read("5") == bytes(100)
    folder.evict()
    assert [path.name for path in aged.iterdir()] == ["5"]


def test_a_cache_that_is_missing_or_cannot_be_written_is_a_miss(tmp_path):
    (tmp_path / "file").touch()
    folder = LRUFolder(tmp_path / "file" / "cache", "*", 1)
    folder.evict()
    assert folder.write("name", b"content") is False
    assert folder.read("name") is None


def test_temporary_files_of_killed_processes_are_evicted_once_they_are_old(tmp_path):
    for name, age in ((".a.jpg.17.18", 2 * 86_400), (".b.jpg.17.18", 0)):
        (tmp_path / "ab").mkdir(exist_ok=True)
        (tmp_path / "ab" / name).touch()
        os.utime(tmp_path / "ab" / name, (time.time() - age,) * 2)
    LRUFolder(tmp_path, "*/*.jpg", 9).evict()
    assert [path.name for path in (tmp_path / "ab").iterdir()] == [".b.jpg.17.18"]
