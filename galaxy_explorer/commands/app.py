"""The command ``app``: the app for the person at this machine, or shared in the network."""

import argparse
import errno
import ipaddress
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np

from galaxy_explorer.storage import bundled

FIRST_PORT, PORTS = 8501, 20  # Streamlit's default, and how many are tried from there
END_GRACE_S = 3.0  # Ctrl-C in a terminal reaches Streamlit too, and a second signal too early is a traceback
QUIET_ZONE = 4  # modules around a QR code (ISO/IEC 18004)
BLACK_ON_WHITE, RESET = "\x1b[38;5;16;48;5;231m", "\x1b[0m"  # colours that no theme of a terminal changes

INVITATION = """
  Galaxy Explorer is shared in your network.

  Visitors browse, upload pictures, find galaxies on the sky and download
  tables. They see their own uploads only, and cannot open folders of this
  machine by path. There is no password: anyone in the network can visit.

  The page does not load? Visitors need the same network, one that lets devices
  reach each other (guest networks often do not), and this machine's firewall
  must let Python in. Other address: galaxy-explorer app --share ADDRESS

{qr_code}    {url}        (Ctrl-C ends it)
"""


def app(options: argparse.Namespace) -> int:
    """Start the app, wait for its end, and return its exit status.

    Raises
    ------
    ValueError
        If its folder does not exist, its port is taken, or there is no network to share it in.
    """
    environment = dict(os.environ)
    if options.data:
        if not os.path.exists(options.data):
            raise ValueError(f"there is no folder or zip file {options.data}; check --data")
        environment["GALAXY_EXPLORER_DATA"] = os.path.abspath(options.data)
    if options.port:
        check_port("127.0.0.1" if options.share is None else "", options.port)
    if options.share is None:
        port_option = ["--server.port", str(options.port)] if options.port else []
        return _run([*port_option, *options.passed_on], environment)
    address, port = options.share or network_address(), options.port or first_free_port()
    environment["GALAXY_EXPLORER_OPEN_FOLDERS"] = "0"
    encrypted = any(argument.startswith("--server.sslCertFile") for argument in options.passed_on)
    url = f"http{'s' if encrypted else ''}://{address}:{port}"
    return _run([*sharing_options(address, port), *options.passed_on], environment, url)


def network_address() -> str:
    """Return this machine's IPv4 address in the network of its default route.

    Raises
    ------
    ValueError
        If it is in no network.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # sends nothing: the system only chooses the route (RFC 5737)
            address = ipaddress.ip_address(probe.getsockname()[0])
        except OSError:
            address = ipaddress.ip_address("127.0.0.1")
    if address.is_loopback or address.is_unspecified:
        raise ValueError(
            "this machine has no address in a network; connect it, for example to Wi-Fi, or name the address "
            "that visitors can reach: galaxy-explorer app --share 192.168.1.20"
        )
    return str(address)


def sharing_options(address: str, port: int) -> list[str]:
    """Return Streamlit's options for sharing under an address and this machine's names."""
    name = socket.gethostname()
    hosts = ["localhost", "127.0.0.1", "::1", address, name, f"{name.split('.')[0]}.local"]  # .local: by mDNS
    return [
        *("--server.address", "0.0.0.0", "--server.port", str(port)),
        *("--browser.serverAddress", address, "--logger.hideWelcomeMessage", "true"),
        *(word for host in dict.fromkeys(hosts) for word in ("--server.allowedHosts", host)),
    ]


def check_port(host: str, port: int) -> None:
    """Raise ValueError if this process cannot listen on a port; the host "" is every interface."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken by another program" if taken else f"cannot be opened ({error.strerror})"
        raise ValueError(f"port {port} {reason}; name another one, for example --port 8600") from error


def first_free_port() -> int:
    """Return the first port from 8501 on that is free on every interface."""
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        try:
            check_port("", port)
        except ValueError:
            continue
        return port
    raise ValueError(f"ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are taken; name another one with --port")


def _run(arguments: list[str], environment: dict[str, str], shared_url: str = "") -> int:
    """Run Streamlit until it ends, by Ctrl-C as well; print the invitation once it listens."""
    command = [sys.executable, "-m", "streamlit", "run", str(bundled("app.py")), *arguments]
    server = subprocess.Popen(command, env=environment)
    try:
        if shared_url and _is_listening(server, int(shared_url.rpartition(":")[2])):
            print(INVITATION.format(url=shared_url, qr_code=_qr_code(shared_url)), flush=True)
        return server.wait()
    except KeyboardInterrupt:
        try:
            return server.wait(END_GRACE_S)
        except subprocess.TimeoutExpired:
            server.terminate()
            server.wait()
            return 0


def _is_listening(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until a server listens, and return True; False if it has ended."""
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def _qr_code(url: str) -> str:
    """Return the lines of a QR code; none outside a terminal or without block characters."""
    try:
        "▀▄█".encode(sys.stdout.encoding or "ascii")
        from cv2 import QRCodeEncoder  # OpenCV comes with grad-cam
    except (UnicodeEncodeError, ImportError):
        return ""
    if not sys.stdout.isatty():
        return ""
    modules = np.asarray(QRCodeEncoder.create().encode(url)) < 128
    return "".join(f"    {BLACK_ON_WHITE}{line}{RESET}\n" for line in half_blocks(modules)) + "\n"


def half_blocks(modules: np.ndarray) -> Iterator[str]:
    """Yield the lines of a QR code with two rows of modules each, in a quiet zone.

    Parameters
    ----------
    modules : ndarray of bool, shape (N, N)
        True for dark; a margin of any width is replaced.
    """
    dark = np.argwhere(modules)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0) + 1
    rows = np.pad(modules[top:bottom, left:right], QUIET_ZONE)
    rows = np.pad(rows, ((0, len(rows) % 2), (0, 0)))
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        yield "".join(" ▄▀█"[2 * up + low] for up, low in zip(upper.astype(int), lower.astype(int), strict=True))
