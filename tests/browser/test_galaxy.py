"""The galaxy page in a real browser: one answer everywhere, its URL, a chart to save."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from answer_choice import PLACE_OF_ANSWER, choose_answer, click_answer
from looks import NARROW, WIDE, settled, themes_at, turn_to
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from galaxy_explorer.app.panel.examples import find_examples
from galaxy_explorer.catalogue import SAMPLE
from galaxy_explorer.decision_tree import COLUMNS

pytestmark = pytest.mark.browser

START = "galaxy?source=sample&galaxy=100023&network=fcn&answer=Class3.1"
SMALLEST_PX = 11
SIZES_OF_TEXT = """[...document.querySelectorAll(".st-key-flow_chart text, .st-key-flow_chart tspan")]
    .filter((text) => text.textContent.trim()).map((text) => parseFloat(getComputedStyle(text).fontSize))"""


PICTURE = ".st-key-picture [data-testid=stImage] img"


def picture(page: Page) -> str | None:
    """The URL of the picture, which depends on its content."""
    return page.locator(PICTURE).get_attribute("src")


def expect_answer(page: Page, column: str, label: str) -> None:
    """Check that select box and URL agree on the answer."""
    expect(page.get_by_role("combobox", name="Explain answer")).to_have_value(label)
    expect(page).to_have_url(re.compile(f"answer={re.escape(column)}"))


@pytest.mark.parametrize("theme", themes_at(WIDE))
def test_a_click_in_the_chart_moves_everything_and_the_link_restores_it(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], theme: str
) -> None:
    page = open_page(START, theme=theme)
    expect_answer(page, "Class3.1", "bar")
    settled(page)
    plain = picture(page)
    page.keyboard.press("m")
    expect(page.locator(PICTURE)).not_to_have_attribute("src", plain)
    settled(page)
    before = picture(page)
    click_answer(page, "Class2.2")
    expect_answer(page, "Class2.2", "not edge-on")
    expect(page.locator(PICTURE)).not_to_have_attribute("src", before)
    expected = [galaxy for galaxy in find_examples(SAMPLE, "Class2.2", 7) if galaxy != "100023"]
    expect(page.locator(".st-key-sure a")).to_contain_text(expected)
    after = picture(page)
    page.goto(page.url)  # as someone who was sent the link
    expect_answer(page, "Class2.2", "not edge-on")
    settled(page)
    assert picture(page) == plain  # the map is off until it is asked for
    page.keyboard.press("m")
    expect(page.locator(PICTURE)).to_have_attribute("src", after)
    settled(page)
    choose_answer(page, "something odd")
    expect_answer(page, "Class6.1", "something odd")
    expect(page.locator(PICTURE)).not_to_have_attribute("src", after)
    settled(page)
    page.get_by_text("Show where it looked").click()
    expect(page.locator(PICTURE)).to_have_attribute("src", plain)
    settled(page)
    click_answer(page, "Class3.1")
    expect_answer(page, "Class3.1", "bar")
    look_at(page, "galaxy-chart")


def test_picture_sentence_and_downloads(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page("galaxy?source=sample&galaxy=587737825678131439&network=fcn", width=1920)
    expect(page.locator(".st-key-flow_chart .js-plotly-plot")).to_be_visible()
    expect(page.get_by_role("heading", name="SDSS J082617.4+541216")).to_be_visible()
    settled(page)
    expect(page.get_by_role("button", name="Copy id 587737825678131439")).to_be_visible()
    box = page.locator(PICTURE).bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(640, abs=8)  # a third of the window
    assert box["y"] < 250
    shares = page.get_by_text("Network (quick): Most likely")
    expect(shares).to_be_hidden()
    page.locator(".said .what").focus()
    expect(shares).to_be_visible()
    menu = page.get_by_test_id("stPopoverButton").filter(has_text="Download")
    for name, file in (("SVG", "chart.svg"), ("PNG", "chart.png")):
        menu.click()
        with page.expect_download() as download:  # the chart's own button saves it, and the menu closes
            page.get_by_role("button", name=f"Flow-chart ({name})").click()
        assert download.value.suggested_filename == f"587737825678131439_fcn_{file}"
        download.value.save_as(tmp_path / file)
    written = " ".join(ET.parse(tmp_path / "chart.svg").getroot().itertext())
    assert "volunteers of Galaxy Zoo 2" in written
    assert "How tightly wound do the spiral arms appear?" in written
    menu.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Card (PNG)").click()
    download.value.save_as(tmp_path / "card.png")
    with Image.open(tmp_path / "card.png") as card:
        assert card.size == (1600, 900)


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
        for key in ("picture", "words", "picture_tools", "chosen_answer", "flow_list", "below")
    ]
    assert tops == sorted(tops)
    assert tops[1] - tops[0] < 420  # the sentences come right after the picture
    expect(page.get_by_role("button", name="Next").locator("kbd")).to_be_hidden()
    expect(page.locator(".st-key-flow_chart")).to_be_hidden()
    expect(page.locator(".st-key-flow_list")).to_contain_text("How many spiral arms are there?")
    look_at(page, "galaxy-list")
    page.emulate_media(media="print", color_scheme="dark")  # from a narrow window the list is printed
    expect(page.locator(".st-key-flow_list li")).to_have_count(len(COLUMNS))
    expect(page.locator(".st-key-flow_list li").last).to_be_visible()
    expect(page.locator(".st-key-flow_list h3").last).to_have_css("color", "rgb(20, 24, 31)")
    expect(page.locator(".st-key-flow_chart")).to_be_hidden()


def test_chart_link_and_colours_of_the_system_and_the_paper(
    context: BrowserContext, open_page: Callable[..., Page]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_page(START, width=1200)
    expect(page.locator(".st-key-flow_chart .js-plotly-plot")).to_be_visible()
    page.wait_for_function(PLACE_OF_ANSWER, arg="Class1.1")
    sizes = page.evaluate(SIZES_OF_TEXT)
    assert len(sizes) > 90
    assert min(sizes) >= SMALLEST_PX
    chart = page.locator(".st-key-flow_chart").bounding_box()
    assert chart is not None
    assert chart["width"] >= 700  # next to the picture, and as wide as its texts need
    expect(page.get_by_role("figure", name=re.compile("Flow-chart of Galaxy 100023"))).to_have_count(1)
    names = page.get_by_role("button").evaluate_all("all => all.map(each => each.ariaLabel ?? each.textContent)")
    assert "Help" not in names

    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.partition("/galaxy?")[2] == START.partition("?")[2]

    # What opens over the page lies outside the element with the theme's colour scheme.
    page.get_by_test_id("stPopoverButton").filter(has_text="Download").click()
    expect(page.get_by_test_id("stPopoverBody")).to_have_css("color-scheme", "dark")
    page.keyboard.press("Escape")

    page.emulate_media(forced_colors="active")
    networks = page.get_by_role("radiogroup", name="Network").get_by_role("radio")
    expect(networks).to_have_count(2)
    grounds = "buttons => buttons.map(button => getComputedStyle(button).backgroundColor)"
    chosen, *others = networks.evaluate_all(grounds)
    assert chosen not in others
    page.emulate_media(forced_colors="none")

    for theme in ("dark", "light"):
        turn_to(page, theme)
        two_pages_with_the_chart_in_light_colours(page, theme)


def two_pages_with_the_chart_in_light_colours(page: Page, theme: str) -> None:
    """Check the page on paper."""
    page.emulate_media(media="print", color_scheme=theme)
    paper = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "10mm"))
    assert re.findall(rb"/Count (\d+)", paper) == [b"2"]
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    chart = page.locator(".st-key-flow_chart .js-plotly-plot")
    expect(chart).to_have_css("filter", "invert(1) hue-rotate(180deg)" if theme == "dark" else "none")
    expect(page.locator(".st-key-disagreement button").locator("visible=true")).to_have_count(1)
    expect(page.get_by_text("Network (quick): Most likely")).to_be_visible()  # there is no pointer on paper
    expect(page.locator(".st-key-flow_list")).to_be_hidden()
    expect(page.get_by_role("button", name="Next")).to_be_hidden()
    page.emulate_media(media="screen", color_scheme=theme)


@pytest.mark.parametrize("theme", themes_at(WIDE))
def test_keys_reach_every_answer_open_a_folded_question_and_the_next_galaxy(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], theme: str
) -> None:
    page = open_page("galaxy?source=sample&galaxy=100008&network=fcn&answer=Class6.2", theme=theme)
    settled(page)
    answers, bulge = page.locator(".flow-list button"), page.locator(".flow-list [data-question='9']")
    folded = len(COLUMNS) - 3 + 1  # the three answers of question 9 are behind its button
    expect(answers).to_have_count(folded)
    expect(bulge).to_have_accessible_name(re.compile("Does the galaxy have a bulge.* not asked .*press to open"))
    chart = page.locator(".st-key-flow_chart").bounding_box()
    assert chart is not None
    assert chart["height"] <= 760
    assert answers.evaluate_all("all => all.filter(each => each.tabIndex === 0).length") == 1
    answers.first.focus()
    reached = [answers.first.inner_text()]
    for _ in range(folded - 1):
        page.keyboard.press("ArrowRight")
        reached.append(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText"))
    assert len(set(reached)) == folded
    answers.first.focus()
    for _ in range(3):  # to the roundness, to the edge, and to the bulge of a disk that is seen from it
        page.keyboard.press("ArrowDown")
    expect(page.locator(".flow-list button:focus")).to_have_attribute("data-question", "9")
    look_at(page, "galaxy-folded")
    page.keyboard.press("Enter")
    expect(bulge).to_have_attribute("aria-expanded", "true")
    expect(bulge).to_be_focused()
    expect(answers).to_have_count(len(COLUMNS) + 1)
    settled(page)
    page.keyboard.press("ArrowDown")
    focused = page.locator(".flow-list button:focus")
    place = page.wait_for_function(PLACE_OF_ANSWER, arg="Class3.1").json_value()
    box = focused.bounding_box()
    assert box is not None
    assert box["x"] < place[0] < box["x"] + box["width"]
    assert box["y"] < place[1] < box["y"] + box["height"]
    page.keyboard.press("Space")
    expect_answer(page, "Class3.1", "bar")
    bulge.click()  # the mouse folds it again
    expect(answers).to_have_count(folded)
    settled(page)
    page.locator("h1").click()  # away from the list
    letters_open_the_neighbours(page)
    page.reload()
    expect(page.get_by_role("heading", name="Galaxy 100008")).to_be_visible()


def test_the_picture_is_enlarged_and_zoomed_by_wheel_keys_and_two_fingers(
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
    page.locator(PICTURE).click()  # as a finger opens it
    expect(shown).to_have_text("100 %")
    touch = page.context.new_cdp_session(page)
    for spread in (15, 30, 45):
        points = [{"x": 640 - spread, "y": 400, "id": 0}, {"x": 640 + spread, "y": 400, "id": 1}]
        kind = "touchStart" if spread == 15 else "touchMove"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(shown).to_have_text("300 %")
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("next and previous galaxy")
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Explain answer").click()
    for key in ("m", "n", "?"):  # a field takes the letters that are typed
        page.keyboard.press(key)
    expect(page.get_by_role("combobox", name="Explain answer")).to_have_value("mn?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("switch", name="Show where it looked")).not_to_be_checked()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()


def test_one_press_of_back_leaves_the_galaxy_whatever_was_touched(open_page: Callable[..., Page]) -> None:
    page = open_page("?source=sample")  # an earlier link to Browse
    page.get_by_role("link", name="100008").click()
    expect(page.get_by_role("heading", name="Galaxy 100008")).to_be_visible()
    settled(page)
    page.get_by_role("radio", name="quick").click()
    expect(page).to_have_url(re.compile("galaxy=100008&network=fcn"))
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
    expect(page.get_by_role("combobox", name="Explain answer")).to_have_value("something odd")
    page.go_back()
    expect(page.get_by_role("heading", name="Browse galaxies")).to_be_visible()
    settled(page)
    page.get_by_role("link", name="100008").click()  # again
    expect(page.get_by_role("heading", name="Galaxy 100008")).to_be_visible()
    settled(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Browse galaxies")).to_be_visible()
    expect(page.locator(".st-key-gallery a").first).to_be_visible()


def letters_open_the_neighbours(page: Page) -> None:
    """Press N and P, from galaxy 100008."""
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Galaxy 100023")).to_be_visible()
    expect(page).to_have_title("Galaxy 100023 · Galaxy Explorer")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Galaxy 100008")).to_be_visible()
