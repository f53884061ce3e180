"""Fixtures of the command-line tests: a tiny network, commands that use it, and galaxies."""

import pytest
from tiny_prediction import command_with, six_galaxies, tiny_weights
from tiny_training import in_one_thread

one_thread = pytest.fixture(scope="module")(in_one_thread)
weights = pytest.fixture(scope="session")(tiny_weights)
galaxies = pytest.fixture(six_galaxies)


@pytest.fixture
def run(weights, one_thread):
    """Run a command with two TTA views of the tiny network; return its exit status."""
    return command_with(weights)
