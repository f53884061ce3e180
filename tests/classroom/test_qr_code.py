"""QR codes, as a decoder reads them."""

import xml.etree.ElementTree as ET

import cv2
import numpy as np
import pytest

from galaxy_explorer.classroom import qr_svg
from galaxy_explorer.classroom.qr_code import QUIET_ZONE, qr_modules

URLS = [
    "http://192.168.1.20:8501/join?code=K7MX4QRT",
    "http://10.0.0.7:8600/join?code=BCDF2345",
    "https://galaxies.example.org/galaxies/join?code=ZZZZ9999",
]


@pytest.mark.parametrize("url", URLS)
def test_a_decoder_reads_what_was_encoded(url):
    modules = qr_modules(url)
    assert modules.shape[0] == modules.shape[1]
    picture = np.pad(np.where(modules, 0, 255).astype(np.uint8), QUIET_ZONE, constant_values=255)
    read, _, _ = cv2.QRCodeDetector().detectAndDecode(picture.repeat(8, 0).repeat(8, 1))
    assert read == url


def test_the_svg_has_every_module_once_and_a_white_margin():
    modules = qr_modules(URLS[0])
    root = ET.fromstring(qr_svg(URLS[0]))
    side = len(modules) + 2 * QUIET_ZONE
    assert root.get("viewBox") == f"0 0 {side} {side}"
    drawn = np.zeros((side, side), dtype=bool)
    for module in root[1].get("d").split("M")[1:]:
        column, row = module.removesuffix("h1v1h-1z").split(",")
        drawn[int(row), int(column)] = True
    np.testing.assert_array_equal(drawn, np.pad(modules, QUIET_ZONE))


def test_without_opencv_there_is_no_code(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    assert qr_svg(URLS[0]) == ""


def test_three_corners_have_the_finder_pattern():
    finder = np.ones((7, 7), dtype=bool)
    finder[1:-1, 1:-1] = False
    finder[2:-2, 2:-2] = True
    modules = qr_modules(URLS[0])
    for corner in (modules[:7, :7], modules[:7, -7:], modules[-7:, :7]):
        np.testing.assert_array_equal(corner, finder)
    np.testing.assert_array_equal(modules, qr_modules(URLS[0]))
