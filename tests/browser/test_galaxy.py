"""The galaxy page in a real browser: one answer everywhere, its URL, a chart to save."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from answer_choice import PLACE_OF_ANSWER, choose_answer, click_answer
from looks import NARROW, WIDE, settled, themes_at
from playwright.sync_api import Page, expect

from galaxy_explorer.app.panel.examples import find_examples
from galaxy_explorer.catalogue import SAMPLE
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS

pytestmark = pytest.mark.browser

START = "galaxy?source=sample&galaxy=100023&network=fcn&answer=Class3.1"
SMALLEST_PX = 11
SIZES_OF_TEXT = """[...document.querySelectorAll(".st-key-flow_chart text, .st-key-flow_chart tspan")]
    .filter((text) => text.textContent.trim()).map((text) => parseFloat(getComputedStyle(text).fontSize))"""


def picture(page: Page) -> str | None:
    """The URL of the picture with its saliency, which depends on its content."""
    return page.locator(".st-key-picture img").get_attribute("src")


def expect_answer(page: Page, column: str, label: str) -> None:
    """Check that select box and URL agree on the answer."""
    expect(page.get_by_role("combobox", name="Explain answer")).to_have_value(label)
    expect(page).to_have_url(re.compile(f"answer={re.escape(column)}"))


@pytest.mark.parametrize("theme", themes_at(WIDE))
def test_a_click_in_the_chart_moves_everything_and_the_link_restores_it(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], tmp_path: Path, theme: str
) -> None:
    page = open_page(START, theme=theme)
    expect_answer(page, "Class3.1", "3 · bar: yes")
    before = picture(page)
    click_answer(page, "Class2.2")
    expect_answer(page, "Class2.2", "2 · edge-on: no")
    expect(page.locator(".st-key-picture img")).not_to_have_attribute("src", before)
    expected = [galaxy for galaxy in find_examples(SAMPLE, "Class2.2", 7) if galaxy != "100023"]
    expect(page.locator(".st-key-sure a")).to_contain_text(expected)
    camera = page.locator(".st-key-flow_chart [data-title*='Download plot']")
    expect(camera).to_have_count(1)  # while the chart is redrawn there are two
    with page.expect_download() as download:
        camera.click()
    assert download.value.suggested_filename == "100023_fcn_chart.svg"
    download.value.save_as(tmp_path / "chart.svg")
    written = " ".join(ET.parse(tmp_path / "chart.svg").getroot().itertext())
    assert "Galaxy 100023 · network fcn · volunteers of Galaxy Zoo 2" in written
    assert QUESTIONS[9].text.split()[0] in written
    after = picture(page)
    page.goto(page.url)  # as someone who was sent the link
    expect_answer(page, "Class2.2", "2 · edge-on: no")
    expect(page.locator(".st-key-picture img")).to_have_attribute("src", after)
    settled(page)
    choose_answer(page, "anything odd: yes")
    expect_answer(page, "Class6.1", "6 · anything odd: yes")
    expect(page.locator(".st-key-picture img")).not_to_have_attribute("src", after)
    settled(page)
    click_answer(page, "Class3.1")
    expect_answer(page, "Class3.1", "3 · bar: yes")
    look_at(page, "galaxy-chart")


@pytest.mark.parametrize("theme", themes_at(NARROW))
def test_on_a_phone_the_lists_answers_can_be_tapped(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], theme: str
) -> None:
    page = open_page(START, width=NARROW, theme=theme)
    answer = page.locator(".st-key-flow_list [data-column='Class4.1']")
    expect(answer.get_by_role("button", name="spiral arms: yes")).to_have_attribute("aria-pressed", "false")
    answer.click(position={"x": 200, "y": 30})  # the whole item, not its name alone
    expect(answer.get_by_role("button", name="spiral arms: yes")).to_have_attribute("aria-pressed", "true")
    expect(answer).to_contain_text("At least one arm curves away from the centre.")
    expect(page).to_have_url(re.compile("answer=Class4.1"))
    tops = [
        page.locator(f".st-key-{key}").evaluate("element => element.getBoundingClientRect().top")
        for key in ("picture", "chosen_answer", "choices", "words", "flow_list")
    ]
    assert tops == sorted(tops)
    assert tops[2] - tops[0] < 844  # the picture and what changes it fit on one screen
    expect(page.locator(".st-key-flow_chart")).to_be_hidden()
    expect(page.locator(".st-key-flow_list")).to_contain_text("How many spiral arms are there?")
    look_at(page, "galaxy-list")


def test_the_chart_can_be_read_at_1200_pixels_by_eye_and_by_ear(open_page: Callable[..., Page]) -> None:
    page = open_page(START, width=1200)
    expect(page.locator(".st-key-flow_chart .js-plotly-plot")).to_be_visible()
    page.wait_for_function(PLACE_OF_ANSWER, arg=[0, len(COLUMNS)])
    sizes = page.evaluate(SIZES_OF_TEXT)
    assert len(sizes) > 100
    assert min(sizes) >= SMALLEST_PX
    chart = page.locator(".st-key-flow_chart").bounding_box()
    assert chart is not None
    assert chart["width"] >= 700  # next to the picture, and as wide as its texts need
    expect(page.get_by_role("figure", name=re.compile("Flow-chart of galaxy 100023"))).to_have_count(1)
    button = page.get_by_role("button", name="bar: yes", exact=True)  # of the list, which a screen reader finds
    expect(button).to_have_attribute("tabindex", "-1")  # and the tab key skips


def test_on_paper_there_are_all_numbers_in_dark_ink(open_page: Callable[..., Page]) -> None:
    page = open_page(START, theme="dark")
    expect(page.locator(".st-key-flow_chart .js-plotly-plot")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".st-key-flow_chart")).to_be_hidden()
    answers = page.locator(".st-key-flow_list li")
    expect(answers).to_have_count(len(COLUMNS))
    expect(answers.last).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator(".st-key-flow_list h3").last).to_have_css("color", "rgb(20, 24, 31)")
    expect(page.get_by_role("button", name="Next")).to_be_hidden()


def test_where_the_system_sets_the_colours_what_is_chosen_stands_out(open_page: Callable[..., Page]) -> None:
    page = open_page(START)
    page.emulate_media(forced_colors="active")
    networks = page.get_by_role("radiogroup", name="Network").get_by_role("radio")
    expect(networks).to_have_count(2)
    grounds = "buttons => buttons.map(button => getComputedStyle(button).backgroundColor)"
    chosen, *others = networks.evaluate_all(grounds)
    assert chosen not in others


def test_letters_and_buttons_open_the_previous_and_the_next_galaxy(open_page: Callable[..., Page]) -> None:
    page = open_page("galaxy?source=sample&galaxy=100008")
    expect(page.get_by_role("button", name="Next")).to_be_enabled()
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()
    expect(page).to_have_title("Galaxy 100023 · Galaxy Explorer")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Galaxy 100008")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()
    expect(page).to_have_url(re.compile("galaxy=100023"))
    page.reload()
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()


def test_one_press_of_back_leaves_the_galaxy_whatever_was_touched(open_page: Callable[..., Page]) -> None:
    page = open_page("?source=sample")
    page.get_by_role("link", name="100008").click()
    expect(page.get_by_role("heading", name="Galaxy 100008")).to_be_visible()
    settled(page)
    page.get_by_role("radio", name="PNG").click()
    expect(page).to_have_url(re.compile("galaxy=100008&network="))
    settled(page)
    choose_answer(page, "anything odd: yes")
    expect(page).to_have_url(re.compile("answer=Class6.1"))
    settled(page)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()
    expect(page).to_have_url(re.compile("galaxy=100023.*answer=Class6.1"))
    settled(page)
    choose_answer(page, "bar: yes")
    expect(page).to_have_url(re.compile("answer=Class3.1"))
    page.go_back()
    expect(page.get_by_role("heading", name="Galaxy 100008")).to_be_visible()
    expect(page.get_by_role("combobox", name="Explain answer")).to_have_value("6 · anything odd: yes")
    page.go_back()
    expect(page.get_by_role("heading", name="Galaxy")).to_have_count(0)
    expect(page.locator(".st-key-gallery a").first).to_be_visible()
