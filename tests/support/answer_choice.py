"""Choosing an answer in a real browser: by the select box or on the flow-chart."""

from looks import settled
from playwright.sync_api import Locator, Page


def explained(page: Page) -> Locator:
    """The select box of the answer that is explained."""
    return page.get_by_role("combobox", name="Explain answer")


def choose_answer(page: Page, label: str) -> None:
    """Choose an answer in the select box."""
    explained(page).click()
    explained(page).fill(label)
    page.get_by_role("option", name=label, exact=True).click()  # "bar" is not "no bar"


# In one step, since both are redrawn whenever the page runs: a handle to one may outlive it. The list's buttons lie on
# the answers of the chart, which gets the pointer; a folded question has no answers.
PLACE_OF_ANSWER = """(column) => {
    const button = document.querySelector(`.flow-list [data-column="${column}"] button`);
    if (!button || !document.querySelector(".st-key-flow_chart .js-plotly-plot .barlayer")) return null;
    button.scrollIntoView({block: "center"});
    const box = button.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
}"""


def click_answer(page: Page, column: str) -> None:
    """Click an answer's tile in the flow-chart, once a run of the page no longer redraws it."""
    settled(page)
    page.mouse.click(*page.wait_for_function(PLACE_OF_ANSWER, arg=column).json_value())
