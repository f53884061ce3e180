"""The visitor's theme, for which the server draws charts and icons; charts on a page."""

from typing import TYPE_CHECKING

import streamlit as st

from galaxy_explorer.app.state import Key

if TYPE_CHECKING:
    import plotly.graph_objects as go

WATCH = """
export default function ({ parentElement, data, setTriggerValue }) {
  const app = document.querySelector(".stApp");
  const scheme = () => getComputedStyle(app).colorScheme;
  parentElement.querySelector(".drawn-for").dataset.theme = data;
  // A run that is under way may not know of it yet: a few more tries, each after twice the time.
  let timer;
  const follow = (wait) => {
    clearTimeout(timer);
    if (scheme() === data || wait > 30000) return;
    setTriggerValue("turned", scheme());
    timer = setTimeout(follow, wait, 2 * wait);
  };
  follow(2000); // it may have turned while the page was on its way
  const watcher = new MutationObserver(() => follow(2000));
  watcher.observe(app, { attributes: true });
  return () => {
    clearTimeout(timer);
    watcher.disconnect();
  };
}
"""


def is_dark() -> bool:
    """Return whether the visitor's theme is dark."""
    return st.context.theme.type != "light"


def follow_theme() -> None:
    """Rerun the page when its theme changes, which Streamlit does not, to redraw the charts."""
    component = st.components.v2.component("theme", html='<i class="drawn-for"></i>', js=WATCH, isolate_styles=False)
    with st.container(key="theme"):
        component(key=Key.THEME, data="dark" if is_dark() else "light", on_turned_change=lambda: None)


def show_figure(figure: "go.Figure", key: str, alt: str) -> None:
    """Show a figure in its own colours, without toolbar and zoom."""
    config = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
    st.plotly_chart(figure, key=key, theme=None, config=config, alt=alt)
