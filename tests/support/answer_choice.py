"""Choosing an answer in a real browser: by the select box or on the flow-chart."""

from looks import settled
from playwright.sync_api import Locator, Page

from galaxy_explorer.decision_tree import COLUMNS


def explained(page: Page) -> Locator:
    """The select box of the answer that is explained."""
    return page.get_by_role("combobox", name="Explain answer")


def choose_answer(page: Page, label: str) -> None:
    """Choose an answer in the select box."""
    explained(page).click()
    explained(page).fill(label)
    page.get_by_role("option", name=label).click()


# In one step, since plotly redraws its points whenever the page runs: a handle to one may outlive it.
PLACE_OF_ANSWER = """([index, count]) => {
    const points = [...document.querySelectorAll(".st-key-flow_chart path.point.plotly-customdata")];
    if (points.length !== count) return null;
    points[index].scrollIntoView({block: "center"});
    const box = points[index].getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
}"""


def click_answer(page: Page, column: str) -> None:
    """Click an answer's tile in the flow-chart, once a run of the page no longer redraws it."""
    settled(page)
    place = page.wait_for_function(PLACE_OF_ANSWER, arg=[COLUMNS.index(column), len(COLUMNS)]).json_value()
    page.mouse.click(*place)
