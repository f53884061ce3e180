"""The galaxy page in a real browser: one answer everywhere, its URL, a chart to save."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from answer_choice import PLACE_OF_ANSWER, choose_answer, click_answer
from looks import NARROW, TIMEOUT_MS, WIDE, settled, themes_at
from playwright.sync_api import Browser, BrowserContext, Page, expect

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
    return page.locator(".st-key-picture [data-testid=stImage] img").get_attribute("src")


def expect_answer(page: Page, column: str, label: str) -> None:
    """Check that select box and URL agree on the answer."""
    expect(page.get_by_role("combobox", name="Explain answer")).to_have_value(label)
    expect(page).to_have_url(re.compile(f"answer={re.escape(column)}"))


@pytest.mark.parametrize("theme", themes_at(WIDE))
def test_a_click_in_the_chart_moves_everything_and_the_link_restores_it(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], tmp_path: Path, theme: str
) -> None:
    page = open_page(START, theme=theme)
    expect_answer(page, "Class3.1", "3 · bar")
    before = picture(page)
    click_answer(page, "Class2.2")
    expect_answer(page, "Class2.2", "2 · not edge-on")
    expect(page.locator(".st-key-picture [data-testid=stImage] img")).not_to_have_attribute("src", before)
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
    expect_answer(page, "Class2.2", "2 · not edge-on")
    expect(page.locator(".st-key-picture [data-testid=stImage] img")).to_have_attribute("src", after)
    settled(page)
    choose_answer(page, "something odd")
    expect_answer(page, "Class6.1", "6 · something odd")
    expect(page.locator(".st-key-picture [data-testid=stImage] img")).not_to_have_attribute("src", after)
    settled(page)
    click_answer(page, "Class3.1")
    expect_answer(page, "Class3.1", "3 · bar")
    look_at(page, "galaxy-chart")


@pytest.mark.parametrize("theme", themes_at(NARROW))
def test_on_a_phone_the_lists_answers_can_be_tapped(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], theme: str
) -> None:
    page = open_page(START, width=NARROW, theme=theme)
    answer = page.locator(".st-key-flow_list [data-column='Class4.1']")
    expect(answer.get_by_role("button", name="spiral arms")).to_have_attribute("aria-pressed", "false")
    answer.click(position={"x": 200, "y": 30})  # the whole item, not its name alone
    expect(answer.get_by_role("button", name="spiral arms")).to_have_attribute("aria-pressed", "true")
    expect(answer).to_contain_text("At least one arm curves away from the centre.")
    expect(page).to_have_url(re.compile("answer=Class4.1"))
    tops = [
        page.locator(f".st-key-{key}").evaluate("element => element.getBoundingClientRect().top")
        for key in ("picture", "words", "chosen_answer", "choices", "flow_list")
    ]
    assert tops == sorted(tops)
    assert tops[1] - tops[0] < 500  # the sentences come right after the picture
    expect(page.get_by_role("button", name="Next").locator("kbd")).to_be_hidden()
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


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_on_paper_there_are_two_pages_with_the_chart_in_light_colours(
    open_page: Callable[..., Page], theme: str
) -> None:
    page = open_page(START, theme=theme)
    expect(page.locator(".st-key-flow_chart .js-plotly-plot")).to_be_visible()
    settled(page)
    page.emulate_media(media="print", color_scheme=theme)
    paper = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "10mm"))
    assert re.findall(rb"/Count (\d+)", paper) == [b"2"]
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    chart = page.locator(".st-key-flow_chart .js-plotly-plot")
    expect(chart).to_have_css("filter", "invert(1) hue-rotate(180deg)" if theme == "dark" else "none")
    expect(page.locator(".st-key-differences button").first).to_be_visible()
    expect(page.locator(".st-key-flow_list")).to_be_hidden()
    expect(page.get_by_role("button", name="Next")).to_be_hidden()


def test_from_a_narrow_window_the_list_is_printed(open_page: Callable[..., Page]) -> None:
    page = open_page(START, width=NARROW, theme="dark")
    expect(page.locator(".st-key-flow_list li")).to_have_count(len(COLUMNS))
    page.emulate_media(media="print")
    expect(page.locator(".st-key-flow_list li").last).to_be_visible()
    expect(page.locator(".st-key-flow_list h3").last).to_have_css("color", "rgb(20, 24, 31)")
    expect(page.locator(".st-key-flow_chart")).to_be_hidden()


@pytest.mark.parametrize("theme", themes_at(WIDE))
def test_arrow_keys_reach_every_answer_of_the_chart(open_page: Callable[..., Page], theme: str) -> None:
    page = open_page(START, theme=theme)
    settled(page)
    answers = page.locator(".flow-list button")
    expect(answers).to_have_count(len(COLUMNS))
    assert answers.evaluate_all("all => all.filter(each => each.tabIndex === 0).length") == 1
    answers.first.focus()
    reached = [answers.first.get_attribute("aria-label")]
    for _ in COLUMNS[1:]:
        page.keyboard.press("ArrowRight")
        reached.append(page.evaluate("document.activeElement.ariaLabel"))
    assert len(set(reached)) == len(COLUMNS)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    focused = page.locator(".flow-list button:focus")
    place = page.wait_for_function(PLACE_OF_ANSWER, arg=[COLUMNS.index("Class11.1"), len(COLUMNS)]).json_value()
    box = focused.bounding_box()
    assert box is not None
    assert box["x"] < place[0] < box["x"] + box["width"]  # the button lies on its answer
    assert box["y"] < place[1] < box["y"] + box["height"]
    page.keyboard.press("Enter")
    expect_answer(page, "Class11.1", "11 · arm count: 1")


def test_the_picture_is_enlarged_and_zoomed_by_wheel_and_keys(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None]
) -> None:
    page = open_page(START)
    settled(page)
    page.get_by_role("button", name="Enlarge picture").click()
    dialog = page.get_by_role("dialog", name="Enlarged picture")
    expect(dialog).to_be_visible()
    box = dialog.locator("img").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (1280, 900)
    shown = dialog.locator("output")
    expect(shown).to_have_text("100 %")
    page.mouse.move(300, 300)
    page.mouse.wheel(0, -600)
    expect(shown).to_have_text(re.compile("2.. %"))
    for key in ("n", "0", "+", "+", "ArrowLeft", "-"):  # N does not open the next galaxy
        page.keyboard.press(key)
    expect(shown).to_have_text("140 %")
    look_at(page, "galaxy-enlarged")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Enlarge picture")).to_be_focused()
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("next and previous galaxy")
    page.keyboard.press("Escape")
    names = page.get_by_role("button").evaluate_all("all => all.map(each => each.ariaLabel ?? each.textContent)")
    assert "Help" not in names


def test_two_fingers_zoom_the_enlarged_picture(chromium: Browser, address: str) -> None:
    phone = chromium.new_context(viewport={"width": NARROW, "height": 844}, has_touch=True, reduced_motion="reduce")
    page = phone.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(f"{address}/{START}")
    expect(page.get_by_role("button", name="Enlarge picture")).to_be_visible()
    settled(page)
    page.locator(".st-key-picture [data-testid=stImage] img").tap()
    touch = phone.new_cdp_session(page)
    for spread in (15, 30, 45):
        points = [{"x": 195 - spread, "y": 400, "id": 0}, {"x": 195 + spread, "y": 400, "id": 1}]
        kind = "touchStart" if spread == 15 else "touchMove"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(page.locator("dialog.enlarged output")).to_have_text("300 %")
    phone.close()


def test_the_link_is_copied(context: BrowserContext, open_page: Callable[..., Page]) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_page(START)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.partition("/galaxy?")[2] == START.partition("?")[2]


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
    page = open_page("browse?source=sample")
    page.get_by_role("link", name="100008").click()
    expect(page.get_by_role("heading", name="Galaxy 100008")).to_be_visible()
    settled(page)
    page.get_by_role("radio", name="PNG").click()
    expect(page).to_have_url(re.compile("galaxy=100008&network="))
    settled(page)
    choose_answer(page, "something odd")
    expect(page).to_have_url(re.compile("answer=Class6.1"))
    settled(page)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()
    expect(page).to_have_url(re.compile("galaxy=100023.*answer=Class6.1"))
    settled(page)
    choose_answer(page, "bar")
    expect(page).to_have_url(re.compile("answer=Class3.1"))
    page.go_back()
    expect(page.get_by_role("heading", name="Galaxy 100008")).to_be_visible()
    expect(page.get_by_role("combobox", name="Explain answer")).to_have_value("6 · something odd")
    page.go_back()
    expect(page.get_by_role("heading", name="Galaxy")).to_have_count(0)
    expect(page.locator(".st-key-gallery a").first).to_be_visible()
