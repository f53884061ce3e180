"""Two browsers in one class at once: a phone votes, the teacher sees it; reload, keyboard, and accessibility."""

import re
from collections.abc import Callable

import pytest
from looks import NARROW, TIMEOUT_MS, WIDE, looked_at, settled
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(chromium: Browser) -> BrowserContext:
    """A second browser, with cookies of its own."""
    kept = chromium.new_context(
        viewport={"width": NARROW, "height": 844}, color_scheme="light", reduced_motion="reduce", has_touch=True
    )
    kept.set_default_timeout(TIMEOUT_MS)
    yield kept
    kept.close()


def vote(page: Page, keys: str) -> None:
    """Answer the questions about one galaxy by the keyboard alone, and submit."""
    for number, key in enumerate(keys, 1):
        expect(page.locator(".eyebrow")).to_contain_text(f"Question {number}")
        settled(page)
        page.keyboard.press(key)
    expect(page.locator(".eyebrow")).to_contain_text("Your answers")
    settled(page)
    page.keyboard.press("s")


def test_a_class_from_its_start_to_the_results(
    open_page: Callable[..., Page], phone: BrowserContext, axe: str | None, address: str
) -> None:
    teacher = open_page("class?source=sample", width=WIDE)
    settled(teacher)
    looked_at(teacher, "class-start", axe)
    teacher.get_by_label("Number", exact=True).fill("2")
    teacher.keyboard.press("Tab")
    settled(teacher)
    teacher.get_by_label("Name of the class").fill("<i>5b</i>")
    teacher.get_by_role("button", name="Start class").click()
    expect(teacher.get_by_role("heading", level=1)).to_have_text("<i>5b</i>")
    code = teacher.locator(".join-code .code").inner_text()
    expect(teacher).to_have_url(re.compile("teacher="))

    pupil = phone.new_page()
    pupil.goto(f"{address}/join")
    pupil.get_by_label("Code").fill(code.lower())
    pupil.keyboard.press("Enter")
    pupil.get_by_role("textbox", name="Nickname").fill("Mia <b>")
    pupil.keyboard.press("Enter")
    expect(pupil.locator(".note")).to_contain_text("Mia <b> · galaxy 1 of 2")
    for part in (pupil.locator(".st-key-view img"), *pupil.locator(".st-key-answers button").all()):
        expect(part).to_be_in_viewport(ratio=1)
    settled(pupil)
    looked_at(pupil, "class-pupil", axe)
    vote(pupil, "112")
    expect(pupil.locator(".note")).to_contain_text("Galaxy 1 is saved")
    expect(teacher.locator(".counts")).to_contain_text("1 of 2 votes")  # by itself
    settled(pupil)
    pupil.reload()
    expect(pupil.locator(".note")).to_contain_text("galaxy 2 of 2")  # the browser is known again
    vote(pupil, "3")
    expect(pupil.get_by_test_id("stAlert")).to_contain_text("All 2 galaxies are saved")
    settled(pupil)
    looked_at(pupil, "class-end", axe)

    expect(teacher.locator(".progress")).to_contain_text("Mia <b>")
    expect(teacher.locator(".progress")).to_contain_text("2 of 2")
    expect(teacher.locator(".verdicts")).to_contain_text("Class (1 vote)")
    teacher.get_by_text("volunteers", exact=True).first.click()
    expect(teacher.locator(".verdicts")).to_contain_text("Volunteers")
    teacher.get_by_role("button", name="Close voting").click()
    expect(teacher.get_by_role("button", name="Open voting again")).to_be_visible()  # and nothing moves by itself
    settled(teacher)
    looked_at(teacher, "class-teacher", axe)

    teacher.goto(f"{address}/class?worksheet={code}")
    expect(teacher.locator(".worksheet figure")).to_have_count(2)
    settled(teacher)
    looked_at(teacher, "class-worksheet", axe)
    teacher.goto(f"{address}/class?board={code}")
    expect(teacher.locator(".join-code .code")).to_have_text(code)
    expect(teacher.get_by_test_id("stAlert")).to_contain_text("Phones cannot open this address")
    settled(teacher)
    looked_at(teacher, "class-board", axe)
