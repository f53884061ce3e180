"""The address at which pupils join."""

import pytest

from galaxy_explorer.app.classroom import addresses
from galaxy_explorer.app.classroom.addresses import address_of, join_link
from galaxy_explorer.commands import app as app_command


@pytest.fixture
def seen_at(monkeypatch):
    """A function that sets the address that the browser shows, and the one that the app listens at."""

    def set_address(url, listens="0.0.0.0", network="192.168.1.20", allowed=True):
        monkeypatch.setattr(addresses.st, "context", type("Context", (), {"url": url}))
        monkeypatch.setattr(addresses.st, "get_option", {"server.address": listens}.get)
        monkeypatch.setattr(addresses, "is_host_allowed", lambda host: allowed)
        monkeypatch.setattr(app_command, "network_address", lambda: network)

    return set_address


def test_the_link_is_at_the_address_that_the_browser_shows(seen_at):
    seen_at("https://galaxies.example.org/galaxies/class?teacher=secret")
    assert join_link("K7MX4QRT") == ("https://galaxies.example.org/galaxies/join?code=K7MX4QRT", True)
    assert address_of("class", board="K7MX4QRT") == "https://galaxies.example.org/galaxies/class?board=K7MX4QRT"


def test_localhost_becomes_the_networks_address_if_the_app_listens_there(seen_at):
    seen_at("http://localhost:8501/class?teacher=secret")
    assert join_link("K7MX4QRT") == ("http://192.168.1.20:8501/join?code=K7MX4QRT", True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_an_app_for_this_machine_alone_cannot_be_joined(seen_at, host):
    seen_at(f"http://{host}:8501/class", listens="localhost")
    assert join_link("K7MX4QRT") == (f"http://{host}:8501/join?code=K7MX4QRT", False)
    seen_at(f"http://{host}:8501/class", allowed=False)
    assert not join_link("K7MX4QRT").is_reachable
