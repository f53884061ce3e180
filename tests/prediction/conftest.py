"""Fixtures of the prediction tests: a tiny network and images for it."""

import pytest
from tiny_prediction import (
    command_with,
    counted_passes,
    eleven_pictures,
    folder_with_two_damaged,
    tiny_model,
    tiny_weights,
)
from tiny_training import in_one_thread

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)
model = pytest.fixture(scope="session")(tiny_model)
checkpoint = pytest.fixture(scope="session")(tiny_weights)
pictures = pytest.fixture(scope="session")(eleven_pictures)
folder = pytest.fixture(folder_with_two_damaged)
passes = pytest.fixture(counted_passes)


@pytest.fixture
def run(checkpoint):
    """Run a command with two TTA views of the tiny network; return its exit status."""
    return command_with(checkpoint)
